"""Operating points of published weights."""

from __future__ import annotations

import json

import pytest

from panns.hub.convert import convert_published
from panns.hub.published_thresholds import POINTS_FILE, operating_points_of
from panns.labels import audioset
from panns.models.registry import find_model
from panns.system.files import file_digests


@pytest.mark.parametrize("name", json.loads(POINTS_FILE.read_text(encoding="utf-8")))
def test_every_recorded_model_has_two_operating_points(name):
    held = json.loads(POINTS_FILE.read_text(encoding="utf-8"))[name]
    points = operating_points_of(name, held["source_sha256"])
    assert [point.false_alarms_per_hour for point in points] == [1.0, 10.0]
    for point in points:
        assert len(point.thresholds) == len(audioset())
        assert all(0 < threshold <= 1 for threshold in point.thresholds)
    # A higher rate of false alarms never needs a higher threshold.
    assert all(more <= few for few, more in zip(points[0].thresholds, points[1].thresholds, strict=True))
    assert find_model(name).weights is not None


def test_other_files_have_no_operating_points():
    assert operating_points_of("mn04_as", "0" * 64) == ()
    assert operating_points_of("cnn14", "0" * 64) == ()


@pytest.mark.slow
def test_conversion_adds_the_operating_points(shared, tmp_path):
    file, entry = shared / "weights" / "mn04_as_mAP_432.pt", find_model("mn04_as")
    sha256 = file_digests(file)["sha256"]
    checkpoint = convert_published(entry, file, tmp_path / "mn04_as", sha256=sha256, weights=entry.weights)
    assert checkpoint.manifest.operating_points == operating_points_of("mn04_as", sha256) != ()
