"""The shipped streaming model: it runs without other files, and detects events in time."""

from __future__ import annotations

import json

import numpy as np
import pytest

import panns
from panns.audio import load_sound
from panns.checkpoints.checkpoint import open_checkpoint
from panns.models.registry import find_model, shipped_checkpoint
from recipes.stream.ship import list_metrics
from tests.commands import WITHOUT_TORCH, run_python, succeed
from tests.conftest import ROOT
from tests.sounds import noise

RATE = 16_000
SIREN_S = 2.0


@pytest.fixture(scope="module")
def recognizer():
    return panns.load("stream", n_threads=1)


@pytest.fixture(scope="module")
def siren():
    """Two seconds of near silence, five seconds of a siren, and near silence again."""
    sound = load_sound(ROOT / "examples" / "siren.ogg", sample_rate=RATE)
    quiet = 1e-4 * noise(SIREN_S, sample_rate=RATE)
    return np.concatenate([quiet, sound, quiet])


def test_streams_without_cache_or_torch(tmp_path):
    code = WITHOUT_TORCH + (
        "import numpy as np, panns\n"
        "stream = panns.load('stream').stream(44_100)\n"
        "print(stream.push(np.zeros(44_100, np.float32)).frame_probs.shape)"
    )
    result = run_python(code, PANNS_CACHE=str(tmp_path / "empty"))
    assert succeed(result).strip() == "(96, 527)"


def test_siren_scores_rise_with_the_siren(recognizer, siren):
    stream = recognizer.stream(RATE)
    probs = np.concatenate([stream.push(siren).frame_probs, stream.finish().frame_probs])
    index = recognizer.manifest.labels.find("Siren").index
    before, during = (
        probs[: int(SIREN_S * 100), index],
        probs[int(SIREN_S * 100) + 50 : int(SIREN_S * 100) + 450, index],
    )
    assert np.median(during) > 10 * before.max()
    assert np.median(during) > 0.3


def test_latency(recognizer):
    assert recognizer.stream(RATE).latency_s == pytest.approx(0.04)
    assert recognizer.stream(44_100).latency_s < 0.05
    assert recognizer.manifest.config.frame_hop_s == 0.01


def test_manifest_metrics_equal_the_recipe():
    manifest = open_checkpoint(shipped_checkpoint(find_model("stream").shipped)).manifest
    results = json.loads((ROOT / "recipes" / "stream" / "results.json").read_text(encoding="utf-8"))
    assert manifest.metrics == list_metrics(results)
    assert all("fold 5" in metric.protocol for metric in manifest.metrics)


def test_file_and_stream_give_the_same_events(recognizer, siren):
    events = list(recognizer.detect((siren, RATE)))
    stream = recognizer.stream(RATE)
    found = [event for chunk in np.array_split(siren, 333) for event in stream.push(chunk).events]
    found += stream.finish().events
    assert sorted(found, key=lambda event: (event.onset_s, event.index)) == events
