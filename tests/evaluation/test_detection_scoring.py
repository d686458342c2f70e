"""Detection scores of a fake model that knows the events of its sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from panns.errors import AudioDecodeError, DataError, UnknownLabel
from panns.evaluation import FrameProbs, evaluate_detection
from tests.evaluation.fake_clips import PETS


@dataclass(frozen=True)
class Timed:
    label: str
    onset_s: float
    offset_s: float


@dataclass(frozen=True)
class TimedClip:
    path: str
    events: tuple[Timed, ...]

    @property
    def labels(self):
        return tuple(dict.fromkeys(event.label for event in self.events))


def clip(name, *events):
    return TimedClip(name, tuple(Timed(*event) for event in events))


CLIPS = [clip("a.wav", ("Dog", 1.0, 2.0)), clip("b.wav"), clip("c.wav", ("parrot", 0.0, 4.0), ("dog", 3.0, 4.0))]


def fake_model(clips, *, classes=PETS, seen=None, broken=()):
    """Scores 0.9 during events and 0.1 elsewhere, in half-second frames of 4 s sounds."""

    def score_sound(i, select):
        if i in broken:
            raise AudioDecodeError(f"{clips[i].path}: is damaged")
        probs = np.full((8, len(classes)), 0.1, np.float32)
        for event in clips[i].events:
            probs[round(event.onset_s * 2) : round(event.offset_s * 2), classes.find(event.label).index] = 0.9
        kept = select(probs)
        if seen is not None:
            seen.append(kept.shape)
        return FrameProbs(kept, np.arange(8) / 2, 4.0)

    return score_sound


@pytest.mark.parametrize("n_threads", [1, 3])
def test_classes_that_occur_are_measured(n_threads):
    seen, progress = [], []
    result = evaluate_detection(
        fake_model(CLIPS, seen=seen), CLIPS, PETS, n_threads=n_threads, on_progress=progress.append
    )
    assert [label.en for label in result.labels] == ["dog", "parrot"]
    assert seen == [(8, 2)] * 3
    assert [one[:3] for one in progress] == [(1, 3, "clips"), (2, 3, "clips"), (3, 3, "clips")]
    assert result.n_events.tolist() == [2, 1]
    assert (result.collar.micro().f1, result.psds1.value, result.segments.error_rate) == (1.0, 1.0, 0.0)


def test_thresholds_are_given_for_all_model_classes():
    result = evaluate_detection(fake_model(CLIPS), CLIPS, PETS, thresholds=[0.5, 0.95, 0.05])
    assert result.thresholds.tolist() == [0.95, 0.05]
    assert result.n_detected.tolist() == [0, 3]  # a parrot all the time, in every sound


def test_mapping_from_labels_of_the_data():
    clips = [clip("a.wav", ("animal", 1.0, 2.0)), clip("b.wav", ("animal", 0.0, 3.0))]
    as_pets = [clip("a.wav", ("dog", 1.0, 2.0)), clip("b.wav", ("cat", 0.0, 1.5), ("dog", 1.0, 3.0))]
    mapping = {"bird": ["parrot"], "animal": ["cat", "dog"]}
    result = evaluate_detection(fake_model(as_pets), clips, PETS, mapping=mapping)
    assert [label.en for label in result.labels] == ["animal"]
    assert result.collar.f1.tolist() == [1.0]


def test_failures_are_left_out_and_named():
    clips = [*CLIPS, clip("d.wav", ("dog", 5.0, 6.0)), clip("e.wav", ("cat", 0.0, 1.0))]
    result = evaluate_detection(fake_model(clips, broken=[4]), clips, PETS, allows_failures=True, n_threads=2)
    assert result.n_clips == 3
    assert [(one.path, one.reason.partition("; ")[0]) for one in result.failures] == [
        ("d.wav", "d.wav: an event begins at 5 s, but the sound lasts only 4 s"),
        ("e.wav", "e.wav: is damaged"),
    ]
    assert result.n_events.tolist() == [0, 2, 1]  # the cat is in the damaged sound
    with pytest.raises(AudioDecodeError, match=r"e\.wav: is damaged"):
        evaluate_detection(fake_model(clips[4:], broken=[0]), clips[4:], PETS)


def test_refusals():
    with pytest.raises(DataError, match="none of 1 sounds has an event"):
        evaluate_detection(fake_model(CLIPS), [CLIPS[1]], PETS)
    with pytest.raises(DataError, match=r"none of 3 sounds .*a\.wav: is damaged"):
        evaluate_detection(fake_model(CLIPS, broken=[0, 1, 2]), CLIPS, PETS, allows_failures=True)
    with pytest.raises(UnknownLabel, match=r"a\.wav: .*'dgo'.*'dog'"):
        evaluate_detection(fake_model(CLIPS), [clip("a.wav", ("dgo", 0.0, 1.0))], PETS)
    with pytest.raises(ValueError, match=r"thresholds=2\.0"):
        evaluate_detection(fake_model(CLIPS), CLIPS, PETS, thresholds=2.0)
