"""Batches of soundscapes: what is asked for is what was put there, and when."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from panns.data.soundscapes import SoundscapeConfig, Stretch
from panns.frontend import LogMelConfig, log_mel
from panns.training.engine.losses import LossConfig, Objective, category_loss
from recipes.builtin.drawing import ClipLabels, nth_clip
from recipes.common.mel_store import MelStore, write_mel_store
from recipes.stream.batches import ClipFrames, SoundscapeBatchConfig, SoundscapeBatches
from tests.networks.test_causal_crnn import CONFIG
from tests.sounds import tone
from tests.tiny_checkpoints import healthy_network

FRONTEND = LogMelConfig(
    sample_rate=16_000, n_fft=512, window_samples=512, hop_samples=160, alignment="causal", f_max_hz=8_000.0
)
# Two clips at two speeds, each a tone from 0.5 to 1.5 s, low and high.
HZ = (300.0, 3_000.0)
SOUNDSCAPE = SoundscapeConfig(duration_s=4.0, n_events=(1, 2), background_db=(-60.0, -60.0), snr_db=(30.0, 30.0))
PLAIN = SoundscapeBatchConfig(
    batch_size=4, soundscape=SOUNDSCAPE, colour_share=0.0, low_pass_share=0.0, mask_share=0.0, label_target=0.9
)
LABELS = ClipLabels(
    rows=[range(2), range(2, 4)],
    classes=np.eye(3, dtype=np.float32)[:2],
    categories=np.array([0, 1]),
    n_categories=2,
)


def band_of(hz):
    """The mel band that a tone is in."""
    return int(log_mel(tone(1.0, hz=hz, sample_rate=16_000), FRONTEND)[50].argmax())


def padded(waveform):
    return np.pad(waveform, 8_000)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mels")
    rows = [padded(tone(1.0, hz=hz, sample_rate=16_000)) for hz in HZ for _ in range(2)]
    write_mel_store(folder, rows, [FRONTEND])
    teacher = np.zeros((4 * 11, 3), np.float16)
    teacher[:22, 2] = 0.5  # in the low one it scores a third class too
    frames = ClipFrames(
        stretches=[[Stretch(0.5, 1.5, -13.5)]] * 4,
        teacher=teacher,
        offsets=np.arange(5) * 11,
        hop_s=0.2,
    )

    def batches(config=PLAIN, seed=0):
        return SoundscapeBatches(MelStore(folder, n_frontends=1), LABELS, frames, FRONTEND, config, seed)

    return batches


def test_targets_are_where_the_sound_is(make):
    seen = set()
    for step in range(4):
        batch = make()(step)
        features = batch.inputs[0].numpy()
        assert features.shape == (4, 400, 64)
        assert batch.frame_targets.shape == (4, 100, 3)
        for one, targets in zip(features, batch.frame_targets.numpy(), strict=True):
            # Where the tones are, far above the noise there.
            levels = one[:, [band_of(hz) for hz in HZ]].max(axis=1).reshape(100, 4)[:, -1]
            is_loud = levels > levels.max() - 25
            asked = targets[:, :2].max(axis=1) > 0.5
            # A frame looks back over 32 ms, so its loudness may end a target later.
            assert (is_loud == asked).mean() > 0.97
            seen |= {int(targets[:, :2].sum(axis=0).argmax())}
            assert set(np.unique(targets[:, :2]).round(3)) <= {0.0, np.float32(0.9).round(3)}
            np.testing.assert_allclose(targets[:, 2], 0.5 * (targets[:, 0] > 0))
    assert seen == {0, 1}


def test_clip_targets_are_maxima_of_frame_targets(make):
    batch = make()(0)
    torch.testing.assert_close(batch.targets, batch.frame_targets.amax(dim=1))
    sums = batch.frame_categories.sum(dim=2)
    assert set(sums.unique().round(decimals=5).tolist()) == {0.0, 1.0}
    torch.testing.assert_close(batch.categories.sum(dim=1), torch.ones(4))


def test_a_batch_depends_on_seed_and_step_alone(make):
    first, again, other = make()(3), make()(3), make(seed=1)(3)
    torch.testing.assert_close(first.inputs[0], again.inputs[0], rtol=0, atol=0)
    assert not torch.equal(first.inputs[0], other.inputs[0])


def test_every_clip_comes_first_equally_often():
    firsts = [nth_clip(number, 3, seed=0) for number in range(12)]
    assert [sorted(firsts[start : start + 3]) for start in range(0, 12, 3)] == [[0, 1, 2]] * 4
    assert len({tuple(firsts[start : start + 3]) for start in range(0, 12, 3)}) > 1


def test_masks_do_not_change_targets(make):
    masked = SoundscapeBatchConfig(
        batch_size=4, soundscape=SOUNDSCAPE, colour_share=1.0, low_pass_share=1.0, mask_share=1.0, label_target=0.9
    )
    plain, hidden = make()(0), make(masked)(0)
    assert (plain.inputs[0] != hidden.inputs[0]).float().mean() > 0.3
    assert hidden.frame_targets.max() == pytest.approx(0.9)


def test_network_learns_from_soundscapes(make):
    torch.manual_seed(0)
    network = healthy_network("stream", CONFIG).train()
    members = torch.zeros(2, 5, dtype=torch.bool)
    members[0, 0] = members[1, 1] = True
    objective = Objective(LossConfig(clip=0.0, frames=1.0, frame_categories=1.0), category_classes=members)
    batch = make()(0)
    padded_targets = torch.nn.functional.pad(batch.frame_targets, (0, 2))
    batch = type(batch)(
        batch.inputs, batch.targets, frame_targets=padded_targets, frame_categories=batch.frame_categories
    )
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(15):
        terms = objective(network.forward_features(*batch.inputs), batch)
        assert set(terms) == {"frames", "frame_categories"}
        loss = sum(terms.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_categories_of_several_classes_score_as_their_sum():
    """The gathered computation is that of a mask over all classes."""
    torch.manual_seed(0)
    logits, shares = torch.randn(6, 9), torch.rand(6, 3)
    members = torch.tensor(
        [[1, 1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 1, 1, 0, 0, 0]]
    ).bool()
    masked = logits[:, None].masked_fill(~members, float("-inf")).logsumexp(dim=2).log_softmax(dim=1)
    torch.testing.assert_close(category_loss(logits, shares, members), -(shares * masked).sum() / shares.sum())
