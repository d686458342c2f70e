"""Batches of clips follow from the seed and the step, for any number of processes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.augment.chain import AugmentConfig
from panns.data.clip_lists import Clip
from panns.models.registry import find_model
from panns.models.residual_cnn import ResidualCnnConfig
from panns.results import Scores
from panns.training.engine.clip_batches import BatchConfig, ClipBatches, ClipTargets, MaskConfig, MixConfig
from panns.training.engine.distributed import World

RATE = 32_000
MODEL = ResidualCnnConfig(n_classes=3)
PLAIN = BatchConfig(batch_size=4, durations_s=(0.5,))


class Tones:
    """Clip i is a tone of its own frequency and length."""

    sample_rate = RATE

    def __init__(self, n_clips=6):
        self.clips = tuple(Clip(f"{i}.wav", ("x",)) for i in range(n_clips))

    def __len__(self):
        return len(self.clips)

    def waveform(self, i):
        times_s = np.arange(round((0.3 + 0.1 * i) * RATE)) / RATE
        return (0.3 * np.sin(2 * np.pi * 200 * (i + 1) * times_s)).astype(np.float32)


TARGETS = ClipTargets([(0,), (1,), (2,), (0, 1), (1, 2), ()], 3)


def make(config=PLAIN, *, targets=TARGETS, model=MODEL, seed=0, **more):
    return ClipBatches(Tones(), targets, model, config, seed, **more)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True)) and torch.equal(
        one.targets, other.targets
    )


FULL = BatchConfig(
    batch_size=4,
    sampling="balanced",
    durations_s=(0.25, 0.5),
    augment=AugmentConfig(speed_share=0.5, noise_share=0.5, gain_share=1.0, equaliser_share=0.5),
    mix=MixConfig("between_class", share=0.7),
    mask=MaskConfig(share=0.5),
)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_seed_and_step_determine_the_batch(step):
    assert same(make(FULL)(step), make(FULL)(step))
    assert not same(make(FULL)(step), make(FULL, seed=1)(step))
    assert not same(make(FULL)(step), make(FULL)(step + 1))


def test_processes_share_a_batch():
    whole = make(FULL)(3)
    parts = [make(FULL, world=World(rank, 2))(3) for rank in range(2)]
    for rank, part in enumerate(parts):
        assert torch.equal(part.targets, whole.targets[rank::2])
        assert torch.equal(part.inputs[0], whole.inputs[0][rank::2])
    with pytest.raises(ValueError, match=r"batch_size=4 .* 3 processes"):
        make(FULL, world=World(0, 3))


def test_an_epoch_has_every_clip_once():
    batches = make(replace(PLAIN, batch_size=3))
    found = torch.cat([batches(step).targets for step in range(2)])
    expected = np.zeros((6, 3))
    for row, classes in enumerate(TARGETS.classes):
        expected[row, list(classes)] = 1
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, expected.tolist()))


def test_a_batch_has_one_duration():
    batches = make(replace(PLAIN, durations_s=(0.25, 0.5, 1.0)))
    n_frames = {batches(step).inputs[0].shape[1] for step in range(20)}
    assert n_frames == {MODEL.frontend.n_frames(round(duration_s * RATE)) for duration_s in (0.25, 0.5, 1.0)}
    shortest = make(replace(PLAIN, durations_s=(0.001,)))(0)
    assert shortest.inputs[0].shape[1] == MODEL.frontend.n_frames(MODEL.min_input_samples)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("residual_cnn", [(4, 51, 64)]),
        ("leenet11", [(4, 16_000)]),
        ("wavegram_logmel_cnn14", [(4, 16_000), (4, 51, 64)]),
    ],
)
def test_inputs_follow_the_front_end(name, shapes):
    batch = make(replace(PLAIN, mask=MaskConfig(share=1.0)), model=find_model(name).config)(0)
    assert [tuple(one.shape) for one in batch.inputs] == shapes


def test_labels_of_mixtures_are_shares_or_a_union():
    shared = make(replace(PLAIN, mix=MixConfig("mixup")), targets=replace(TARGETS, classes=[(0,), (1,), (2,)] * 2))
    for step in range(5):
        torch.testing.assert_close(shared(step).targets.sum(dim=1), torch.ones(4))
    union = make(replace(PLAIN, mix=MixConfig("between_class", labels="union")))
    found = torch.cat([union(step).targets for step in range(10)])
    assert set(found.unique().tolist()) == {0.0, 1.0}
    assert (found.sum(dim=1) > 1).any()


def test_cached_teacher_scores_are_mixed_like_clips():
    probs = np.eye(6, 3, dtype=np.float32) + np.float32(0.25)
    targets = replace(TARGETS, classes=[(0,), (1,), (2,), (), (), ()], teacher_probs=probs)
    batch = make(replace(PLAIN, mix=MixConfig("mixup")), targets=targets)(0)
    torch.testing.assert_close(batch.teacher_probs, batch.targets + 0.25)


def test_a_teacher_scores_the_mixture_without_masks():
    scored = []

    def teacher(waveforms):
        scored.append(waveforms)
        frames = np.arange(5, dtype=np.float32)[None, :, None].repeat(len(waveforms), 0).repeat(3, 2)
        onsets_s = np.tile(np.arange(5) * 0.1, (len(waveforms), 1))
        return Scores(
            np.full((len(waveforms), 3), 0.5, np.float32), frames, np.ones((len(waveforms), 7), np.float32), onsets_s
        )

    masked = make(replace(FULL, mask=MaskConfig(share=1.0)), teacher=teacher)(2)
    plain = make(replace(FULL, mask=MaskConfig(share=0.0)), teacher=teacher)(2)
    assert np.array_equal(scored[0], scored[1])
    assert not same(masked, plain)
    assert masked.teacher_probs.shape == (4, 3)
    assert masked.teacher_embedding.shape == (4, 7)
    assert masked.teacher_frames.shape == (4, MODEL.n_frames(scored[0].shape[1]), 3)


def test_frame_targets_move_with_the_clip():
    """Clip 0, 0.3 s long, lies somewhere in 1 s; its label sounds in its second half."""
    events = [[(2, 0.15, 0.3)], *[[]] * 5]
    batches = make(
        replace(PLAIN, durations_s=(1.0,), batch_size=6), targets=replace(TARGETS, events=events, has_frames=True)
    )
    batch = batches(0)
    row = batches.sampler.indices(0).tolist().index(0)
    loud = (batch.inputs[0][row].mean(dim=1) > -60).nonzero()[:, 0] * MODEL.frontend.hop_s
    sounding = (batch.frame_targets[row, :, 2] > 0.5).nonzero()[:, 0] * MODEL.frame_hop_s
    assert float(sounding.min()) == pytest.approx(float(loud.min()) + 0.15, abs=0.08)
    assert float(sounding.max()) == pytest.approx(float(loud.max()) - 0.04, abs=0.08)
    assert batch.frame_targets[..., :2].sum() == 0


def test_a_crop_loses_classes_outside_of_it():
    """Clip 5 of 0.8 s has class 0 in its first half, class 1 throughout, and class 2 without events."""
    targets = replace(
        TARGETS, classes=[*TARGETS.classes[:5], (0, 1, 2)], events=[*[()] * 5, ((0, 0, 0.4), (1, 0, 0.8))]
    )
    batches = make(replace(PLAIN, durations_s=(0.2,), batch_size=6), targets=targets)
    timed = make(replace(PLAIN, durations_s=(0.2,), batch_size=6), targets=replace(targets, has_frames=True))
    seen = set()
    for step in range(30):
        row = batches.sampler.indices(step).tolist().index(5)
        clip_targets = batches(step).targets[row]
        frames = timed(step).frame_targets[row]
        assert torch.equal(clip_targets[:2] > 0, frames[:, :2].amax(dim=0) > 0)
        assert clip_targets[1:].tolist() == [1.0, 1.0]
        seen.add(float(clip_targets[0]))
    assert seen == {0.0, 1.0}


def test_balanced_sampling_covers_mixing_partners():
    """Class 1 has one clip of six, and is mixed in as often as class 0."""
    targets = ClipTargets([(0,)] * 5 + [(1,)], 2)
    config = BatchConfig(batch_size=50, sampling="balanced", durations_s=(0.1,), mix=MixConfig("mixup", labels="union"))
    batch = make(config, targets=targets, model=ResidualCnnConfig(n_classes=2))(0)
    # Half of the clips are of either class, and half of their partners.
    assert (batch.targets.sum(dim=0) / 50).tolist() == pytest.approx([0.75, 0.75], abs=0.12)


@pytest.mark.parametrize(
    ("make_config", "words"),
    [
        (lambda: BatchConfig(batch_size=0), "batch_size=0"),
        (lambda: BatchConfig(durations_s=()), r"durations_s=\(\)"),
        (lambda: MixConfig(share=2.0), r"share=2\.0"),
        (lambda: MaskConfig(max_bands=1.5), r"max_bands=1\.5"),
    ],
)
def test_values_out_of_range_are_refused(make_config, words):
    with pytest.raises(ValueError, match=words):
        make_config()


def test_recorded_noise_is_mixed_in():
    class Steady(Tones):
        def waveform(self, _):
            return np.full(RATE, 0.5, np.float32)  # no sound of the others is as steady

    augment = AugmentConfig(noise_share=1.0, recorded_noise_share=1.0, noise_snr_range_db=(0.0, 0.0))
    noisy = make(replace(PLAIN, augment=augment), model=find_model("leenet11").config, noise=Steady())(0)
    assert (noisy.inputs[0].mean(dim=1) > 0.05).all()


class RecordingTeacher:
    """A teacher that keeps the waveforms that it scores."""

    def __init__(self):
        self.waveforms = []

    def __call__(self, waveforms):
        self.waveforms.append(waveforms)
        return Scores(np.zeros((len(waveforms), 3), np.float32), None, None, None)


@pytest.mark.parametrize("kind", ["none", "between_class", "mixup"])
def test_a_teacher_gets_clean_waveforms_with_equal_timing(kind):
    """Crops, speed, shift and mixing are those of the network; room, noise, filters and gain are left out."""
    timing = AugmentConfig(speed_share=0.5, shift_share=1.0)
    degraded = replace(timing, noise_share=1.0, reverb_share=0.5, equaliser_share=1.0, gain_share=1.0)
    mixed = replace(PLAIN, mix=MixConfig(kind, share=0.5))
    found = {}
    for name, augment, sees_clean in (
        ("timing", timing, False),
        ("clean", degraded, True),
        ("degraded", degraded, False),
    ):
        teacher = RecordingTeacher()
        batch = make(replace(mixed, augment=augment), teacher=teacher, teacher_sees_clean=sees_clean)(5)
        found[name] = teacher.waveforms[0], batch
    np.testing.assert_array_equal(found["clean"][0], found["timing"][0])
    assert not np.allclose(found["clean"][0], found["degraded"][0], atol=0.01)
    assert same(found["clean"][1], found["degraded"][1])
