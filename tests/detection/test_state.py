"""States of streams: they go on where everything but the past is the same, and nothing else is taken for one."""

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
from tests.sounds import noise
from tests.tiny_checkpoints import with_manifest

USUAL = {"sample_rate": 44_100, "threshold": 0.4, "config": EventConfig(median_s=0.3), "hearing": WindowConfig(0.5)}


@pytest.fixture(scope="module")
def recognizer(tiny_checkpoint):
    return panns.load(tiny_checkpoint, n_threads=1)


@pytest.fixture(scope="module")
def state(recognizer):
    stream = recognizer.stream(**USUAL)
    stream.push(noise(1.3))
    return stream.state


def test_the_same_settings_go_on(recognizer, state, tiny_checkpoint):
    for one in (recognizer, panns.load(tiny_checkpoint, n_threads=1), panns.load(tiny_checkpoint, backend="torch")):
        for given_state in (state, state.to_bytes()):
            assert one.stream(**USUAL, state=given_state).duration_s == pytest.approx(1.3 * 32_000 / 44_100)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        # Both keep as many samples of the past.
        ({"sample_rate": 44_101}, "another sample rate; give the sample_rate that it was made with .*44100 Hz"),
        ({"threshold": 0.41}, "other thresholds; give the threshold that it was made with"),
        ({"config": EventConfig(median_s=0.3, min_gap_s=0.3)}, r"another EventConfig; give the config .*min_gap_s=0.2"),
        ({"config": None}, "another EventConfig; give the config that it was made with"),
        ({"hearing": WindowConfig(0.5, 0.2)}, "other windows; give the hearing that it was made with .*every 3200"),
    ],
    ids=["sample_rate", "threshold", "min_gap_s", "median_s", "hearing"],
)
def test_other_settings_are_refused(recognizer, state, changed, words):
    with pytest.raises(ValueError, match=f"the state is of a stream with {words}"):
        recognizer.stream(**USUAL | changed, state=state)
    with pytest.raises(ValueError, match=f"the state is of a stream with {words}"):
        recognizer.detector(**USUAL | changed).step(np.zeros(5, np.float32), state)


def test_another_model_is_refused(state, tiny_checkpoint, tiny_frames_checkpoint, tmp_path):
    same_size = with_manifest(tiny_checkpoint, tmp_path / "same size", activation="softmax")
    for checkpoint in (same_size, tiny_frames_checkpoint):
        recognizer = panns.load(checkpoint, n_threads=1)
        with pytest.raises(ValueError, match="another model or another version of it; load the one that it was made"):
            recognizer.stream(**USUAL, state=state)


def test_exported_files_are_told_apart(tiny_checkpoint, exported_file, tmp_path):
    outside = tmp_path / "outside.onnx"
    export_onnx(open_checkpoint(tiny_checkpoint), outside, frontend="outside")
    first, again, second = (panns.load(path, n_threads=1) for path in (exported_file, exported_file, outside))
    saved = first.stream().state
    again.stream(state=saved)
    with pytest.raises(ValueError, match="another model"):
        second.stream(state=saved)


def test_a_state_cannot_be_written(state):
    arrays = [one for part in (state.resampler, state.hearing, state.events) for one in vars(part).values()]
    arrays += state.hearing.samples
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


NO_STATE = "these bytes are no state of a stream"


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
        ("hearing.samples", np.full(3, np.inf, np.float32)),
        ("hearing.samples", np.full(3, 1e30, np.float32)),
        ("hearing.network", np.array([{}], object)),
        ("events.recent", np.full((1, 527), 1.5, np.float32)),
        ("events.recent_onsets_s", np.full(3, np.nan)),
        ("events.onsets_s", np.full(527, -np.inf)),
        ("events.n_filtered", np.int64(-5)),
        ("settings.model", np.array([0, 10], np.uint8)),
        ("settings.model", np.full(5_000, 65, np.uint8)),
    ],
)
def test_values_that_no_state_has(state, name, value):
    damaged = zipped(members(state.to_bytes()) | {f"{name}.npy": npy(value)})
    with pytest.raises(ValueError, match=NO_STATE):
        StreamState.from_bytes(damaged)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("resampler", {"tail": np.zeros(3, np.float32)}),
        ("resampler", {"n_in": 7}),
        ("hearing", {"n_frames": 10**9}),
        ("hearing", {"n_passed": -5}),
        ("hearing", {"samples": (np.zeros(3, np.float32),)}),
        ("hearing", {"network": np.zeros(3, np.float32)}),
        ("events", {"recent": np.zeros((9, 527), np.float32)}),
        ("events", {"recent": np.zeros((2, 5), np.float32)}),
        ("events", {"recent_onsets_s": np.zeros(2)}),
        ("events", {"n_filtered": 100}),
        ("events", {"is_on": np.ones(527, np.bool_), "onsets_s": np.full(527, np.nan)}),
        ("events", {"onsets_s": np.zeros(3)}),
        ("events", {"peaks": np.zeros(3, np.float32)}),
    ],
)
def test_parts_that_do_not_fit_each_other(recognizer, state, part, change):
    damaged = replace(state, **{part: replace(getattr(state, part), **change)})
    with pytest.raises(ValueError, match=r"the state is damaged \(.*\); give one that"):
        recognizer.stream(**USUAL, state=damaged.to_bytes())


def test_zip_files_that_are_no_state(state):
    files = members(state.to_bytes())
    for damaged, words in (
        (b"nonsense", "it is no zip file, or a damaged one"),
        (b"", "it is no zip file, or a damaged one"),
        (state.to_bytes().replace(b"\x00resampler.tail", b"\x00resampler.tall"), "it does not hold what a state does"),
        (zipped(files, zipfile.ZIP_DEFLATED), "it is compressed"),
        (zipped({"a": b""}), "it does not hold what a state does"),
        (zipped(files | {"more.npy": b""}), "it does not hold what a state does"),
        (zipped(files | {"resampler.n_in.npy": b"import os"}), "resampler.n_in is no array of int64"),
        (b" " * ((1 << 28) + 1), "more than any state"),
    ):
        with pytest.raises(ValueError, match=f"{NO_STATE} .*{words}"):
            StreamState.from_bytes(damaged)


def test_what_is_no_state(recognizer):
    with pytest.raises(TypeError, match=r"state is of type dict; give `stream.state` or its `to_bytes"):
        recognizer.stream(state={})


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_go_on(recognizer, state, data):
    """Whatever happened to them: one sentence, or a stream that hears."""
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
        stream = recognizer.stream(**USUAL, state=bytes(saved))
    except ValueError as error:
        if not str(error).startswith((NO_STATE, "the state is ")) or len(str(error)) > 500:
            raise
    else:
        stream.push(noise(0.3))
        stream.finish()
