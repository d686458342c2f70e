"""The resampler of streams: equal output for every way of cutting the input, and within 1e-4 of soxr."""

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.audio.resampling.polyphase import PolyphaseResampler, PolyphaseState
from panns.audio.resampling.resample import resample

_NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, 96_000).astype(np.float32)
# Whole and simple ratios, tables with and without interpolation, up, down and equal.
_QUICK_RATES = [(44_100, 16_000), (8_000, 16_000), (12_345, 16_000), (16_000, 16_000)]
_OTHER_RATES = [(48_000, 16_000), (11_025, 16_000), (44_056, 16_000), (96_000, 16_000)]
_RATES = [*_QUICK_RATES, *(pytest.param(rates, marks=pytest.mark.slow) for rates in _OTHER_RATES)]
_TO_MODELS = [
    (44_100, 16_000),
    (48_000, 16_000),
    (22_050, 16_000),
    (8_000, 16_000),
    (11_025, 16_000),
    (44_100, 32_000),
    (48_000, 32_000),
    (96_000, 16_000),
]
# When a sound begins at once, soxr's first samples are not those of its own filter, by up to 2e-2.
_SOXR_START = 24


def _in_one(waveform, from_rate, to_rate):
    return _in_pieces(waveform, [], from_rate, to_rate)


def _in_pieces(waveform, cuts, from_rate, to_rate):
    resampler = PolyphaseResampler(from_rate, to_rate)
    state, pieces = resampler.initial_state(), []
    for start, end in pairwise([0, *sorted(cuts), len(waveform)]):
        piece, state = resampler.push(waveform[start:end], state)
        pieces.append(piece)
    return np.concatenate([*pieces, resampler.finish(state)])


# --- the law ---


@given(rates=st.sampled_from([*_QUICK_RATES, *_OTHER_RATES]), n_samples=st.integers(0, 20_000), data=st.data())
def test_pieces_equal_the_whole(rates, n_samples, data):
    cuts = data.draw(st.lists(st.integers(0, n_samples), max_size=8))
    assert np.array_equal(_in_pieces(_NOISE[:n_samples], cuts, *rates), _in_one(_NOISE[:n_samples], *rates))


_ANY_RATES = {
    "from_rate": st.integers(50, 3_000),
    "to_rate": st.integers(50, 3_000),
    "cuts": st.lists(st.integers(0, 2_000)),
}


@settings(max_examples=3)
@given(**_ANY_RATES)
def test_pieces_equal_the_whole_at_a_few_rates(from_rate, to_rate, cuts):
    _check_pieces(from_rate, to_rate, cuts)


@pytest.mark.slow
@settings(max_examples=12)
@given(**_ANY_RATES)
def test_pieces_equal_the_whole_at_any_rates(from_rate, to_rate, cuts):
    _check_pieces(from_rate, to_rate, cuts)


def _check_pieces(from_rate, to_rate, cuts):
    pieces = _in_pieces(_NOISE[:2_000], cuts, from_rate, to_rate)
    assert np.array_equal(pieces, _in_one(_NOISE[:2_000], from_rate, to_rate))
    assert len(pieces) == len(resample(_NOISE[:2_000], from_rate, to_rate))


@pytest.mark.parametrize("rates", _RATES)
def test_one_sample_at_a_time(rates):
    assert np.array_equal(_in_pieces(_NOISE[:1_000], range(1, 1_000), *rates), _in_one(_NOISE[:1_000], *rates))


@pytest.mark.parametrize("n_chunk", [1, 7, 441, 5_000, 30_000])
def test_chunks_of_one_size_equal_the_whole(n_chunk):
    n_samples = min(len(_NOISE), 1_500 * n_chunk)
    pieces = _in_pieces(_NOISE[:n_samples], range(n_chunk, n_samples, n_chunk), 44_100, 16_000)
    assert np.array_equal(pieces, _in_one(_NOISE[:n_samples], 44_100, 16_000))


# --- against soxr ---


@pytest.mark.parametrize("rates", _TO_MODELS)
def test_noise_over_the_full_band_is_soxrs(rates):
    ours, soxrs = _in_one(_NOISE, *rates), resample(_NOISE, *rates)
    assert np.abs(ours - soxrs)[_SOXR_START:].max() < 4e-5


@pytest.mark.parametrize("rates", _TO_MODELS)
def test_a_chirp_through_both_bands_is_soxrs(rates):
    times = np.arange(rates[0]) / rates[0]
    chirp = (0.5 * np.sin(np.pi * rates[0] / 2 * times**2)).astype(np.float32)
    assert np.abs(_in_one(chirp, *rates) - resample(chirp, *rates)).max() < 1e-4


@pytest.mark.parametrize("rates", [(20_000, 16_000), (88_200, 48_000), (32_000, 22_050)])
def test_unusual_ratios_equal_soxr_within_0_01_db(rates):
    assert np.abs(_in_one(_NOISE, *rates) - resample(_NOISE, *rates))[_SOXR_START:].max() < 3e-4


@given(
    rates=st.sampled_from([(44_100, 16_000), (48_000, 16_000), (16_000, 44_100), (7, 3)]),
    n_samples=st.integers(0, 3_000),
)
def test_as_many_samples_as_soxr(rates, n_samples):
    assert len(_in_one(_NOISE[:n_samples], *rates)) == len(resample(_NOISE[:n_samples], *rates))


# --- what the filter does ---


@pytest.mark.parametrize("rates", _RATES)
def test_a_tone_keeps_its_phase_and_amplitude(rates):
    from_rate, to_rate = rates
    before = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(from_rate // 2) / from_rate + 0.3)
    after = _in_one(before.astype(np.float32), *rates)
    expected = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(len(after)) / to_rate + 0.3)
    assert np.abs(after - expected)[300:-300].max() < 1e-5


@pytest.mark.parametrize("rates", _RATES)
def test_a_constant_stays_the_same(rates):
    constant = _in_one(np.full(rates[0] // 4, 0.5, dtype=np.float32), *rates)
    assert np.abs(constant[300:-300] - 0.5).max() < 3e-7


def test_frequencies_above_nyquist_are_removed():
    tone = np.sin(2 * np.pi * 8_000 * np.arange(44_100) / 44_100 + 1).astype(np.float32)
    assert np.abs(_in_one(tone, 44_100, 16_000)[300:-300]).max() < 1e-6


def test_the_latency_is_the_look_ahead():
    for rates in [(44_100, 16_000), (48_000, 16_000)]:
        resampler = PolyphaseResampler(*rates)
        n_ahead = round(resampler.latency_s * rates[0])
        assert resampler.latency_s < 0.007
        nothing, state = resampler.push(_NOISE[:n_ahead], resampler.initial_state())
        first, _ = resampler.push(_NOISE[n_ahead : n_ahead + 1], state)
        assert (len(nothing), len(first)) == (0, 1)


def test_equal_rates_pass_samples_through():
    resampler = PolyphaseResampler(32_000, 32_000)
    same, state = resampler.push(_NOISE, resampler.initial_state())
    assert np.array_equal(same, _NOISE)
    assert len(resampler.finish(state)) == 0
    assert resampler.latency_s == 0


# --- the state ---


@pytest.mark.parametrize("rates", _RATES)
@pytest.mark.parametrize("hours", [24, 24 * 365 * 1_000])
def test_long_streams_stay_exact(rates, hours):
    resampler = PolyphaseResampler(*rates)
    _, state = resampler.push(_NOISE[:5_003], resampler.initial_state())
    later = PolyphaseState(state.n_in + hours * 3_600 * rates[0], state.tail)
    now, state = resampler.push(_NOISE[5_003:20_000], state)
    then, later = resampler.push(_NOISE[5_003:20_000], later)
    assert np.array_equal(now, then)
    assert np.array_equal(resampler.finish(state), resampler.finish(later))


@pytest.mark.parametrize("rates", _RATES)
def test_a_state_is_saved_restored_and_forked(rates):
    resampler = PolyphaseResampler(*rates)
    head, state = resampler.push(_NOISE[:5_000], resampler.initial_state())
    file = io.BytesIO()
    np.savez(file, n_in=state.n_in, tail=state.tail)
    file.seek(0)
    with np.load(file) as saved:
        restored = PolyphaseState(int(saved["n_in"]), saved["tail"])
    other = np.concatenate([_NOISE[:5_000], -_NOISE[:4_000]])
    for continued, start in [(_NOISE[:9_000], state), (other, state), (_NOISE[:9_000], restored)]:
        tail, end = PolyphaseResampler(*rates).push(continued[5_000:], start)
        forked = np.concatenate([head, tail, resampler.finish(end)])
        assert np.array_equal(forked, _in_one(continued, *rates))


def test_a_state_has_constant_size():
    resampler = PolyphaseResampler(44_100, 16_000)
    _, state = resampler.push(_NOISE, resampler.initial_state())
    assert state.tail.base is None
    assert len(state.tail) == len(resampler.initial_state().tail)
    with pytest.raises(ValueError, match="read-only"):
        state.tail[0] = 1


def test_pushing_nothing_changes_nothing():
    resampler = PolyphaseResampler(44_100, 16_000)
    _, state = resampler.push(_NOISE, resampler.initial_state())
    nothing, same = resampler.push(_NOISE[:0], state)
    assert len(nothing) == 0
    assert same.n_in == state.n_in
    assert np.array_equal(same.tail, state.tail)


# --- refusals ---


@pytest.mark.parametrize("rates", [(0, 16_000), (16_000, 0)])
def test_an_impossible_rate_is_refused(rates):
    with pytest.raises(ValueError, match="0 Hz"):
        PolyphaseResampler(*rates)


def test_a_state_of_other_rates_is_refused():
    state = PolyphaseResampler(48_000, 16_000).initial_state()
    with pytest.raises(ValueError, match="44100 to 16000 Hz"):
        PolyphaseResampler(44_100, 16_000).push(_NOISE, state)
