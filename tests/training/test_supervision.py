"""Learning from a teacher."""

from __future__ import annotations

import json

import numpy as np
import pytest

from panns.data.clip_lists import read_clip_list
from panns.data.clips.audio import FileAudio
from panns.labels import LabelSet
from panns.recognizer import load
from panns.training.run import train_model
from panns.training.settings import read_settings
from panns.training.teacher import Teacher, score_clips_once
from tests.training.test_dataset import Watched

UNCHECKED = "data.check=false"


@pytest.mark.slow
@pytest.mark.parametrize("is_cached", ["true", "false"])
def test_a_student_learns_from_a_teacher_alone(settings_file, trained_checkpoint, tmp_path, is_cached):
    """By distillation: the labels have weight 0."""
    assignments = (
        f"teacher.name={trained_checkpoint}", f"teacher.is_cached={is_cached}", "loss.clip=0.0", "loss.teacher=1.0",
        "seed=1",
    )  # fmt: skip
    student = train_model(read_settings(settings_file, assignments), tmp_path / "student")
    assert student.test.accuracy > 0.9


def test_scores_of_another_teacher_are_replaced(tmp_path, untrained_checkpoint, clip_list_file):
    audio = FileAudio(read_clip_list(clip_list_file), 32_000)
    file, calls = tmp_path / "teacher.npz", []

    class Counting(Teacher):
        def __call__(self, waveforms):
            calls.append(len(waveforms))
            return super().__call__(waveforms)

    recognizer = load(untrained_checkpoint)
    labels, swapped = LabelSet.from_names("two", ["Music", "Speech"]), LabelSet.from_names("two", ["Speech", "Music"])
    first = score_clips_once(Counting(recognizer, labels, 32_000), audio, file)
    np.testing.assert_array_equal(score_clips_once(Counting(recognizer, labels, 32_000), audio, file), first)
    assert len(calls) == len(audio)
    again = score_clips_once(Counting(recognizer, swapped, 32_000), audio, file)
    np.testing.assert_allclose(again, first[:, ::-1])
    assert len(calls) == 2 * len(audio)


def test_an_embedding_needs_no_common_classes(settings_file, untrained_checkpoint, tmp_path):
    assignments = (f"teacher.name={untrained_checkpoint}", "loss.embedding=1.0", "n_steps=4", UNCHECKED)
    result = train_model(read_settings(settings_file, assignments), tmp_path / "out")
    assert result.checkpoint.has_file("model.safetensors")
    with pytest.raises(LookupError, match="lacks a class: no label 'clicks'"):
        train_model(read_settings(settings_file, (*assignments, "loss.teacher=1.0")), tmp_path / "other")


def test_a_copy_of_its_teacher_starts_without_a_loss(settings_file, untrained_checkpoint, tmp_path):
    """Under noise the student's embedding differs from the teacher's of the clean clip; without noise it does not."""
    assignments = (
        f"model.name={untrained_checkpoint}", f"teacher.name={untrained_checkpoint}", "teacher.sees_clean=true",
        "loss.clip=0.0", "loss.embedding=1.0", "keeps_statistics=true", "n_steps=1", "log_steps=1", UNCHECKED,
    )  # fmt: skip
    losses = {}
    for noise_share in (0.0, 1.0):
        out = tmp_path / str(noise_share)
        train_model(read_settings(settings_file, (*assignments, f"noise_share={noise_share}")), out)
        losses[noise_share] = json.loads((out / "metrics.jsonl").read_text().splitlines()[0])["embedding"]
    assert losses[0.0] < 1e-3
    assert losses[1.0] > 0.1


@pytest.mark.parametrize(("rank", "order"), [(0, ["scores", "waits"]), (1, ["waits", "scores"])])
def test_the_first_process_runs_the_teacher(settings_file, untrained_checkpoint, tmp_path, monkeypatch, rank, order):
    events = []
    changes = (
        f"teacher.name={untrained_checkpoint}", "teacher.is_cached=true", "loss.teacher=1.0", "n_steps=1",
    )  # fmt: skip

    def score(*_):
        events.append("scores")
        return np.zeros((12, 3), np.float32)

    from panns.training import supervision
    from panns.training.engine.clip_batches import ClipTargets

    monkeypatch.setattr(supervision, "score_clips_once", score)
    monkeypatch.setattr(supervision, "load_teacher", lambda *_: None)
    settings = read_settings(settings_file, changes)
    manifest = load(untrained_checkpoint).manifest
    world = Watched(rank, events)
    made = supervision.prepare_supervision(settings, None, ClipTargets([], 3), manifest, tmp_path, world=world)
    assert events == order
    assert made.targets.teacher_probs.shape == (12, 3)
