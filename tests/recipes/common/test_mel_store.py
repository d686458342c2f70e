from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from panns.frontend import LogMelConfig, compress, log_mel
from recipes.common.mel_store import MelStore, write_mel_store

OWN = LogMelConfig(n_mels=16)
OTHER = LogMelConfig(n_mels=24, mel_scale="kaldi", pre_emphasis=0.97, log="ln", log_floor=1e-5, shift=4.5, scale=0.2)


@pytest.fixture
def waveforms():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, n).astype(np.float32) for n in (16_000, 9_600, 40_000)]


def test_features_of_a_store_are_those_of_the_waveform(tmp_path, waveforms):
    write_mel_store(tmp_path, waveforms, (OWN, OTHER))
    store = MelStore(tmp_path, 2)
    assert len(store) == 3
    for clip, waveform in enumerate(waveforms):
        frames = np.arange(store.n_frames(clip))
        for power, config in zip(store.power(clip, frames), (OWN, OTHER), strict=True):
            expected = log_mel(waveform, config)
            assert len(expected) - store.n_frames(clip) in (0, 1)
            tolerance = 0.05 * (config.scale * np.log(10) / 10 if config.log == "ln" else 1.0)
            np.testing.assert_allclose(compress(power, config), expected[: len(frames)], atol=tolerance)


def test_reads_the_requested_frames(tmp_path, waveforms):
    write_mel_store(tmp_path, waveforms, (OWN,))
    store = MelStore(tmp_path, 1)
    whole = store.power(1, np.arange(store.n_frames(1)))[0]
    assert (store.power(1, np.array([5, 2, 2]))[0] == whole[[5, 2, 2]]).all()


def test_front_ends_must_share_their_time_grid(tmp_path, waveforms):
    with pytest.raises(ValueError, match="differ in sample rate or hop"):
        write_mel_store(tmp_path, waveforms, (OWN, replace(OTHER, hop_samples=160)))
