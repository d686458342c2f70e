from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.clip_lists import Clip, TimedLabel
from panns.data.clips import table as table_module
from panns.data.clips.table import ClipTable, clip_columns
from tests.hypothesis_examples import examples

NAMES = st.text(st.characters(exclude_categories=["Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=5)
WITHOUT_SPACES = NAMES.filter(lambda name: name == name.strip())
TIMES = st.lists(st.floats(0, 1e6), min_size=2, max_size=2, unique=True).map(sorted)
CLIPS = st.builds(
    lambda path, labels, fold, source, times, events, licence, attribution: Clip(
        path, tuple(labels), fold, source, times[0], times[1], tuple(events), licence, attribution
    ),
    NAMES,
    st.lists(st.sampled_from(["Dog", "Rain, heavy", "雨"]), unique=True, max_size=3),
    st.sampled_from(["", "1", "train"]),
    WITHOUT_SPACES | st.just(""),
    TIMES | st.just((None, None)) | st.floats(0, 1e6).map(lambda onset_s: (onset_s, None)),
    st.lists(st.builds(lambda label, times: TimedLabel(label, *times), WITHOUT_SPACES, TIMES), max_size=2),
    NAMES | st.just(""),
    NAMES | st.just(""),
)


@given(st.lists(CLIPS, max_size=8))
@settings(max_examples=examples(60))
def test_round_trip(clips):
    table = ClipTable(clip_columns(clips))
    assert len(table) == len(clips)
    assert list(table) == clips
    assert [table[i] for i in range(len(clips))] == clips
    assert [table[i - len(clips)] for i in range(len(clips))] == clips
    assert table[1:7:2] == clips[1:7:2]
    numbers = [*range(len(clips))[::-2], *range(len(clips))]
    assert table.take(np.array(numbers, np.int64)) == [clips[i] for i in numbers]


def test_path_that_is_not_text():
    assert ClipTable(clip_columns([Clip("a\udcff.wav")]))[0].path == "a\udcff.wav"


def test_more_texts_than_are_shared(monkeypatch):
    monkeypatch.setattr(table_module, "_MAX_SHARED_TEXTS", 2)
    clips = [Clip(f"{i}.wav", (f"label {i}",), "train") for i in range(5)]
    assert list(ClipTable(clip_columns(clips))) == clips


def test_equal_texts_are_one_object():
    table = ClipTable(clip_columns([Clip(f"{i}.wav", ("Dog",), "train") for i in range(3)]))
    assert table[0].labels[0] is table[2].labels[0]
    assert table[0].fold is table[1].fold


def test_iteration_in_several_steps():
    clips = [Clip(f"{i}.wav", (f"{i % 7}",)) for i in range(2 * table_module._N_AT_ONCE + 3)]
    assert list(ClipTable(clip_columns(clips))) == clips


def test_index_out_of_range():
    table = ClipTable(clip_columns([Clip("a.wav")]))
    for i in (1, -2):
        with pytest.raises(IndexError, match=f"clip {i} is out of range"):
            table[i]


def test_inconsistent_columns_are_refused():
    columns = clip_columns([Clip("a.wav", ("Dog",), "1"), Clip("b.wav", (), "2")])
    with pytest.raises(KeyError, match="onset_s"):
        ClipTable({name: column for name, column in columns.items() if name != "onset_s"})
    with pytest.raises(ValueError, match="broadcast"):
        ClipTable(columns | {"n_clips": np.array(3)})


def test_memory_per_clip(monkeypatch):
    monkeypatch.setattr(table_module, "_MAX_SHARED_TEXTS", 100)
    clips = [Clip(f"audio/{i:09d}.flac", ("Dog", "Rain")[: 1 + i % 2], "train", f"{i:09d}") for i in range(20_000)]
    columns = pickle.loads(pickle.dumps(clip_columns(clips)))  # noqa: S301 - our own
    tracemalloc.start()
    table = ClipTable({name: column.copy() for name, column in columns.items()})
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == 20_000
    assert used < 20_000 * 80
