from __future__ import annotations

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.augment import chain
from panns.augment.chain import AugmentConfig, augment_waveform
from panns.config import config_from_dict, config_to_dict
from panns.errors import MissingExtra
from tests.hypothesis_examples import examples
from tests.sounds import noise, tone

RATE = 32_000
SHARES = tuple(field.name for field in fields(AugmentConfig) if field.name.endswith("_share"))
ALL = AugmentConfig(**dict.fromkeys(SHARES, 1.0), codecs=("mu_law",))
HALF = AugmentConfig(**dict.fromkeys(SHARES, 0.5), codecs=("mu_law", "gsm"))
STEPS = {
    "speed_share": "change_speed",
    "shift_share": "shift_circular",
    "reverb_share": "add_reverb",
    "noise_share": "add_noise",
    "equaliser_share": "colour_db",
    "low_pass_share": "low_pass_db",
    "high_pass_share": "high_pass_db",
    "gain_share": "apply_gain",
    "codec_share": "apply_random_codec",
}


def sounds():
    """Anything a clip may be: silence, full scale, one click, noise at any level; from one sample on."""
    kinds = {
        "silence": lambda n, _: np.zeros(n),
        "full scale": lambda n, rng: np.where(rng.random(n) < 0.5, -1.0, 1.0),
        "constant": lambda n, _: np.ones(n),
        "click": lambda n, rng: np.eye(1, n, rng.integers(n))[0],
        "noise": lambda n, rng: rng.standard_normal(n) * 10 ** rng.uniform(-8, 0),
    }
    return st.builds(
        lambda kind, n, seed: kinds[kind](n, np.random.default_rng(seed)).astype(np.float32),
        st.sampled_from(sorted(kinds)),
        st.one_of(st.integers(1, 40), st.integers(1, 4_000)),
        st.integers(0, 99),
    )


@settings(max_examples=examples(60))
@given(sounds(), st.integers(0, 2**32), st.sampled_from([ALL, HALF]), st.sampled_from([8_000, 32_000, 44_100]))
def test_any_input_gives_finite_output_of_equal_length(sound, seed, config, sample_rate):
    before = sound.copy()
    recording = noise(0.01, seed=seed % 100)
    result = augment_waveform(sound, config, sample_rate, np.random.default_rng(seed), noise=lambda _: recording)
    assert result.shape == sound.shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert np.abs(result).max() <= max(1.0, float(np.abs(sound).max()))
    assert (sound == before).all()
    assert not np.shares_memory(result, sound)


def test_by_default_nothing_happens():
    sound = 3 * noise(0.1)
    result = augment_waveform(sound, AugmentConfig(), RATE, np.random.default_rng(0))
    assert (result == sound).all()
    assert not np.shares_memory(result, sound)


def test_the_state_of_the_generator_decides():
    sound, rng = noise(0.3), np.random.default_rng(0)
    augment_waveform(sound, HALF, RATE, rng)
    resumed = np.random.default_rng(1)
    resumed.bit_generator.state = rng.bit_generator.state
    results = [augment_waveform(sound, ALL, RATE, generator) for generator in (rng, resumed, rng)]
    assert (results[0] == results[1]).all()
    assert (results[0] != results[2]).any()


def test_the_generator_advances_by_a_fixed_amount():
    nexts = []
    for config in (AugmentConfig(), HALF, ALL):
        rng = np.random.default_rng(0)
        augment_waveform(noise(0.1), config, RATE, rng)
        nexts.append(rng.random())
    assert nexts[0] == nexts[1] == nexts[2]


@pytest.fixture
def drawn(monkeypatch):
    """Last arguments of each step except waveforms; a generator is recorded by its next draw."""
    given = {}

    def watch(name):
        step = getattr(chain, name)

        def watched(*args, **kwargs):
            given[name] = repr([_described(value) for value in (*args, *kwargs.values())])
            return step(*args, **kwargs)

        monkeypatch.setattr(chain, name, watched)

    for name in STEPS.values():
        watch(name)
    return given


def _described(value):
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, np.ndarray):
        return value.tolist() if len(value) < 10 else "sound or frequencies"
    return value


@pytest.mark.parametrize("off", STEPS)
def test_each_step_draws_from_its_own_generator(drawn, off):
    def run(config):
        drawn.clear()
        augment_waveform(noise(0.2), config, RATE, np.random.default_rng(7))
        return dict(drawn)

    everything, all_but_one = run(ALL), run(replace(ALL, **{off: 0.0}))
    assert set(everything) == set(STEPS.values())
    del everything[STEPS[off]]
    assert all_but_one == everything


@pytest.mark.parametrize("share", STEPS)
def test_each_share_is_respected(drawn, share):
    config, n_times = AugmentConfig(**{share: 0.3}, codecs=("mu_law",)), 0
    rng = np.random.default_rng(0)
    for _ in range(100):
        drawn.clear()
        result = augment_waveform(0.1 * tone(0.01), config, RATE, rng)
        assert set(drawn) <= {STEPS[share]}
        assert drawn or (result == 0.1 * tone(0.01)).all()
        n_times += len(drawn)
    assert 15 <= n_times <= 45


def test_recorded_noise_share_is_respected():
    hum = tone(0.1, hz=100)
    config = AugmentConfig(noise_share=1.0, noise_snr_range_db=(0.0, 0.0), noise_exponent_range=(-2.0, -2.0))
    asked = []

    def recordings(rng):
        asked.append(rng.random())
        return hum

    sound = 0.1 * tone(0.5, hz=5_000)
    lows = []
    for seed in range(40):
        result = augment_waveform(sound, config, RATE, np.random.default_rng(seed), noise=recordings)
        lows.append(np.abs(np.fft.rfft(result))[50] > 10)
    assert sum(lows) == len(asked) == len(set(asked))
    assert 10 <= len(asked) <= 30
    # Without recordings there is made noise each time.
    made = augment_waveform(sound, replace(config, recorded_noise_share=1.0), RATE, np.random.default_rng(0))
    assert (made != sound).all()


def next_of(sounds, _duration):
    return next(sounds)


def test_several_recordings_may_sound_at_once():
    config = AugmentConfig(
        noise_share=1.0, noise_snr_range_db=(0.0, 0.0), recorded_noise_share=1.0, noise_layers_range=(2, 4)
    )
    counts = set()
    for seed in range(30):
        hums = iter([tone(0.5, hz=hz) for hz in (100, 200, 300, 400)])
        result = augment_waveform(
            tone(0.5, hz=5_000), config, RATE, np.random.default_rng(seed), noise=partial(next_of, hums)
        )
        is_mixed = np.abs(np.fft.rfft(result))[[50, 100, 150, 200]] > 300
        assert is_mixed.tolist() == sorted(is_mixed, reverse=True)
        counts.add(int(is_mixed.sum()))
    assert counts == {2, 3, 4}


def test_time_changes_move_a_sound_like_all_steps():
    config = AugmentConfig(
        speed_share=0.5, shift_share=1.0, reverb_share=1.0, noise_share=1.0, equaliser_share=1.0, gain_share=1.0
    )
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1.0
    places = set()
    for seed in range(20):
        moved = augment_waveform(click, config.time_changes, RATE, np.random.default_rng(seed))
        noiseless = replace(config, noise_share=0.0, reverb_share=0.0)
        changed = augment_waveform(click, noiseless, RATE, np.random.default_rng(seed))
        assert abs(int(np.abs(moved).argmax()) - int(np.abs(changed).argmax())) <= 2
        places.add(int(np.abs(moved).argmax()))
        assert np.abs(moved).max() == pytest.approx(1.0, abs=0.4)  # neither louder nor softer but by its speed
    assert len(places) > 15
    assert replace(config, speed_share=0.0, shift_share=0.0).time_changes == AugmentConfig()


def test_a_shift_may_be_followed_by_silence():
    config = AugmentConfig(shift_share=1.0, max_shift_s=0.1, shift_fill="silence")
    results = [augment_waveform(np.ones(RATE, np.float32), config, RATE, np.random.default_rng(s)) for s in range(9)]
    assert all(RATE * 0.9 <= result.sum() <= RATE for result in results)
    assert len({result.sum() for result in results}) > 5


def test_peaks_above_full_scale_are_scaled_down():
    config = AugmentConfig(gain_share=1.0, gain_range_db=(30.0, 30.0))
    sound = tone(0.1)
    result = augment_waveform(sound, config, RATE, np.random.default_rng(0))
    assert result == pytest.approx(sound / np.abs(sound).max(), abs=1e-6)


def test_keeps_times_is_false_with_speed_or_shift():
    assert AugmentConfig().keeps_times
    assert replace(ALL, speed_share=0.0, shift_share=0.0).keeps_times
    assert not AugmentConfig(speed_share=0.1).keeps_times
    assert not AugmentConfig(shift_share=0.1).keeps_times


def test_missing_codecs_are_reported_before_use(monkeypatch):
    def missing(*packages, what, extra):
        raise MissingExtra(what, package=packages[0], extra=extra)

    monkeypatch.setattr("panns.augment.codec.require", missing)
    AugmentConfig().check_installed()
    AugmentConfig(codec_share=0.1, codecs=("mp3", "gsm")).check_installed()
    with pytest.raises(MissingExtra, match="the codec 'opus' needs"):
        AugmentConfig(codec_share=0.1, codecs=("gsm", "opus")).check_installed()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"noise_share": 1.5}, "noise_share=1.5 "),
        ({"recorded_noise_share": -0.1}, "recorded_noise_share=-0.1 "),
        ({"speed_share": float("nan")}, "speed_share=nan "),
        ({"speed_range": (1.1, 0.9)}, r"speed_range=\(1.1, 0.9\) must .* within 0.25 to 4"),
        ({"gain_range_db": (0.0, 400.0)}, "gain_range_db=.* -100 to 100"),
        ({"low_pass_range_hz": (0.0, 4_000.0)}, "low_pass_range_hz=.* 20 to"),
        ({"noise_layers_range": (0, 3)}, r"noise_layers_range=\(0, 3\) must .* within 1 to 64"),
        ({"max_shift_s": -1.0}, "max_shift_s=-1 must be 0 to 3600"),
        ({"equaliser_depth_db": 60.0}, "equaliser_depth_db=60 must be 0 to 40"),
        ({"codecs": ()}, "codecs=\\(\\) is empty; use some of mp3"),
    ],
)
def test_invalid_settings_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        AugmentConfig(**values)


def test_settings_come_from_a_file_and_go_back():
    assert config_from_dict(AugmentConfig, config_to_dict(HALF)) == HALF
    with pytest.raises(ValueError, match="did you mean 'noise_share'"):
        config_from_dict(AugmentConfig, {"noise_shar": 0.5})
    with pytest.raises(ValueError, match="'wma' is not one of 'mp3'"):
        config_from_dict(AugmentConfig, {"codecs": ["wma"]})
