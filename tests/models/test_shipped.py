"""The models inside the package: their files are whole, small and in the wheel, and say what they are."""

from __future__ import annotations

import subprocess

import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.models.registry import list_models, shipped_checkpoint
from tests.conftest import ROOT

MODEL_FILES = ("model.json", "model.safetensors")
SHIPPED = {entry.name: shipped_checkpoint(entry.shipped) for entry in list_models() if entry.shipped is not None}
each_model = pytest.mark.parametrize("name", SHIPPED)


def test_shipped_models():
    assert list(SHIPPED) == ["builtin", "stream"]


@each_model
def test_files_are_intact_and_small(name):
    checkpoint = open_checkpoint(SHIPPED[name])
    assert set(checkpoint.manifest.files) == {"model.safetensors"}
    checkpoint.verify()
    assert sum((SHIPPED[name] / file).stat().st_size for file in MODEL_FILES) <= 4_200_000


@each_model
def test_git_includes_the_files(name):
    assert SHIPPED[name].is_relative_to(ROOT / "src" / "panns")
    files = [str(SHIPPED[name] / file) for file in (*MODEL_FILES, "ATTRIBUTION.csv")]
    command = ["git", "check-ignore", *files]
    ignored = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ignored.returncode == 128:
        pytest.skip("not a checkout of git")
    assert (ignored.returncode, ignored.stdout) == (1, "")


@each_model
def test_manifest_names_licence_and_data(name):
    manifest = open_checkpoint(SHIPPED[name]).manifest
    assert manifest.architecture == name
    assert manifest.licence == "MIT"
    for word in ("ESC-50", "CC0", "CC BY", "mn04_as", "ATTRIBUTION.csv"):
        assert word in manifest.training_data
    assert f"docs/model-cards/{name}.md" in manifest.source
    assert (ROOT / "docs" / "model-cards" / f"{name}.md").is_file()


@each_model
def test_manifest_has_operating_points(name):
    manifest = open_checkpoint(SHIPPED[name]).manifest
    points = {point.false_alarms_per_hour: point.thresholds for point in manifest.operating_points}
    assert list(points) == [1.0, 10.0]
    assert manifest.event_thresholds == points[1.0]
    assert manifest.thresholds is None  # of clips
    assert all(many <= few for few, many in zip(points[1.0], points[10.0], strict=True))
