"""Details of models: true, and complete even if little is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from panns.checkpoints.checkpoint import MANIFEST_FILE, TORCH_FILE, Checkpoint, open_checkpoint
from panns.checkpoints.manifest import Metric, ModelManifest, OperatingPoint
from panns.cli.render.model_info import as_text, describe_checkpoint, describe_registered
from panns.hub.cache import checkpoints_dir
from panns.labels import LabelSet, audioset
from panns.models import find_model, list_models
from panns.models.ensemble import EnsembleConfig
from panns.models.transfer import HeadConfig, TransferConfig
from panns.system.files import file_digests

OURS = ModelManifest(
    "builtin",
    replace(find_model("builtin").config, n_classes=2),
    LabelSet.from_names("ours", ["bell", "dog"]),
    activation="softmax",
    window_s=5.0,
    licence="CC0",
    source="made here",
    training_data="two clips",
    metrics=(Metric("accuracy", 0.9, "fold 1"),),
)


def lines_of(record):
    """All lines by key."""
    return {key: value for lines in as_text(record).values() for key, value in lines.items()}


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry.name)
def test_every_registered_model(entry):
    record = describe_registered(entry)
    assert next(iter(as_text(record))) == f"{entry.name}: {entry.about}"
    lines = lines_of(record)
    assert all(lines.values())
    assert "None" not in " ".join(lines.values())
    if entry.weights is not None:
        assert (lines["licence"], lines["url"]) == (entry.weights.licence, entry.weights.url)


def test_a_checkpoint_folder(tmp_path):
    (tmp_path / TORCH_FILE).write_bytes(b"\0" * 1_500_000)
    checkpoint = Checkpoint(tmp_path, OURS).record_files(TORCH_FILE)
    record = describe_checkpoint(checkpoint)
    assert [label["en"] for label in record["labels"]] == ["bell", "dog"]
    assert record["files"][TORCH_FILE]["sha256"] == file_digests(tmp_path / TORCH_FILE)["sha256"]
    assert list(as_text(record))[:2] == [
        f"{tmp_path}: a model of the architecture builtin",
        "weights: in this folder",
    ]
    lines = lines_of(record)
    assert lines["input"].endswith("longer than 30 s is split into windows of 5 s")
    assert lines["output"] == "2 classes (softmax, exactly one is predicted); clip scores; frame scores every 0.08 s"
    assert lines["classes"] == "bell; dog"
    assert lines["latency"] == "at most 5 s, streaming in adjacent windows"
    assert (lines["quality"], lines["training data"]) == ("accuracy 0.900 (fold 1)", "two clips")
    assert lines["files"] == f"{TORCH_FILE}, 1.5 MB"
    assert "cost" not in lines  # measured for the registered settings only


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "threshold 0.5 (the model has none of its own)"),
        ({"thresholds": (0.25, 0.5)}, "own threshold for each class"),
        (
            {"operating_points": (OperatingPoint(2.5, (0.5, 0.5)), OperatingPoint(10.0, (0.3, 0.3)))},
            "thresholds for 2.5 (the default) or 10 false alarms per hour",
        ),
    ],
)
def test_thresholds_of_events(tmp_path, changes, text):
    assert lines_of(describe_checkpoint(Checkpoint(tmp_path, replace(OURS, **changes))))["events"] == text


def test_missing_files(tmp_path):
    (tmp_path / TORCH_FILE).write_bytes(b"numbers")
    checkpoint = Checkpoint(tmp_path, OURS).record_files(TORCH_FILE)
    (tmp_path / TORCH_FILE).unlink()
    record = describe_checkpoint(checkpoint)
    assert not record["files"][TORCH_FILE]["is_there"]
    assert lines_of(record)["files"] == f"{TORCH_FILE}, missing"
    assert lines_of(describe_checkpoint(Checkpoint(tmp_path, OURS)))["files"] == "none"


def test_an_exported_file(exported_file):
    checkpoint = open_checkpoint(exported_file)
    record = describe_checkpoint(checkpoint)
    assert (record["weights"], record["inputs"]) == ("in this file", ["waveform"])
    assert record["files"][exported_file.name]["sha256"] == file_digests(exported_file)["sha256"]
    lines = lines_of(record)
    assert lines["inputs"] == "the waveform; the network computes the log-mel"
    first = checkpoint.manifest.labels[0].en
    assert lines["classes"].startswith(f"{first}; ")
    assert lines["classes"].endswith(f"; and {len(audioset()) - 20} more")


def test_models_that_contain_models(tmp_path):
    config = OURS.config
    for architecture, outer in (
        ("ensemble", EnsembleConfig(3, "builtin", config)),
        ("transfer", TransferConfig(HeadConfig(2, "embedding", ()), "builtin", config)),
    ):
        manifest = replace(OURS, architecture=architecture, config=outer)
        lines = as_text(describe_checkpoint(Checkpoint(tmp_path, manifest)))["network"]
        assert lines["base config hidden dim"] == "384"
        assert not any("_" in key for key in lines)
        assert all(lines.values())


def test_a_converted_model_has_thresholds():
    folder = checkpoints_dir() / "mn04_as"
    folder.mkdir(parents=True)
    entry = find_model("mn04_as")
    assert "events" not in lines_of(describe_registered(entry))
    (folder / MANIFEST_FILE).write_text(ModelManifest("mn04_as", entry.config, audioset()).to_json(), encoding="utf-8")
    lines = lines_of(describe_registered(entry))
    assert lines["events"] == "threshold 0.5 (the model has none of its own)"
    assert (lines["licence"], lines["quality"]) == ("MIT", "mAP 0.432 (AudioSet evaluation set, as published)")


def test_a_damaged_checkpoint_in_the_cache():
    folder = checkpoints_dir() / "mn04_as"
    folder.mkdir(parents=True)
    (folder / MANIFEST_FILE).write_text("{", encoding="utf-8")
    lines = lines_of(describe_registered(find_model("mn04_as")))
    assert lines["damaged"].endswith("run `panns models fetch mn04_as` to rebuild it")
    assert lines["licence"] == "MIT"
