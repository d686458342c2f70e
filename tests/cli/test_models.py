import hashlib
import json
import re

import pytest

from panns.hub.costs import measured_on
from panns.models import list_models
from tests.commands import run_panns, succeed


def rows_of(result):
    return {row["name"]: row for row in map(json.loads, succeed(result).splitlines())}


def test_list_names_every_model():
    result = run_panns("models", "list")
    header, *rows = succeed(result).splitlines()
    words = header.split()
    assert words == ["model", "M", "par.", "G", "mul.", "MB", "CPU-ms", "mAP", "source", "rate", "frames", "weights"]
    assert max(map(len, [header, *rows])) <= 100
    assert [row.split()[0] for row in rows] == [entry.name for entry in list_models()]
    cnn14 = next(row for row in rows if row.startswith("cnn14 "))
    assert re.fullmatch(r"cnn14 +80\.75 +20\.04 +323 +\d+ +0\.431 +1912\.10211 +32 kHz +- +to fetch", cnn14)
    assert measured_on() in result.stderr


def test_list_as_json():
    rows = rows_of(run_panns("models", "list", "--json"))
    assert list(rows) == [entry.name for entry in list_models()]
    cnn14, frames, tiny = rows["cnn14"], rows["cnn14_decision_level_max"], rows["mn04_as"]
    assert (cnn14["embedding_dim"], cnn14["frame_hop_s"], cnn14["value"]) == (2048, None, 0.431)
    assert (frames["embedding_dim"], frames["frame_hop_s"]) == (None, 0.32)
    assert (tiny["weights"], tiny["licence"], tiny["sample_rate"]) == ("to fetch", "MIT", 32_000)
    assert (tiny["cost"]["n_parameters"], tiny["arxiv"]) == (983_599, "2211.04772")
    assert rows["cnn14_gru"]["starts_from"] == "cnn14"
    assert rows["cnn14_no_specaug"]["weights"] == "unpublished"
    assert rows["patch_attention"]["weights"] == rows["cnn14_gru"]["weights"] == "to train"


def test_show():
    plain = json.loads(succeed(run_panns("models", "show", "mn04_as", "--json")))
    assert plain["config"]["frontend"]["n_mels"] == 128
    assert plain["n_bytes"] == 4_066_513
    assert plain["sha256"] == "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
    table = succeed(run_panns("models", "show", "mn04_as"))
    shown = dict(line.split(maxsplit=1) for line in table.splitlines() if line.startswith("  "))
    assert shown["bands"] == "128, 0 to 15000 Hz, kaldi scale"
    assert shown["sha256"] == plain["sha256"]
    assert shown["licence"] == "MIT"
    assert shown["quality"] == "mAP 0.432 (AudioSet evaluation set, as published)"


def test_the_built_in_model_shows_its_training_data():
    plain = json.loads(succeed(run_panns("models", "show", "builtin", "--json")))
    assert (plain["weights"], plain["licence"]) == ("inside", "MIT")
    assert "CC BY" in plain["training_data"]
    assert plain["training_data"] in succeed(run_panns("models", "show", "builtin"))
    assert succeed(run_panns("models", "fetch", "builtin")) == "builtin is ready: it is part of this package\n"


def test_show_a_checkpoint_folder(tiny_checkpoint):
    plain = json.loads(succeed(run_panns("models", "show", tiny_checkpoint, "--json")))
    assert (plain["name"], plain["weights"]) == (str(tiny_checkpoint), "in this folder")
    assert f"{tiny_checkpoint}: a model of the architecture " in succeed(run_panns("models", "show", tiny_checkpoint))


def test_show_refuses_other_paths(tmp_path):
    missing = run_panns("models", "show", tmp_path / "nothing.onnx")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith(f"panns: no file or folder {tmp_path / 'nothing.onnx'}; give a checkpoint")
    empty = run_panns("models", "show", tmp_path)
    assert empty.returncode == 1
    assert f"{tmp_path} has no model.json" in empty.stderr


def test_models_without_a_command_lists():
    assert succeed(run_panns("models")) == succeed(run_panns("models", "list"))
    assert succeed(run_panns("models", "--json")) == succeed(run_panns("models", "list", "--json"))


def test_show_says_when_no_digest_is_published():
    assert json.loads(succeed(run_panns("models", "show", "mn10_as", "--json")))["check"].startswith(
        "no published digest"
    )
    unpublished = json.loads(succeed(run_panns("models", "show", "cnn14_mel32", "--json")))
    assert "sha256" not in unpublished


@pytest.mark.parametrize("verb", ["show", "fetch"])
def test_an_unknown_name_is_wrong_usage(verb):
    result = run_panns("models", verb, "cn14")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("panns: no model 'cn14'; did you mean 'cnn14'?")


@pytest.mark.slow  # the README does it too
def test_fetch_from_a_file(shared, sound, tmp_path):
    """Fetch without a network, see the model in the list, and tag."""
    cache = {"PANNS_CACHE": str(tmp_path / "cache")}
    file = shared / "weights" / "mn04_as_mAP_432.pt"
    result = run_panns("models", "fetch", "mn04_as", "--from", file, **cache)
    assert succeed(result) == f"mn04_as is ready: {tmp_path}/cache/checkpoints/mn04_as\n"
    assert result.stderr.startswith("panns: licence of the weights: MIT; sha256 known\n")
    assert rows_of(run_panns("models", "list", "--json", **cache))["mn04_as"]["weights"] == "ready"
    tagged = run_panns("tag", sound, "--model", "mn04_as", "--top", "1", **cache)
    assert succeed(tagged).splitlines()[1].endswith("Sine wave")
    assert tagged.stderr == ""
    again = run_panns("models", "fetch", "mn04_as", **cache)
    assert "ready" in succeed(again)
    assert "converting" not in again.stderr


def test_a_wrong_file_is_refused_with_both_digests(tmp_path):
    wrong = tmp_path / "wrong.pt"
    wrong.write_bytes(b"\x00" * 4_066_513)
    result = run_panns("models", "fetch", "mn04_as", "--from", wrong)
    assert (result.returncode, result.stdout) == (1, "")
    assert "expected sha256 899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c" in result.stderr
    assert f"got {hashlib.sha256(wrong.read_bytes()).hexdigest()}" in result.stderr
    assert rows_of(run_panns("models", "list", "--json"))["mn04_as"]["weights"] == "to fetch"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the file is empty"), (b"short", "expected 4,066,513 bytes, got 5"), (None, "No such file")],
)
def test_a_file_of_another_size_is_refused(tmp_path, content, words):
    path = tmp_path / "weights.pt"
    if content is not None:
        path.write_bytes(content)
    result = run_panns("models", "fetch", "mn04_as", "--from", path)
    assert result.returncode == 1
    assert words in result.stderr


def test_unpublished_weights_cannot_be_fetched():
    result = run_panns("models", "fetch", "cnn14_no_specaug")
    assert result.returncode == 1
    assert "'cnn14_no_specaug' has no published weights" in result.stderr
