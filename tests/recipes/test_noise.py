"""Noise in the ESC-50 recipe: reproducible, at the right ratio, and from recordings outside the training."""

from __future__ import annotations

import numpy as np
import pytest

from panns.augment.level import active_power
from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from recipes.esc50 import noise as recipe
from recipes.esc50.noise import (
    BABBLE,
    MODELS,
    NOISES,
    SNRS_DB,
    TEST_KINDS,
    NoisyAudio,
    Result,
    prepare,
    recovered_share,
    render_table,
)
from tests.sounds import noise, tone, write_wav


class Clips:
    """Two tones."""

    sample_rate = 32_000
    clips = (Clip("a.wav", ("low",)), Clip("b.wav", ("high",)))

    def __len__(self) -> int:
        return 2

    def waveform(self, i):
        return 0.1 * tone(0.5, hz=200 + 800 * i)


RECORDED = [noise(1.0, seed=i) for i in range(6)]


@pytest.mark.parametrize("kind", [*TEST_KINDS, BABBLE])
def test_noise_has_its_ratio_and_is_equal_at_every_ratio(kind):
    added = {}
    for snr_db in SNRS_DB:
        noisy = NoisyAudio(Clips(), RECORDED, kind, snr_db)
        assert (noisy.waveform(1) == noisy.waveform(1)).all()
        added[snr_db] = noisy.waveform(1) - Clips().waveform(1)
        ratio = active_power(Clips().waveform(1)) / active_power(added[snr_db])
        assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.1)
    np.testing.assert_allclose(added[10], added[20] * 10**0.5, rtol=1e-3, atol=1e-4)


def test_clips_have_different_noise():
    noisy = NoisyAudio(Clips(), RECORDED, BABBLE, 0)
    one, other = (noisy.waveform(i) - Clips().waveform(i) for i in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5


def test_train_and_test_lists_share_no_noise(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "OUT", tmp_path)
    train_kinds = ("siren", "drilling")
    kinds = ("siren", *TEST_KINDS, "drilling")
    listed = [Clip(f"{kind}{i}.wav", (kind,), source=f"{kind}{i}") for kind in kinds for i in range(2)]
    monkeypatch.setattr(recipe, "list_clips", lambda *_: listed)
    (tmp_path / "speech").mkdir()
    write_wav(tmp_path / "speech" / "one.wav", noise(0.5))
    known = {listed[0].source, listed[3].source}
    write_clip_list(tmp_path / "clips.csv", [Clip(f"{one}.wav", ("dog",), "1", one) for one in known])
    prepare(tmp_path / "city", tmp_path / "speech")
    train, test = (read_clip_list(tmp_path / name).clips for name in (recipe.TRAIN_FILE, recipe.TEST_FILE))
    assert {clip.labels[0] for clip in train} == set(train_kinds)
    assert {clip.labels[0] for clip in test} == {*TEST_KINDS, BABBLE}
    assert not known & {clip.source for clip in (*train, *test)}
    assert not {clip.source for clip in train} & {clip.source for clip in test}


def test_table_has_recovered_shares():
    other, without, with_noise = (models for models, *_ in MODELS)

    def by_fold(*accuracies):
        return dict(zip("24", accuracies, strict=True))

    results = [Result(models, "", None, by_fold(0.9, 0.9)) for models in (other, without)]
    results.append(Result(with_noise, "", None, by_fold(0.8, 0.9)))
    for kind in NOISES:
        for snr_db in SNRS_DB:
            results.append(Result(other, kind, snr_db, by_fold(0.6, 0.6)))
            results.append(Result(without, kind, snr_db, by_fold(0.5, 0.5)))
            results.append(Result(with_noise, kind, snr_db, by_fold(0.6, 0.8)))
    lines = render_table(results).splitlines()
    assert lines[2] == "| none | | 0.900 ± 0.000 | 0.900 ± 0.000 | 0.850 ± 0.071 | | |"
    assert lines[3] == "| air conditioner | 20 dB | 0.600 ± 0.000 | 0.500 ± 0.000 | 0.700 ± 0.141 | 33% | 50% |"
    assert lines[-3] == "| **all three** | 0 dB | **0.600** | **0.500** | **0.700** | **33%** | **50%** |"
    assert lines[-1].startswith("Mean over the folds 2, 4 of ESC-50")
    assert recovered_share(results, 10) == pytest.approx(0.5)


def test_models_are_compared_on_common_folds():
    other, without, with_noise = (models for models, *_ in MODELS)
    results = []
    for kind, snr_db in [("", None), *((kind, snr_db) for kind in NOISES for snr_db in SNRS_DB)]:
        results.append(Result(other, kind, snr_db, {"2": 0.9 if snr_db is None else 0.5}))
        results.append(Result(without, kind, snr_db, dict.fromkeys("24", 0.9 if snr_db is None else 0.5)))
        results.append(Result(with_noise, kind, snr_db, {"2": 0.6, "4": 0.8}))
    assert recovered_share(results, 10) == pytest.approx(0.5)
    assert recovered_share(results, 10, without=other) == pytest.approx(0.25)
    lines = render_table(results).splitlines()
    assert lines[3] == "| air conditioner | 20 dB | 0.500 | 0.500 ± 0.000 | 0.700 ± 0.141 | 25% | 50% |"
    assert lines[-1].endswith("`train.toml` and the comparison with it: fold 2.")
    of_two_kinds = [one for one in results if one.models != other]
    assert (
        render_table(of_two_kinds).splitlines()[3]
        == "| air conditioner | 20 dB | 0.500 ± 0.000 | 0.700 ± 0.141 | 50% |"
    )
