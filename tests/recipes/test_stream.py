"""The recipe of the streaming model: its settings, two steps of it on generated sound, and how it is measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.data.clip_lists import Clip
from panns.data.soundscapes import SoundscapeConfig, Stretch
from panns.evaluation import FrameProbs
from panns.labels import audioset
from panns.models.causal_crnn import CausalCrnnConfig
from panns.training.engine.loop import train
from recipes.builtin.train import category_classes, clip_labels
from recipes.common.mel_store import MelStore, write_mel_store
from recipes.stream.batches import SoundscapeBatches
from recipes.stream.choosing import best_threshold_rows, choose
from recipes.stream.evaluate import HERE as RECIPE
from recipes.stream.evaluate import PAGES, security
from recipes.stream.mixing import select_clips
from recipes.stream.settings import read_settings
from recipes.stream.systems import ScoredSoundscapes
from recipes.stream.tables import rate_interval, security_table, share_interval, soundscape_table
from recipes.stream.thresholds import with_ancestors
from recipes.stream.train import build, mean_probs, read_frames
from tests.sounds import tone

CLIPS = [
    Clip("a.wav", labels=("Dog", "Bark"), fold="train", source="1"),
    Clip("b.wav", labels=("Rain",), fold="train", source="2"),
]

CATEGORIES = {"dog": ["Dog", "Bark"], "rain": ["Rain"]}


@pytest.fixture
def settings():
    """Settings of the recipe, smaller."""
    recipe = read_settings()
    return replace(
        recipe,
        speeds=(1.0,),
        batches=replace(recipe.batches, batch_size=2, soundscape=SoundscapeConfig(duration_s=1.6)),
        train=replace(recipe.train, n_steps=2, log_steps=1, precision="float32"),
    )


def test_two_steps_of_it(settings, tmp_path):
    frontend = CausalCrnnConfig().frontend
    write_mel_store(
        tmp_path / "mels", [tone(1.0, hz=hz, sample_rate=frontend.sample_rate) for hz in (500, 2_000)], [frontend]
    )
    np.savez(
        tmp_path / "frames.npz",
        stretches=np.array([(0.1, 0.9, -13.0), (0.0, 0.3, -13.0), (0.5, 1.0, -13.0)]),
        stretch_offsets=[0, 1, 3],
        teacher=np.full((12, 527), 0.01, np.float16),
        teacher_offsets=[0, 6, 12],
    )
    frames = read_frames(tmp_path / "frames.npz", settings)
    assert frames.stretches[1] == [Stretch(0.0, 0.3, -13.0), Stretch(0.5, 1.0, -13.0)]
    network, objective = build(settings, category_classes(CATEGORIES), torch.from_numpy(mean_probs(frames)))
    labels = clip_labels(CLIPS, list(CATEGORIES), CATEGORIES, n_versions=1)
    batches = SoundscapeBatches(MelStore(tmp_path / "mels", 1), labels, frames, frontend, settings.batches, 0)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    trained = train(network, objective, batches, settings.train, tmp_path / "run", seed=0)
    changed = [key for key, value in trained.state_dict().items() if not torch.equal(value, before[key])]
    assert {"stem.conv.weight", "recurrent.1.gate.weight", "classifier.weight"} <= set(changed)


def test_held_out_recordings_influence_no_choice():
    clips = tuple(
        Clip(f"{fold}{source}.wav", ("Dog",), fold, source) for fold, source in ("1a", "2b", "5b", "5c", "3d")
    )
    assert [clip.path for clip in select_clips(clips, ("1", "2", "3", "4"))] == ["1a.wav", "3d.wav"]
    assert [clip.path for clip in select_clips(clips, ("2",))] == []
    assert [clip.path for clip in select_clips(clips, ("5",))] == ["5b.wav", "5c.wav"]


def test_class_includes_its_ancestors():
    names = {audioset()[index].en for index in with_ancestors(["Bark"], audioset())}
    assert {"Bark", "Dog", "Animal"} <= names


def test_thresholds_are_chosen_for_every_category():
    times = np.arange(100) * 0.1
    probs = np.full((100, 2), 0.01, np.float32)
    probs[20:40, 0] = 0.6
    probs[50:60, 0] = 0.2  # a false alarm at low thresholds
    probs[70:90, 1] = 0.1
    scored = ScoredSoundscapes([[(0, 2.0, 4.0), (1, 7.0, 9.0)]], [FrameProbs(probs, times, 10.0)])
    chosen = choose([scored] * 4, 2)
    assert chosen.f1 == 1.0
    assert 0.2 < chosen.thresholds[0] <= 0.6
    assert 0.01 < chosen.thresholds[1] <= 0.1


def test_thresholds_shrink_towards_the_common_best():
    counts = np.zeros((3, 3, 3), np.int64)  # right, false, missed by threshold and category
    counts[1] = [9, 1, 1]
    counts[2, 2] = [1, 0, 0]
    assert best_threshold_rows(counts, 0.0).tolist() == [1, 1, 2]
    assert best_threshold_rows(counts, 0.8).tolist() == [1, 1, 1]


def test_a_threshold_is_one_of_the_best():
    rights = {0: [1, 0, 0, 0, 1], 1: [0, 1, 1, 1, 0], 2: [0, 0, 0, 0, 0]}
    counts = np.stack([np.stack([column, np.ones(5), np.zeros(5)], axis=1) for column in rights.values()], axis=1)
    assert best_threshold_rows(counts.astype(np.int64), 0.0).tolist() == [
        4,
        2,
        4,
    ]  # without a hit, the fewest false alarms


def test_sounds_are_counted():
    truth = [[(3, 1.0, 2.0), (3, 5.0, 6.0)], [(3, 1.0, 2.0), (0, 1.0, 2.0)]]
    detected = [[(3, 1.9, 2.5), (3, 8.0, 9.0)], [(0, 1.0, 2.0)]]
    counted = security(3, "siren", truth, detected, 1_800.0)
    assert counted == {"name": "siren", "n_events": 3, "n_found": 1, "n_false": 1, "hours": 0.5}


def test_intervals_are_those_of_the_literature():
    assert share_interval(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))
    assert share_interval(5, 10) == (pytest.approx(0.1871, abs=1e-4), pytest.approx(0.8129, abs=1e-4))
    assert share_interval(10, 10)[1] == 1.0
    assert rate_interval(0, 1.0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert rate_interval(4, 2.0) == (pytest.approx(0.545, abs=1e-3), pytest.approx(5.121, abs=1e-3))


def test_tables_have_a_line_for_each():
    one = {
        "name": "stream-1/h", "what": "it", "f1_macro": 0.5, "f1_micro": 0.4, "precision_micro": 0.3,
        "recall_micro": 0.2, "false_alarms_per_hour": 12.0,
        "security": [{"name": "siren", "n_events": 4, "n_found": 2, "n_false": 1, "hours": 0.5}],
    }  # fmt: skip
    assert soundscape_table([one]).splitlines()[2] == "| it | 0.500 | 0.400 | 0.300, 0.200 | 12 |  | default |"
    assert (
        security_table([one])
        .splitlines()[2]
        .startswith("| siren | 4 | 1/h | 0.50 (0.07 to 0.93) | 2.0 (0.1 to 11.1) |")
    )


def test_the_tables_are_those_of_the_results():
    results = list(json.loads((RECIPE / "results.json").read_text(encoding="utf-8"))["systems"].values())
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert soundscape_table(results) in text
        assert security_table(results) in text
