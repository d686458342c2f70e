"""The recipe of the built-in model: settings, two steps on generated sound, and clips that it must not train on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.data.clip_lists import Clip
from panns.frontend import LogMelConfig
from panns.labels import audioset
from panns.models.residual_cnn import ResidualCnnConfig
from panns.training.engine.loop import train
from recipes.builtin.clips import held_out_sources, read_credits, read_manifest_rows, training_clips
from recipes.builtin.measures import mapped_top1, rank_correlation, top_overlap
from recipes.builtin.mixtures import Mixtures
from recipes.builtin.settings import read_settings
from recipes.builtin.train import build, category_classes, clip_labels
from recipes.common.bundled_models import attribution_csv
from recipes.common.mel_store import MelStore, write_mel_store

CLIPS = [
    Clip("a.ogg", ("Dog", "Bark"), "train", "1", licence="CC0 1.0", attribution="a bark by someone"),
    Clip("b.ogg", ("Speech",), "train", "2", licence="MIT", attribution="a talk by someone"),
    Clip("c.ogg", ("Dog", "Bark"), "train", "3", licence="CC BY 3.0", attribution='a "bark" by someone else'),
]


@pytest.fixture
def manifest(shared):
    return training_clips(shared / "data", shared / "reference" / "esc50_to_audioset.json")


def test_no_held_out_recording_is_trained_on(shared, manifest):
    held_out = held_out_sources(shared / "data")
    assert len(held_out) > 200
    assert not held_out & {clip.source for clip in manifest}
    names = {row["original_filename"] for row in read_manifest_rows(shared / "data" / "esc50") if row["fold"] == "5"}
    held_out_clips = {name.rsplit("-", 1)[0] for name in names}  # whatever the folder and the ending
    assert not [clip for clip in manifest if any(name in clip.path for name in held_out_clips)]


def test_recordings_of_the_held_out_fold_are_left_out_everywhere(shared, manifest):
    folds: dict[str, set[str]] = {}
    for row in read_manifest_rows(shared / "data" / "esc50"):
        folds.setdefault(row["source_id"], set()).add(row["fold"])
    spanning = {source for source, its_folds in folds.items() if len(its_folds) > 1 and "5" in its_folds}
    assert spanning
    assert not spanning & {clip.source for clip in manifest}


def test_only_free_clips_are_trained_on(shared, manifest):
    assert {clip.licence for clip in manifest} == {"CC0 1.0", "CC BY 3.0", "MIT"}
    assert {clip.path.split("/")[0] for clip in manifest} == {"esc10", "esc50", "esc50_fullband", "speech_turns"}
    assert all(clip.attribution for clip in manifest)
    credit = read_credits(shared / "data" / "esc50" / "LICENSE")
    assert {licence for licence, _ in credit.values()} == {"CC0", "CC-BY", "CC-BY-NC", "CC-Sampling+"}
    assert sum(licence in ("CC0", "CC-BY") for licence, _ in credit.values()) == 1_770


def test_best_copy_of_each_clip_is_used_once(shared, manifest):
    stems = [clip.path.rsplit("/", 1)[1].removesuffix(".ogg") for clip in manifest]
    assert len(set(stems)) == len(stems)
    originals = {row["esc50_filename"].removesuffix(".wav") for row in read_manifest_rows(shared / "data" / "esc10")}
    assert not originals & {stem for stem, clip in zip(stems, manifest, strict=True) if clip.path.startswith("esc50/")}


def test_every_label_is_one_of_audioset(manifest):
    assert all(audioset().find(name).en == name for clip in manifest for name in clip.labels)


def test_two_steps_on_generated_sound(tmp_path):
    settings = read_settings()
    settings = replace(
        settings,
        mixtures=replace(settings.mixtures, batch_size=4, n_frames=40),
        train=replace(settings.train, n_steps=2),
    )
    frontends = (LogMelConfig(), LogMelConfig(n_mels=24))
    rng = np.random.default_rng(0)
    write_mel_store(tmp_path / "mels", (rng.normal(0, 0.1, 16_000).astype(np.float32) for _ in CLIPS), frontends)
    network, objective = build(settings, category_classes(CLIPS), teacher_dim=7)

    def teacher(features):
        return np.full((len(features), 527), 0.1, np.float32), np.zeros((len(features), 7), np.float32)

    store = MelStore(tmp_path / "mels", 2)
    mixtures = Mixtures(store, clip_labels(CLIPS, n_speeds=1), frontends, teacher, settings.mixtures, settings.seed)
    trained = train(network, objective, mixtures, settings.train, tmp_path / "run")
    with torch.inference_mode():
        assert trained(torch.zeros(1, 16_000)).clip_logits.isfinite().all()
    assert len((tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_settings_are_those_of_the_registered_model():
    assert read_settings().architecture == "builtin"
    assert ResidualCnnConfig().embedding_dim == 256
    assert len(read_settings().speeds) == 3


def test_clips_of_one_set_of_labels_are_one_category():
    labels = clip_labels(CLIPS, n_speeds=2)
    assert labels.categories.tolist() == [0, 1, 0]
    assert [list(rows) for rows in labels.rows] == [[0, 1], [2, 3], [4, 5]]
    assert np.flatnonzero(labels.classes[0]).tolist() == sorted(audioset().find(name).index for name in ("Dog", "Bark"))
    assert category_classes(CLIPS).sum(dim=1).tolist() == [2, 1]


def test_attribution_names_every_clip():
    lines = attribution_csv(CLIPS).splitlines()
    assert lines[1] == "a.ogg,CC0 1.0,a bark by someone"
    assert lines[3] == 'c.ogg,CC BY 3.0,"a ""bark"" by someone else"'


def test_measures_by_hand():
    probs = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.4]])
    assert mapped_top1(probs, ["x", "x"], {"x": [0, 1], "y": [2]}) == 0.5
    assert mapped_top1(probs, ["x", "x"], {"x": [0, 2], "y": [1, 2]}) == 1.0  # a shared class counts for both
    assert top_overlap(probs, probs[::-1], 2) == 0.5
    assert top_overlap(probs, probs, 3) == 1.0
    assert rank_correlation(probs, probs) == pytest.approx(1.0)
    assert rank_correlation(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[1.0, 2.0, 4.0, 3.0]])) == pytest.approx(0.8)
