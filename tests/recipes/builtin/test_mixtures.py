"""Mixed batches: pure functions of the step, labelled by their audible sounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.frontend import LogMelConfig, log_mel
from panns.training.engine.loop import TrainConfig
from recipes.builtin.drawing import ClipLabels, MixtureConfig
from recipes.builtin.mixtures import Mixtures
from recipes.builtin.settings import Settings
from recipes.builtin.teacher import TeacherOutput
from recipes.common.mel_store import MelStore, write_mel_store

OWN = LogMelConfig(n_mels=16)
TEACHERS = LogMelConfig(n_mels=24, mel_scale="kaldi", log="ln", log_floor=1e-5, shift=4.5, scale=0.2)
PLAIN = MixtureConfig(
    batch_size=4,
    n_frames=50,
    source_shares=(1.0,),
    gain_range_db=(0.0, 0.0),
    colour_share=0.0,
    low_pass_share=0.0,
    reversed_share=0.0,
    mask_share=0.0,
    label_target=0.9,
    telephone_share=0.0,
    silence_share=0.0,
)
N_CLASSES = 527


def quiet_teacher(features, prob=0.25):
    return TeacherOutput(np.full((len(features), N_CLASSES), prob, np.float32), features.mean(axis=1)[:, :5], ())


def tone(hz: float, seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * 32_000)) / 32_000)).astype(np.float32)


@pytest.fixture
def waveforms():
    return [tone(440, 0.3), tone(2_000, 1.0), tone(6_000, 0.5)]


@pytest.fixture
def make(tmp_path, waveforms):
    write_mel_store(tmp_path, waveforms, (OWN, TEACHERS))
    classes = np.eye(3, N_CLASSES, 1, dtype=np.float32)  # not Speech, whose synthetic voices have a rule of their own
    labels = ClipLabels([[0], [1], [2]], classes, np.array([0, 1, -1]), n_categories=2)

    def build(config=PLAIN, seed=0, teacher=quiet_teacher):
        settings = Settings(seed, TrainConfig(n_steps=1), mixtures=config)
        return Mixtures(MelStore(tmp_path, 2), labels, [False] * 3, (OWN, TEACHERS), 1, 5, teacher, settings)

    return build


def test_the_step_decides_the_batch(make):
    config = replace(PLAIN, source_shares=(0.3, 0.3, 0.4), colour_share=0.5, low_pass_share=0.5, mask_share=0.5)
    first, again, other = make(config)(3), make(config)(3), make(config)(4)
    assert torch.equal(first.inputs[0], again.inputs[0])
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.inputs[0], other.inputs[0])
    assert not torch.equal(first.inputs[0], make(config, seed=1)(3).inputs[0])


def test_features_without_augmentation_are_those_of_the_clip(make, waveforms):
    batch = make()(0)
    for features, answer in zip(batch.inputs[0].numpy(), batch.targets.argmax(dim=1), strict=True):
        expected = log_mel(waveforms[answer - 1], OWN)
        # Shifted on a ring or surrounded by silence: the tone is as strong, in the same band, and all there is.
        band = int(expected.max(axis=0).argmax())
        middle = np.median(expected[:, band])
        assert int(features.max(axis=0).argmax()) == band
        n_loud = int((features[:, band] > middle - 1).sum())
        assert features[:, band].max() == pytest.approx(expected[:, band].max(), abs=0.5)
        assert min(50, len(expected)) - n_loud <= 4


def test_every_clip_comes_first_equally_often(make):
    firsts = torch.cat([make()(step).targets.argmax(dim=1) for step in range(3)])
    assert torch.bincount(firsts).tolist() == [0, 4, 4, 4]


def test_target_is_maximum_of_label_and_teacher(make):
    batch = make()(0)
    assert sorted(set(batch.targets.flatten().tolist())) == pytest.approx([0.25, 0.9])
    sure = make(teacher=lambda features: quiet_teacher(features, 0.95))(0)
    assert (sure.targets == torch.tensor(0.95)).all()


def test_category_shares_depend_on_level(make):
    batch = make()(0)
    for row, answer in zip(batch.categories, batch.targets.argmax(dim=1), strict=True):
        assert row.tolist() == {1: [1.0, 0.0], 2: [0.0, 1.0], 3: [0.0, 0.0]}[int(answer)]
    mixed = make(replace(PLAIN, source_shares=(0.0, 1.0), level_range_db=(0.0, 0.0), batch_size=32))(0)
    assert set(mixed.categories.sum(dim=1).tolist()) <= {0.0, 1.0}
    assert (mixed.categories == 0.5).any()


def test_a_faint_clip_is_no_label(make):
    config = replace(PLAIN, source_shares=(0.0, 1.0), level_range_db=(-40.0, -40.0), batch_size=12)
    batch = make(config)(0)
    assert (batch.targets > 0.25).sum(dim=1).max() == 1


def test_teacher_and_network_get_the_same_mixture(make):
    scored = []

    def teacher(features):
        scored.append(features)
        return quiet_teacher(features)

    config = replace(PLAIN, low_pass_share=1.0, low_pass_range_hz=(1_000.0, 1_001.0), gain_range_db=(-6.0, -6.0))
    batch = make(config, teacher=teacher)(0)
    for own, others in zip(batch.inputs[0].numpy(), scored[0], strict=True):
        assert own[:, -4:].max() < -60
        assert others[:, -6:].max() < (np.log(1e-5) + 4.5) * 0.2 + 0.05


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="must sum to 1"):
        MixtureConfig(source_shares=(0.5, 0.4))
    with pytest.raises(ValueError, match=r"absent_db=-5\.0 must be below present_db=-10\.0"):
        MixtureConfig(absent_db=-5.0)
