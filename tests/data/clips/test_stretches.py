from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panns.audio import load_sound, open_sound
from panns.data.clips import stretches
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import StretchReader
from panns.errors import AudioDecodeError
from tests.hypothesis_examples import examples
from tests.sounds import noise, write_wav

RATE = 8_000
SECONDS = 20  # three blocks of the decoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stretches")
    for seed, name in enumerate(("a.wav", "b.wav")):
        write_wav(folder / name, noise(SECONDS, seed=seed, sample_rate=RATE), RATE)
    return folder


@pytest.fixture
def n_passes(monkeypatch):
    """Counts the passes over files."""
    made = []
    original = stretches._Pass
    monkeypatch.setattr(stretches, "_Pass", lambda file: made.append(file) or original(file))
    return lambda: len(made)


TIMES = st.lists(st.floats(0, SECONDS, exclude_max=True), min_size=2, max_size=2, unique=True).map(sorted)


@given(asked=st.lists(st.tuples(st.sampled_from(["a.wav", "b.wav"]), TIMES, st.booleans()), min_size=1, max_size=6))
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stretches_in_any_order_equal_the_whole_file(folder, asked):
    with StretchReader() as reader:
        for name, (onset_s, offset_s), is_open in asked:
            start, stop = round(onset_s * RATE), round(offset_s * RATE)
            if start >= min(stop, SECONDS * RATE):
                continue
            clip = Clip(name, onset_s=onset_s, offset_s=None if is_open else offset_s)
            stretch, rate = reader.read(folder / name, clip)
            whole = load_sound(folder / name, sample_rate=RATE)
            assert rate == RATE
            np.testing.assert_array_equal(stretch, whole[start : None if is_open else stop])


def test_ascending_stretches_cost_one_pass(folder, n_passes):
    with StretchReader() as reader:
        for onset_s in range(0, 16, 2):
            reader.read(folder / "a.wav", Clip("a.wav", onset_s=onset_s, offset_s=onset_s + 4))
    assert n_passes() == 1


def test_earlier_stretch_costs_another_pass(folder, n_passes):
    with StretchReader() as reader:
        reader.read(folder / "a.wav", Clip("a.wav", onset_s=15, offset_s=16))
        reader.read(folder / "a.wav", Clip("a.wav", onset_s=1, offset_s=2))
    assert n_passes() == 2


def test_stretch_may_end_just_after_its_file(folder):
    with StretchReader() as reader:
        stretch, _ = reader.read(folder / "a.wav", Clip("a.wav", onset_s=19.5, offset_s=SECONDS + 0.09))
    assert len(stretch) == RATE // 2


def test_next_stretch_is_read_after_a_failure(folder):
    with StretchReader() as reader:
        with pytest.raises(AudioDecodeError, match=r"from 25.000 s to 26.000 s .* 20.000 s"):
            reader.read(folder / "a.wav", Clip("a.wav", onset_s=25.0, offset_s=26.0))
        stretch, _ = reader.read(folder / "a.wav", Clip("a.wav", onset_s=1.0, offset_s=2.0))
    assert len(stretch) == RATE


def test_file_is_opened_once_per_pass(tmp_path, monkeypatch):
    opened = []

    def open_and_note(file, **options):
        opened.append(file)
        return open_sound(file, **options)

    monkeypatch.setattr(stretches, "open_clip_file", open_and_note)
    path = write_wav(tmp_path / "a.wav", noise(2.0))
    with StretchReader() as reader:
        for onset_s in (0.0, 0.5, 1.0):
            reader.read(path, Clip("a.wav", onset_s=onset_s, offset_s=onset_s + 0.5))
    assert opened == [path]
