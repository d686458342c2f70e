"""Classes and targets of clips."""

from __future__ import annotations

import numpy as np
import pytest

from panns.data.clip_lists import Clip, TimedLabel
from panns.errors import DataError
from panns.training.settings import DataSettings
from panns.training.targets import check_labels, choose_labels, make_targets

DATA = DataSettings("x")
AUDIOSET = DataSettings("x", labels="audioset")
PETS = [Clip("a.wav", ("dog",)), Clip("b.wav", ("cat",))]


def test_classes_come_from_the_clips_or_audioset():
    assert [label.en for label in choose_labels(PETS, DATA, "pets")] == ["cat", "dog"]
    assert len(choose_labels(PETS, AUDIOSET, "pets")) == 527
    with pytest.raises(DataError, match="no clip has a label"):
        choose_labels([Clip("a.wav")], DATA, "pets")


def test_a_class_without_training_clips_is_refused():
    clips = [*PETS, Clip("c.wav", ("dogg",))]
    with pytest.raises(DataError, match=r"no training clip has the label 'dogg' of c\.wav; is 'dog' meant\?"):
        check_labels(choose_labels(clips, DATA, "pets"), PETS, clips, task="single-label", settings=DATA)
    check_labels(choose_labels(PETS, DATA, "pets"), PETS, PETS, task="single-label", settings=DATA)


def test_a_single_label_task_needs_two_classes():
    dogs = PETS[:1]
    with pytest.raises(DataError, match="'dog' is the only class"):
        check_labels(choose_labels(dogs, DATA, "pets"), dogs, dogs, task="single-label", settings=DATA)


def test_targets_are_indices_of_classes():
    labels = choose_labels(PETS, DATA, "pets")
    clips = [Clip("a.wav", ("dog", "cat"), events=(TimedLabel("dog", 0.5, 1.0),)), Clip("b.wav")]
    targets = make_targets(clips, labels, "multi-label", has_frames=True)
    assert targets.classes == [(1, 0), ()]
    assert targets.events == [((1, 0.5, 1.0),), ()]
    assert targets.has_frames
    assert make_targets(clips[1:], labels, "multi-label", has_frames=False).events is None


@pytest.mark.parametrize(
    ("clip", "task", "has_frames", "words"),
    [
        (Clip("a.wav", ("dgo",)), "multi-label", False, r"a\.wav: no label 'dgo'.*'dog'"),
        (Clip("a.wav"), "single-label", False, r"a\.wav has 0 labels.*exactly one"),
        (Clip("a.wav", ("cat",)), "multi-label", True, "column events"),
    ],
)
def test_clips_that_do_not_fit_are_named(clip, task, has_frames, words):
    with pytest.raises(DataError, match=words):
        make_targets([clip], choose_labels(PETS, DATA, "pets"), task, has_frames=has_frames)


def test_audioset_classes_are_found_by_id_or_name():
    labels = choose_labels(PETS, AUDIOSET, "pets")
    found = make_targets([Clip("a.wav", ("/m/0bt9lr", "Meow"))], labels, "multi-label", has_frames=False).classes[0]
    assert [labels[i].en for i in found] == ["Dog", "Meow"]
    assert np.asarray(found).dtype.kind == "i"
