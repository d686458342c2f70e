"""Addresses of shared models."""

import pytest

from panns.errors import UnknownModel
from panns.hub.addresses import is_address, read_address
from panns.hub.resolve import is_path

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "file", "url"),
    [
        ("https://example.org/m", "model.json", "https://example.org/m/model.json"),
        ("https://example.org/m/", "model.json", "https://example.org/m/model.json"),
        ("https://example.org/m/model.json", "graph.onnx", "https://example.org/m/graph.onnx"),
        ("https://example.org", "model.json", "https://example.org/model.json"),
        ("https://example.org/m?key=1", "model.json", "https://example.org/m/model.json?key=1"),
        ("hf:me/Birds-2.0", "model.json", "https://huggingface.co/me/Birds-2.0/resolve/main/model.json"),
        ("hf:me/birds@v1.0", "a", "https://huggingface.co/me/birds/resolve/v1.0/a"),
        ("HF:me/birds@refs/pr/1", "a", "https://huggingface.co/me/birds/resolve/refs%2Fpr%2F1/a"),
    ],
)
def test_files_of_a_folder(text, file, url):
    assert is_address(text)
    assert not is_path(text)
    address = read_address(text)
    assert (address.url_of(file), address.file_suffix, address.sha256) == (url, "", None)


@pytest.mark.parametrize("suffix", [".panns", ".onnx"])
def test_address_of_one_file(suffix):
    address = read_address(f"https://example.org/m{suffix}?download=1#sha256={DIGEST.upper()}")
    assert (address.url, address.file_suffix) == (f"https://example.org/m{suffix}?download=1", suffix)
    assert (address.text, address.sha256) == (address.url, DIGEST)


def test_the_mirror_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert read_address("hf:me/birds").url_of("a") == "https://mirror.example/me/birds/resolve/main/a"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    with pytest.raises(UnknownModel, match=r"HF_ENDPOINT=http://mirror\.example is not an https address"):
        read_address("hf:me/birds")


def test_a_key_is_a_plain_name_of_its_own():
    texts = ["hf:me/birds", "hf:me/birds@v1", "https://a/../../b", f"https://a/{'x' * 500}", "https://a/x?k=1"]
    keys = [read_address(text).key for text in texts]
    assert len(set(keys)) == len(texts)
    assert all(len(key) < 80 and not set(key) & set("/\\:.?") for key in keys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://example.org/m", "http://example.org/m is not an https address"),
        ("https://user:secret@example.org/m", "https://example.org/m is not an https address without a password"),
        ("https://", "is not an https address"),
        ("https://example.org/a b", "is not an https address"),
        ("hf:birds", "hf:birds is not a repository; use hf:owner/name"),
        ("hf:me/birds/folder", "is not a repository"),
        ("hf:me/..", "is not a repository"),
        ("hf:me/birds@../../other/model", "is not a repository"),
        ("hf:me/birds@", "is not a repository"),
        ("https://example.org/m#sha256=12", "'sha256=12' behind '#'; use sha256= and 64"),
        ("hf:me/birds#v1", "'v1' behind '#'"),
    ],
)
def test_other_texts_are_refused(text, words):
    with pytest.raises(UnknownModel) as caught:
        read_address(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
