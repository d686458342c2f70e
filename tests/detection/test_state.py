"""Saved states: a stream with equal settings continues from them, and any other bytes are refused."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panns
from panns.checkpoints.checkpoint import open_checkpoint
from panns.detection import WindowConfig
from panns.detection.state import StreamState
from panns.events import EventConfig
from panns.export.to_onnx import export_onnx
from tests.hypothesis_examples import examples
from tests.sounds import noise
from tests.tiny_checkpoints import with_manifest

SETTINGS = {"sample_rate": 44_100, "threshold": 0.4, "config": EventConfig(median_s=0.3), "windows": WindowConfig(0.5)}


@pytest.fixture(scope="module")
def recognizer(tiny_checkpoint):
    return panns.load(tiny_checkpoint, n_threads=1)


@pytest.fixture(scope="module")
def state(recognizer):
    stream = recognizer.stream(**SETTINGS)
    stream.push(noise(1.3))
    return stream.state


def test_a_stream_with_equal_settings_continues(recognizer, state, tiny_checkpoint):
    for one in (recognizer, panns.load(tiny_checkpoint, n_threads=1), panns.load(tiny_checkpoint, backend="torch")):
        for given_state in (state, state.to_bytes()):
            assert one.stream(**SETTINGS, state=given_state).duration_s == pytest.approx(1.3 * 32_000 / 44_100)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        # Both keep as many samples of the past.
        ({"sample_rate": 44_101}, "another sample rate.*44100 Hz"),
        ({"threshold": 0.41}, "other thresholds"),
        ({"config": EventConfig(median_s=0.3, min_gap_s=0.3)}, r"another EventConfig.*min_gap_s=0.2"),
        ({"config": None}, "another EventConfig"),
        ({"windows": WindowConfig(0.5, 0.2)}, "other windows.*every 3200"),
    ],
    ids=["sample_rate", "threshold", "min_gap_s", "median_s", "windows"],
)
def test_other_settings_are_refused(recognizer, state, changed, words):
    with pytest.raises(ValueError, match=f"the state comes from a stream with {words}"):
        recognizer.stream(**SETTINGS | changed, state=state)
    with pytest.raises(ValueError, match=f"the state comes from a stream with {words}"):
        recognizer.detector(**SETTINGS | changed).step(np.zeros(5, np.float32), state)


def test_another_model_is_refused(state, tiny_checkpoint, tiny_frames_checkpoint, tmp_path):
    same_size = with_manifest(tiny_checkpoint, tmp_path / "same size", activation="softmax")
    for checkpoint in (same_size, tiny_frames_checkpoint):
        recognizer = panns.load(checkpoint, n_threads=1)
        with pytest.raises(ValueError, match="another model"):
            recognizer.stream(**SETTINGS, state=state)


@pytest.mark.slow
def test_another_exported_file_is_refused(tiny_checkpoint, exported_file, tmp_path):
    outside = tmp_path / "outside.onnx"
    export_onnx(open_checkpoint(tiny_checkpoint), outside, frontend="outside")
    first, again, second = (panns.load(path, n_threads=1) for path in (exported_file, exported_file, outside))
    saved = first.stream().state
    again.stream(state=saved)
    with pytest.raises(ValueError, match="another model"):
        second.stream(state=saved)


def test_states_are_read_only(state):
    arrays = [one for part in (state.resampler, state.scorer, state.events) for one in vars(part).values()]
    arrays += state.scorer.samples
    arrays = [one for one in arrays if isinstance(one, np.ndarray)]
    assert len(arrays) > 8
    assert not any(one.flags.writeable for one in arrays)
    start = panns.events.EventTracker([0.5], 0.1, EventConfig()).initial_state()
    assert start.onsets_s is not start.offsets_s


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {one.filename: file.read(one) for one in file.infolist()}


def zipped(files, compression=zipfile.ZIP_STORED):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as file:
        for name, member in files.items():
            file.writestr(name, member)
    return held.getvalue()


def npy(array):
    held = io.BytesIO()
    np.save(held, array, allow_pickle=True)
    return held.getvalue()


INVALID = "not a valid stream state"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resampler.n_in", np.int64(-1)),
        ("resampler.n_in", np.int64(1 << 60)),
        ("resampler.n_in", np.float64(3)),
        ("resampler.n_in", np.zeros(2, np.int64)),
        ("resampler.tail", np.zeros(3, np.float64)),
        ("resampler.tail", np.zeros((3, 3), np.float32)),
        ("resampler.tail", np.full(3, np.nan, np.float32)),
        ("scorer.samples", np.full(3, np.inf, np.float32)),
        ("scorer.samples", np.full(3, 1e30, np.float32)),
        ("scorer.network", np.array([{}], object)),
        ("events.recent", np.full((1, 527), 1.5, np.float32)),
        ("events.recent_onsets_s", np.full(3, np.nan)),
        ("events.onsets_s", np.full(527, -np.inf)),
        ("events.n_filtered", np.int64(-5)),
        ("settings.model", np.array([0, 10], np.uint8)),
        ("settings.model", np.full(5_000, 65, np.uint8)),
    ],
)
def test_impossible_values_are_refused(state, name, value):
    damaged = zipped(members(state.to_bytes()) | {f"{name}.npy": npy(value)})
    with pytest.raises(ValueError, match=INVALID):
        StreamState.from_bytes(damaged)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("resampler", {"tail": np.zeros(3, np.float32)}),
        ("resampler", {"n_in": 7}),
        ("scorer", {"n_frames": 10**9}),
        ("scorer", {"n_passed": -5}),
        ("scorer", {"samples": (np.zeros(3, np.float32),)}),
        ("scorer", {"network": np.zeros(3, np.float32)}),
        ("events", {"recent": np.zeros((9, 527), np.float32)}),
        ("events", {"recent": np.zeros((2, 5), np.float32)}),
        ("events", {"recent_onsets_s": np.zeros(2)}),
        ("events", {"n_filtered": 100}),
        ("events", {"is_on": np.ones(527, np.bool_), "onsets_s": np.full(527, np.nan)}),
        ("events", {"onsets_s": np.zeros(3)}),
        ("events", {"peaks": np.zeros(3, np.float32)}),
    ],
)
def test_inconsistent_parts_are_refused(recognizer, state, part, change):
    damaged = replace(state, **{part: replace(getattr(state, part), **change)})
    with pytest.raises(ValueError, match=r"the state is damaged"):
        recognizer.stream(**SETTINGS, state=damaged.to_bytes())


def test_other_files_are_refused(state):
    files = members(state.to_bytes())
    for damaged, words in (
        (b"nonsense", "not a zip file"),
        (b"", "not a zip file"),
        (state.to_bytes().replace(b"\x00resampler.tail", b"\x00resampler.tall"), "not those of a state"),
        (zipped(files, zipfile.ZIP_DEFLATED), "compressed"),
        (zipped({"a": b""}), "not those of a state"),
        (zipped(files | {"more.npy": b""}), "not those of a state"),
        (zipped(files | {"resampler.n_in.npy": b"import os"}), "resampler.n_in is not an array"),
        (
            zipped(files | {"resampler.tail.npy": npy(np.zeros(0, np.float32)).replace(b"(0,)", b"(9999999999999,)")}),
            "shape",
        ),
        (zipped(files | {"resampler.tail.npy": b"\x93NUMPY\x01\x00\x08\x00" + b"{" * 8}), "not an array"),
        (b" " * ((1 << 28) + 1), "more than"),
    ):
        with pytest.raises(ValueError, match=f"{INVALID} .*{words}"):
            StreamState.from_bytes(damaged)


@settings(max_examples=examples(150))
@given(data=st.data())
def test_damaged_bytes_are_refused_or_usable(recognizer, state, data):
    """Damaged bytes give one message, or a stream that works."""
    saved = bytearray(state.to_bytes())
    if data.draw(st.booleans(), label="inside the files"):
        files = members(bytes(saved))
        name = data.draw(st.sampled_from(sorted(files)))
        held = bytearray(files[name])
        for _ in range(data.draw(st.integers(1, 3))):
            held[data.draw(st.integers(0, len(held) - 1))] = data.draw(st.integers(0, 255))
        saved = bytearray(zipped(files | {name: bytes(held[: data.draw(st.integers(0, len(held)))])}))
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            # Most of what zip files say of themselves is at their end.
            place = data.draw(st.integers(1, len(saved)) | st.integers(1, 2_000))
            saved[-min(place, len(saved))] = data.draw(st.integers(0, 255))
        del saved[data.draw(st.just(len(saved)) | st.integers(0, len(saved))) :]
    try:
        stream = recognizer.stream(**SETTINGS, state=bytes(saved))
    except ValueError as error:
        if not str(error).startswith((INVALID, "the state ")) or len(str(error)) > 500:
            raise
    else:
        stream.push(noise(0.3))
        stream.finish()
