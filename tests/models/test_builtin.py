"""The shipped tagging model: it runs offline without torch, keeps its scores, and recognises the examples."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import panns
from panns.audio import load_sound
from panns.checkpoints.checkpoint import open_checkpoint
from panns.hub.resolve import resolve
from panns.labels import audioset
from panns.models.registry import find_model, shipped_checkpoint
from panns.runtime.load import load_model
from tests.commands import WITHOUT_TORCH, run_python, succeed
from tests.conftest import ROOT

FOLDER = shipped_checkpoint(find_model("builtin").shipped)
EXPECTED = {
    "bell": {"Church bell", "Bell"},
    "siren": {"Siren"},
    "rain": {"Rain"},
    "knock": {"Knock"},
    "music": {"Music"},
    "speech": {"Speech"},
    "engine": {"Vehicle", "Engine", "Idling", "Engine starting"},
}
# Scores of `sweep()` from the shipped files on 2026-11-30; they detect a change of weights or front end.
GOLDEN = {
    "Sine wave": 0.884960,
    "Chirp tone": 0.860031,
    "Music": 0.066435,
    "Theremin": 0.040256,
    "Musical instrument": 0.027299,
    "Speech": 0.000776,
}


def sweep():
    """Two seconds from 200 Hz to 3 kHz with a 4 Hz tremolo."""
    t = np.arange(64_000) / 32_000
    tone = np.sin(2 * np.pi * (200 * t + 700 * t**2)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
    return (0.3 * tone).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return load_model(resolve("builtin"), n_threads=1)


def test_tags_without_cache_or_torch(tmp_path):
    code = WITHOUT_TORCH + "import panns\nprint(panns.load().tag(sys.argv[1]).tags[0].label)"
    result = run_python(code, ROOT / "examples" / "siren.ogg", PANNS_CACHE=str(tmp_path / "empty"))
    assert succeed(result).strip() == "Siren"


def test_manifest_metrics_equal_the_recipe():
    manifest = open_checkpoint(FOLDER).manifest
    measured = json.loads((ROOT / "recipes" / "builtin" / "results.json").read_text(encoding="utf-8"))
    assert {metric.name: metric.value for metric in manifest.metrics} == {
        "top1_esc10_fold5": measured["top1_fold5"]["builtin"]["esc10"],
        "top1_esc50_fold5": measured["top1_fold5"]["builtin"]["esc50"],
        "linear_probe_esc50_fold5": measured["linear_probe_esc50_fold5"]["builtin"],
        "top1_urbansound8k": measured["urbansound8k"]["builtin"],
        "music_in_top3": measured["music_in_top3"]["builtin"],
        "speech_first": measured["speech_first"]["builtin"]["all"],
        "agreement_with_teacher": measured["agreement_of_all_test_clips"]["mean_ap"]["builtin"],
    }
    assert all(metric.protocol for metric in manifest.metrics)


def test_scores_are_unchanged(model):
    probs = model.run(sweep()).clip_probs[0]
    scores = {name: float(probs[audioset().find(name).index]) for name in GOLDEN}
    assert scores == pytest.approx(GOLDEN, abs=1e-4)


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_backends_agree(model, backend):
    pytest.importorskip(backend)
    expected = model.run(sweep())
    scores = load_model(resolve("builtin"), backend=backend, n_threads=1).run(sweep())
    # 1e-4: float32 in another order of summation.
    np.testing.assert_allclose(scores.clip_probs, expected.clip_probs, rtol=0, atol=1e-4)
    np.testing.assert_allclose(scores.frame_probs, expected.frame_probs, rtol=0, atol=1e-4)
    np.testing.assert_allclose(scores.embedding, expected.embedding, rtol=1e-4, atol=1e-4)


def test_frames_are_80_ms(model):
    config = model.manifest.config
    assert config.frame_hop_s == pytest.approx(0.08)
    for n_samples in (1_600, 32_000, 64_000, 100_001):
        frames = model.run(np.zeros(n_samples, np.float32)).frame_probs
        assert frames.shape == (1, config.n_frames(n_samples), 527)
        assert frames.shape[1] * 0.08 == pytest.approx(max(n_samples, config.min_input_samples) / 32_000, abs=0.09)


def test_frame_scores_rise_with_the_sound(model):
    rng = np.random.default_rng(0)
    knock = load_sound(ROOT / "examples" / "knock.ogg", sample_rate=32_000)[:64_000]
    quiet = 1e-4 * rng.standard_normal(96_000).astype(np.float32)
    frames = model.run(np.concatenate([quiet, knock])).frame_probs[0, :, audioset().find("Knock").index]
    assert frames.argmax() * 0.08 > 2.9
    assert frames[: int(2.8 / 0.08)].max() < frames.max() / 2


@pytest.mark.parametrize("level", [1e-4, 1e-3, 1e-2])
def test_short_quiet_noise_has_no_confident_tag(model, level):
    noise = level * np.random.default_rng(0).standard_normal(1_600).astype(np.float32)
    probs = model.run(noise).clip_probs
    assert np.isfinite(probs).all()
    assert probs.max() <= 0.9


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_examples_are_recognised(name):
    tags = panns.load(n_threads=1).tag(ROOT / "examples" / f"{name}.ogg").tags
    assert len(tags) == 5
    assert EXPECTED[name] & {tag.label for tag in tags}


def test_every_example_has_expected_tags():
    assert {path.stem for path in (ROOT / "examples").glob("*.ogg")} == set(EXPECTED)


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "least"), [("esc10", 0.95), ("esc50", 0.80)])
def test_accuracy_on_the_held_out_fold(shared, model, dataset, least):
    folder = shared / "data" / dataset
    names = json.loads((shared / "reference" / "esc50_to_audioset.json").read_text(encoding="utf-8"))["map"]
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    classes = {row["label"]: [audioset().find(name).index for name in names[row["label"]]] for row in rows}
    held_out = [row for row in rows if row["fold"] == "5"]
    n_right = 0
    for row in held_out:
        probs = model.run(load_sound(folder / row["path"], sample_rate=32_000)).clip_probs[0]
        n_right += max(classes, key=lambda label: max(probs[classes[label]])) == row["label"]
    assert n_right / len(held_out) >= least
