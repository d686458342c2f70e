import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.runtime.windows import cut_into_windows

RATE = 10  # so that 30 s are 300 samples, a window 100 and the shortest last one 10
ONE_PASS, WINDOW, SHORTEST_LAST = 300, 100, 10


def cut(blocks, window_s=10.0):
    return [(one.onset_sample, one.waveform) for one in cut_into_windows(blocks, sample_rate=RATE, window_s=window_s)]


def spans(n_samples, window_s=10.0):
    sound = np.arange(n_samples, dtype=np.float32)
    return [(onset, len(waveform)) for onset, waveform in cut([sound], window_s)]


def whole_windows(n):
    return [(WINDOW * i, WINDOW) for i in range(n)]


@pytest.mark.parametrize("n_samples", [1, 9, 99, 100, 299, 300])
def test_up_to_30_s_is_one_pass(n_samples):
    assert spans(n_samples) == [(0, n_samples)]


def test_one_sample_more_is_cut_into_windows():
    assert spans(ONE_PASS + 1) == whole_windows(3)


def test_a_last_window_of_1_s_is_kept():
    assert spans(309) == whole_windows(3)
    assert spans(310) == [*whole_windows(3), (300, 10)]
    assert spans(400) == whole_windows(4)


def test_no_samples_give_no_window():
    assert cut([]) == []
    assert cut([np.zeros(0, dtype=np.float32)]) == []


def test_windows_may_be_longer_than_one_pass():
    assert spans(350, window_s=40.0) == [(0, 350)]
    assert spans(801, window_s=40.0) == [(0, 400), (400, 400)]


@st.composite
def sounds_in_blocks(draw):
    """A sound, and the same in blocks of any lengths, some of them empty."""
    n_samples = draw(st.integers(1, 1200) | st.sampled_from([ONE_PASS, ONE_PASS + 1, 409, 410]))
    cuts = draw(st.lists(st.integers(0, n_samples), max_size=40))
    sound = np.arange(n_samples, dtype=np.float32)
    return sound, np.split(sound, sorted(cuts))


@given(sounds_in_blocks())
def test_windows_do_not_depend_on_block_sizes(case):
    sound, blocks = case
    expected, found = cut([sound]), cut(blocks)
    assert [onset for onset, _ in found] == [onset for onset, _ in expected]
    for (_, have), (_, want) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(have, want)


@given(sounds_in_blocks())
def test_windows_join_to_the_sound(case):
    sound, blocks = case
    windows = cut(blocks)
    joined = np.concatenate([waveform for _, waveform in windows])
    np.testing.assert_array_equal(joined, sound[: len(joined)])
    assert len(sound) - len(joined) < SHORTEST_LAST
    assert [onset for onset, _ in windows] == [int(waveform[0]) for _, waveform in windows]
    if len(sound) > ONE_PASS:
        assert {len(waveform) for _, waveform in windows[:-1]} == {WINDOW}


@given(block=st.integers(1, 500))
def test_memory_holds_one_pass_and_one_block(block):
    taken = given_back = 0

    def blocks():
        nonlocal taken
        for _ in range(5000 // block):
            taken += block
            assert taken - given_back <= ONE_PASS + block + WINDOW
            yield np.zeros(block, dtype=np.float32)

    for window in cut_into_windows(blocks(), sample_rate=RATE, window_s=10.0):
        given_back += len(window.waveform)
    assert taken - given_back < SHORTEST_LAST


@pytest.mark.parametrize("rest", [0, 1, 5, 9, 10, 11, 99])
@pytest.mark.parametrize("block", [1, 7, 100, 1000])
def test_a_short_rest_may_be_kept(rest, block):
    n_samples = 200 + rest
    sound = np.arange(n_samples, dtype=np.float32)
    blocks = [sound[start : start + block] for start in range(0, n_samples, block)]
    windows = list(cut_into_windows(blocks, sample_rate=10, window_s=10, one_pass_s=11, keeps_rest=True))
    np.testing.assert_array_equal(np.concatenate([window.waveform for window in windows]), sound)
    assert [window.onset_sample for window in windows] == [int(window.waveform[0]) for window in windows]
    assert min(len(window.waveform) for window in windows) >= 10
    assert max(len(window.waveform) for window in windows) <= 100
