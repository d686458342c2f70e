"""Splits keep every recording on one side, and labels on both sides if possible."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.clip_lists import Clip
from panns.data.sampling.split import hold_out_fold, split_by_source
from panns.errors import DataError
from tests.hypothesis_examples import examples


def clips_of(*rows):
    """Clips of (labels, source, fold), labels as a string of one-letter names."""
    return [Clip(f"{i}.wav", tuple(labels), fold, source) for i, (labels, source, fold) in enumerate(rows)]


FOLDED = clips_of(("a", "1", "1"), ("b", "2", "1"), ("a", "3", "2"), ("b", "2", "2"), ("a", "", "2"), ("b", "", "10"))


def one_sided(clips, split):
    """Labels on one side only."""
    train, held_out = ({label for i in side for label in clips[i].labels} for side in (split.train, split.held_out))
    return train ^ held_out


def test_held_out_fold_excludes_its_sources_from_training():
    split = hold_out_fold(FOLDED, "1")
    assert (split.train.tolist(), split.held_out.tolist(), split.unused.tolist()) == ([2, 4, 5], [0, 1], [3])
    assert one_sided(FOLDED, split) == set()


def test_clips_without_source_are_separate_recordings():
    split = hold_out_fold(FOLDED, "10")
    assert (split.train.tolist(), split.held_out.tolist(), split.unused.tolist()) == ([0, 1, 2, 3, 4], [5], [])
    assert one_sided(FOLDED, split) == {"a"}


def test_held_out_fold_excludes_duplicates_from_training():
    split = hold_out_fold(FOLDED, "10", duplicates=[(2, 4), (4, 5)])
    assert (split.train.tolist(), split.unused.tolist()) == ([0, 1, 3], [2, 4])
    split = hold_out_fold(FOLDED, "1", duplicates=[(3, 5)])  # a copy of a clip of a held-out source
    assert (split.train.tolist(), split.unused.tolist()) == ([2, 4], [3, 5])


def test_unknown_fold_names_known_folds():
    with pytest.raises(DataError, match="'3' has no clips; the folds are '1', '2', '10'"):
        hold_out_fold(FOLDED, "3")
    with pytest.raises(DataError, match="'test' has no clips; the clips have no folds"):
        hold_out_fold([Clip("a.wav")], "test")
    with pytest.raises(DataError, match="fold '' has no clips"):
        hold_out_fold([Clip("a.wav")], "")


def test_fold_without_training_clips_is_refused():
    with pytest.raises(DataError, match="all 2 clips are in fold '1' or share a source"):
        hold_out_fold(clips_of(("a", "x", "1"), ("b", "x", "2")), "1")


def test_official_folds_of_real_data(shared):
    from panns.data.clip_lists import read_clip_list

    clips = read_clip_list(shared / "data" / "esc50" / "manifest.csv").clips
    split = hold_out_fold(clips, "5")
    assert (len(split.train), len(split.held_out), len(split.unused)) == (1598, 400, 2)


def test_every_label_is_split_by_the_share():
    clips = clips_of(*((label, f"{label}{i // 2}", "") for label in "abcd" for i in range(40)))
    split = split_by_source(clips, share=0.2, seed=0)
    assert Counter(clips[i].labels[0] for i in split.held_out) == dict.fromkeys("abcd", 8)
    assert one_sided(clips, split) == set()
    assert len(split.unused) == 0


def test_seeds_give_different_splits():
    clips = clips_of(*(("a", "", "") for _ in range(40)))
    chosen = {tuple(split_by_source(clips, share=0.25, seed=seed).held_out.tolist()) for seed in range(5)}
    assert len(chosen) == 5
    assert {len(one) for one in chosen} == {10}


def test_label_of_one_recording_stays_in_training():
    clips = clips_of(("a", "1", ""), ("a", "1", ""), ("b", "", ""), ("b", "", ""))
    split = split_by_source(clips, share=0.5, seed=1)
    assert set(split.train.tolist()) >= {0, 1}
    assert one_sided(clips, split) == {"a"}


def test_small_recordings_are_held_out_first():
    clips = clips_of(*(("a", "long", "") for _ in range(30)), ("a", "x", ""), ("a", "y", ""))
    assert split_by_source(clips, share=0.1, seed=0).held_out.tolist() == [30, 31]
    clips = clips_of(*(("a", "long", "") for _ in range(30)), *(("a", "short", "") for _ in range(20)))
    assert split_by_source(clips, share=0.1, seed=0).held_out.tolist() == list(range(30, 50))


def test_rare_labels_choose_first():
    """One of the two clips with b must be held out, although any clip would do for a."""
    clips = clips_of(("ab", "1", ""), ("ab", "2", ""), *(("a", "", "") for _ in range(8)))
    for seed in range(10):
        split = split_by_source(clips, share=0.1, seed=seed)
        assert one_sided(clips, split) == set()
        assert len(split.held_out) == 1


def test_single_recordings_are_refused():
    with pytest.raises(DataError, match="none of the 2 clips can be held out"):
        split_by_source(clips_of(("a", "1", ""), ("b", "2", "")), share=0.5, seed=0)
    with pytest.raises(DataError, match="none of the 0 clips"):
        split_by_source([], share=0.5, seed=0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match=f"share={share}"):
        split_by_source(FOLDED, share=share, seed=0)


sources = st.sampled_from(["", "1", "2", "3", "4"])
single_label = st.lists(st.tuples(st.sampled_from("abc"), sources), min_size=1, max_size=30).map(
    lambda rows: clips_of(*((label, source and label + source, "") for label, source in rows))
)
any_labels = st.lists(
    st.tuples(st.sets(st.sampled_from("abcd"), max_size=3), sources, st.sampled_from("12")), max_size=30
).map(lambda rows: clips_of(*((sorted(labels), source, fold) for labels, source, fold in rows)))


def check_sides(clips, split):
    sides = [split.train, split.held_out, split.unused]
    assert sorted(np.concatenate(sides).tolist()) == list(range(len(clips)))
    assert all((np.diff(side) > 0).all() for side in sides)
    in_training, held_out = ({clips[i].source for i in side} - {""} for side in sides[:2])
    assert not in_training & held_out
    return [{label for i in side for label in clips[i].labels} for side in sides[:2]]


@settings(max_examples=examples(60))
@given(clips=single_label, share=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_labels_of_two_recordings_are_on_both_sides(clips, share, seed):
    recordings = {label: {clip.source or clip.path for clip in clips if clip.labels == (label,)} for label in "abc"}
    divisible = {label for label, its_recordings in recordings.items() if len(its_recordings) > 1}
    if not divisible:
        with pytest.raises(DataError, match="can be held out"):
            split_by_source(clips, share=share, seed=seed)
        return
    split = split_by_source(clips, share=share, seed=seed)
    in_training, held_out = check_sides(clips, split)
    assert held_out == divisible
    assert in_training == {label for clip in clips for label in clip.labels}


@settings(max_examples=examples(60))
@given(clips=any_labels, share=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_every_label_stays_in_training(clips, share, seed):
    try:
        split = split_by_source(clips, share=share, seed=seed)
    except DataError:
        return
    in_training, _ = check_sides(clips, split)
    assert in_training == {label for clip in clips for label in clip.labels}
    again = split_by_source(clips, share=share, seed=seed)
    assert (again.held_out == split.held_out).all()


@settings(max_examples=examples(60))
@given(clips=any_labels, fold=st.sampled_from("12"))
def test_held_out_fold_shares_no_source_with_training(clips, fold):
    try:
        split = hold_out_fold(clips, fold)
    except DataError:
        return
    check_sides(clips, split)
    assert split.held_out.tolist() == [i for i, clip in enumerate(clips) if clip.fold == fold]
