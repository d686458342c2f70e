from dataclasses import replace

import pytest

from panns.models.weights import Weights, is_fetchable_url

SHA256 = "ab" * 32
MD5 = "cd" * 16
PLAIN = Weights(
    url="https://zenodo.org/record/3987831/files/Cnn14_mAP%3D0.431.pth?download=1",
    file="Cnn14_mAP=0.431.pth",
    licence="CC BY 4.0",
    source="Zenodo record 3987831",
)


@pytest.mark.parametrize(
    ("known", "check", "words"),
    [
        ({"sha256": SHA256, "md5": MD5, "n_bytes": 9}, "sha256", "sha256 known"),
        ({"sha256": SHA256, "note": "from one registry, unconfirmed"}, "sha256", "(from one registry, unconfirmed)"),
        ({"md5": MD5}, "md5", "md5 known"),
        ({"n_bytes": 23_639_473}, "size", "only the size, 23,639,473 bytes"),
        ({}, "none", "cannot be checked"),
    ],
)
def test_describes_the_strongest_check(known, check, words):
    weights = replace(PLAIN, **known)
    assert weights.check == check
    assert words in weights.describe_check()


def test_unconfirmed_digest_is_not_ascribed_to_the_publisher():
    assert "publisher" not in replace(PLAIN, sha256=SHA256, note="unconfirmed").describe_check()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "http://zenodo.org/a.pth"}, "https"),
        ({"url": "https://user:secret@zenodo.org/a.pth"}, "https"),
        ({"url": "file:///etc/passwd"}, "https"),
        ({"file": "../a.pth"}, "plain file name"),
        ({"file": "a/b.pth"}, "plain file name"),
        ({"file": ".pth"}, "plain file name"),
        ({"file": "C:a.pth"}, "plain file name"),
        ({"file": "a.pth\n"}, "plain file name"),
        ({"licence": ""}, "licence"),
        ({"source": ""}, "source"),
        ({"n_bytes": 0}, "n_bytes=0"),
        ({"sha256": MD5}, "64 lower-case"),
        ({"sha256": SHA256.upper()}, "64 lower-case"),
        ({"md5": SHA256}, "32 lower-case"),
        ({"md5": MD5[:-1] + "\n"}, "32 lower-case"),
        ({"metric": "mAP"}, "both or neither"),
        ({"value": 0.4}, "both or neither"),
        ({"metric": "mAP", "value": float("nan")}, "nan"),
    ],
)
def test_invalid_record_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        replace(PLAIN, **wrong)


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://example.org/a", True),
        ("http://localhost:8000/a", True),
        ("http://127.1.2.3/a", True),
        ("http://[::1]:80/a", True),
        ("http://127.0.0.1.example.org/a", False),
        ("http://10.0.0.1/a", False),
        ("ftp://example.org/a", False),
        ("https:///a", False),
        ("https://example.org:port/a", False),
        ("https://example.org/a b", False),
        ("https://[bad/a", False),
        ("", False),
    ],
)
def test_only_https_or_this_machine(url, is_allowed):
    assert is_fetchable_url(url) is is_allowed


def test_mismatch_names_expected_and_found():
    weights = replace(PLAIN, n_bytes=3, sha256=SHA256, md5=MD5)
    right = {"sha256": SHA256, "md5": MD5}
    assert weights.mismatch(n_bytes=3, digests=right) is None
    assert weights.mismatch(n_bytes=4, digests=right) == "expected 3 bytes, got 4"
    assert weights.mismatch(n_bytes=0, digests=right) == "the file is empty"
    wrong = weights.mismatch(n_bytes=3, digests=right | {"sha256": "0" * 64})
    assert wrong == f"expected sha256 {SHA256}, got {'0' * 64}"
    # With two published digests, both are checked.
    assert "md5" in str(weights.mismatch(n_bytes=3, digests=right | {"md5": "0" * 32}))
