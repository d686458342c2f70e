"""Which clips are for what, and what is heard in them."""

from __future__ import annotations

import numpy as np
import pytest

from panns.data.clip_lists import Clip, TimedLabel
from panns.errors import DataError
from panns.training.dataset import check_learnable, label_set, parts_of, targets_of
from panns.training.settings import DataSettings, read_settings

CLIPS = [
    Clip(f"{fold}{label}{i}.wav", (label,), fold=fold, source=f"{fold}{label}{i}")
    for fold in "123"
    for label in ("cat", "dog")
    for i in range(5)
]
SHARED = Clip("other.wav", ("cat",), fold="1", source="3cat0")  # of one recording with a clip of fold 3


def folds_of(clips, part):
    return {clips[i].fold for i in part}


def test_parts_share_no_source():
    clips = [*CLIPS, SHARED]
    parts = parts_of(clips, DataSettings("x", test_fold="3", validation_fold="2"), seed=0)
    assert folds_of(clips, parts.test) == {"3"}
    assert folds_of(clips, parts.validation) == {"2"}
    assert folds_of(clips, parts.train) == {"1"}
    assert parts.left_out.tolist() == [30]


def test_a_share_is_held_out_of_what_is_left():
    parts = parts_of(CLIPS, DataSettings("x", test_fold="3", validation_share=0.2), seed=0)
    assert folds_of(CLIPS, [*parts.train, *parts.validation]) == {"1", "2"}
    assert len(parts.validation) == 4
    assert len(parts.train) == 16
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(30))


def test_copies_stay_together():
    duplicates = [(0, 29), (1, 11)]
    parts = parts_of(CLIPS, DataSettings("x", test_fold="3", validation_share=0.3), seed=0, duplicates=duplicates)
    assert 0 in parts.left_out
    assert (1 in parts.train) == (11 in parts.train)


def test_without_folds_all_is_learned_from():
    parts = parts_of(CLIPS, DataSettings("x"), seed=0)
    assert parts.train.tolist() == list(range(30))
    assert not any(map(len, (parts.validation, parts.test, parts.left_out)))


def test_classes_are_those_of_the_clips_or_audiosets():
    assert [label.en for label in label_set(CLIPS, DataSettings("x"), "pets")] == ["cat", "dog"]
    assert len(label_set(CLIPS, DataSettings("x", labels="audioset"), "pets")) == 527
    with pytest.raises(DataError, match="no clip has a label"):
        label_set([Clip("a.wav")], DataSettings("x"), "pets")


def test_a_class_that_is_not_learned_is_named(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(
        '[model]\nname = "builtin"\n[data]\nclips = "x"\n[train]\nn_steps = 1\n[loss]\ntask = "single-label"'
    )
    settings = read_settings(path)
    heard, tested = [Clip("a.wav", ("dog",)), Clip("b.wav", ("cat",))], [Clip("c.wav", ("dogg",))]
    labels = label_set([*heard, *tested], settings.data, "pets")
    with pytest.raises(DataError, match=r"no clip to learn from has the label 'dogg' of c\.wav; is 'dog' meant\?"):
        check_learnable(labels, heard, [*heard, *tested], settings)
    check_learnable(label_set(heard, settings.data, "pets"), heard, heard, settings)
    with pytest.raises(DataError, match="'dog' is the only class, and every clip would be it"):
        check_learnable(label_set(heard[:1], settings.data, "pets"), heard[:1], heard[:1], settings)


def test_targets_are_numbers_of_classes():
    labels = label_set(CLIPS, DataSettings("x"), "pets")
    clips = [Clip("a.wav", ("dog", "cat"), events=(TimedLabel("dog", 0.5, 1.0),)), Clip("b.wav")]
    targets = targets_of(clips, labels, "multi-label", has_times=True)
    assert targets.classes == [(1, 0), ()]
    assert targets.events == [((1, 0.5, 1.0),), ()]
    assert targets.has_frames
    assert targets_of(clips[1:], labels, "multi-label", has_times=False).events is None


@pytest.mark.parametrize(
    ("clip", "settings", "words"),
    [
        (Clip("a.wav", ("dgo",)), {}, r"a\.wav: no label 'dgo'.*did you mean 'dog'"),
        (Clip("a.wav"), {"task": "single-label"}, r"a\.wav has 0 labels.*needs exactly one"),
        (Clip("a.wav", ("cat",)), {"has_times": True}, "no clip says so; add a column events"),
    ],
)
def test_clips_that_do_not_fit_are_named(clip, settings, words):
    labels = label_set(CLIPS, DataSettings("x"), "pets")
    with pytest.raises(DataError, match=words):
        targets_of([clip], labels, settings.get("task", "multi-label"), has_times=settings.get("has_times", False))


def test_audiosets_classes_by_id_or_name():
    labels = label_set(CLIPS, DataSettings("x", labels="audioset"), "pets")
    clips = [Clip("a.wav", ("/m/0bt9lr", "Meow"))]
    found = targets_of(clips, labels, "multi-label", has_times=False).classes[0]
    assert [labels[i].en for i in found] == ["Dog", "Meow"]
    assert np.asarray(found).dtype.kind == "i"
