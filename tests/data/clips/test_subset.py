from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from panns.data.clips.audio import FileAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import AudioSubset, ClipSubset
from panns.data.clips.table import ClipTable, clip_columns
from tests.data.shard_sets import RATE, make_clip_list

CLIPS = tuple(Clip(f"{i}.wav", (f"label {i % 3}",), f"{i}") for i in range(10))


def test_subset_keeps_its_order(tmp_path):
    whole = FileAudio(make_clip_list(tmp_path), RATE)
    part = AudioSubset(whole, [4, 0, 4])
    assert len(part) == 3
    assert part.sample_rate == RATE
    assert list(part.clips) == [whole.clips[4], whole.clips[0], whole.clips[4]]
    for i, number in enumerate((4, 0, 4)):
        np.testing.assert_array_equal(part.waveform(i), whole.waveform(number))
    with pytest.raises(IndexError):
        part.waveform(3)


def test_subset_may_be_empty(tmp_path):
    some = AudioSubset(FileAudio(make_clip_list(tmp_path), RATE), [])
    assert len(some) == len(some.clips) == len(list(some.clips)) == 0


@pytest.mark.parametrize("whole", [CLIPS, ClipTable(clip_columns(CLIPS))], ids=["tuple", "table"])
def test_subset_has_the_clips_of_its_indices(whole, monkeypatch):
    monkeypatch.setattr("panns.data.clips.subset._N_AT_ONCE", 3)
    numbers = [7, 0, 7, 3, 9, 1, 2]
    clips = ClipSubset(whole, numbers)
    assert len(clips) == 7
    assert list(clips) == [clips[i] for i in range(7)] == [CLIPS[number] for number in numbers]
    assert clips[-1] == CLIPS[2]
    assert list(clips[1:4]) == [CLIPS[0], CLIPS[7], CLIPS[3]]
    with pytest.raises(IndexError):
        clips[7]


def test_subset_copies_no_clips():
    n_clips = 40_000
    whole = ClipTable(clip_columns([CLIPS[0]] * n_clips))
    tracemalloc.start()
    clips = ClipSubset(whole, np.arange(n_clips))
    n_labels = sum(len(clip.labels) for clip in clips)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_labels == n_clips
    assert peak < 80 * n_clips  # as objects they take over 200 bytes each
