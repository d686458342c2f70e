import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.runtime.windows import cut_into_windows

RATE = 10  # so that 30 s are 300 samples, a window 100 and the shortest last one 10
ONE_PASS, WINDOW, SHORTEST_LAST = 300, 100, 10


def cut(blocks, one_pass_s=30.0):
    windows = cut_into_windows(blocks, sample_rate=RATE, window_s=10.0, one_pass_s=one_pass_s)
    return [(one.onset_sample, one.waveform) for one in windows]


def spans(n_samples, one_pass_s=30.0):
    sound = np.arange(n_samples, dtype=np.float32)
    return [(onset, len(waveform)) for onset, waveform in cut([sound], one_pass_s)]


def whole_windows(n):
    return [(WINDOW * i, WINDOW) for i in range(n)]


@pytest.mark.parametrize("n_samples", [1, 9, 99, 100, 299, 300])
def test_up_to_30_s_is_one_pass(n_samples):
    assert spans(n_samples) == [(0, n_samples)]


def test_one_sample_more_is_cut_into_windows():
    assert spans(ONE_PASS + 1) == [*whole_windows(2), (200, 101)]


def test_a_rest_of_1_s_is_a_window_and_a_shorter_one_lengthens_the_last():
    assert spans(309) == [*whole_windows(2), (200, 109)]
    assert spans(310) == [*whole_windows(3), (300, 10)]
    assert spans(400) == whole_windows(4)


def test_a_last_window_that_would_be_too_long_becomes_two_halves():
    assert spans(100, one_pass_s=10.0) == [(0, 100)]
    assert spans(109, one_pass_s=10.0) == [(0, 55), (55, 54)]
    assert spans(205, one_pass_s=10.2) == [(0, 100), (100, 53), (153, 52)]


def test_no_samples_give_no_window():
    assert cut([]) == []
    assert cut([np.zeros(0, dtype=np.float32)]) == []


@st.composite
def sounds_in_blocks(draw):
    """A sound, and the same in blocks of any lengths, some of them empty."""
    n_samples = draw(st.integers(1, 1200) | st.sampled_from([ONE_PASS, ONE_PASS + 1, 409, 410]))
    cuts = draw(st.lists(st.integers(0, n_samples), max_size=40))
    sound = np.arange(n_samples, dtype=np.float32)
    return sound, np.split(sound, sorted(cuts)), draw(st.sampled_from([10.0, 10.2, 11.0, 30.0]))


@given(sounds_in_blocks())
def test_windows_do_not_depend_on_block_sizes(case):
    sound, blocks, one_pass_s = case
    expected, found = cut([sound], one_pass_s), cut(blocks, one_pass_s)
    assert [onset for onset, _ in found] == [onset for onset, _ in expected]
    for (_, have), (_, want) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(have, want)


@given(sounds_in_blocks())
def test_windows_join_to_the_sound(case):
    sound, blocks, one_pass_s = case
    windows = cut(blocks, one_pass_s)
    np.testing.assert_array_equal(np.concatenate([waveform for _, waveform in windows]), sound)
    assert [onset for onset, _ in windows] == [int(waveform[0]) for _, waveform in windows]
    lengths = [len(waveform) for _, waveform in windows]
    assert max(lengths) <= one_pass_s * RATE
    if len(sound) > one_pass_s * RATE:
        assert {*lengths[:-2]} <= {WINDOW}
        assert min(lengths) >= SHORTEST_LAST
        assert max(lengths) < WINDOW + SHORTEST_LAST


@given(block=st.integers(1, 500))
def test_memory_holds_one_pass_and_one_block(block):
    taken = given_back = 0

    def blocks():
        nonlocal taken
        for _ in range(5000 // block):
            taken += block
            assert taken - given_back <= ONE_PASS + block + WINDOW + SHORTEST_LAST
            yield np.zeros(block, dtype=np.float32)

    for window in cut_into_windows(blocks(), sample_rate=RATE, window_s=10.0):
        given_back += len(window.waveform)
    assert taken == given_back
