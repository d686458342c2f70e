"""The streaming network: whole sounds and blocks score alike, and scores never depend on later sound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.frontend import LogMelConfig, log_mel, log_mel_block
from panns.models.causal_crnn import CausalCrnnConfig
from tests.tiny_checkpoints import healthy_network

CONFIG = CausalCrnnConfig(stem_channels=4, channels=(4, 8, 8), embedding_dim=16, memory_s=0.4, n_heads=2, n_classes=5)
BLOCK = CONFIG.block_samples


@pytest.fixture(scope="module")
def network():
    return healthy_network("stream", CONFIG)


def sound(n_samples, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(2, n_samples, generator=generator)


@torch.inference_mode()
def test_blocks_equal_the_whole_sound(network):
    waveform = sound(12 * BLOCK)
    whole = network(waveform)
    for n_blocks in (1, 2, 5):
        state = torch.zeros(2, CONFIG.state_size + CONFIG.n_overlap)
        frames = []
        for start in range(0, waveform.shape[1], n_blocks * BLOCK):
            output, state = network.step_waveform(waveform[:, start : start + n_blocks * BLOCK], state)
            frames.append(output.frame_logits)
        torch.testing.assert_close(torch.cat(frames, dim=1), whole.frame_logits, atol=2e-5, rtol=0)


@torch.inference_mode()
def test_scores_do_not_depend_on_later_blocks(network):
    waveform = sound(8 * BLOCK)
    changed = waveform.clone()
    changed[:, 5 * BLOCK :] = sound(3 * BLOCK, seed=1)
    first, second = (network(one).frame_logits for one in (waveform, changed))
    n_same = 5 * CONFIG.block_frames
    torch.testing.assert_close(first[:, :n_same], second[:, :n_same], atol=1e-6, rtol=0)
    assert (
        first[:, n_same : n_same + CONFIG.block_frames] - second[:, n_same : n_same + CONFIG.block_frames]
    ).abs().max() > 1e-3


@torch.inference_mode()
def test_scores_are_linear_within_a_block(network):
    logits = network(sound(6 * BLOCK)).frame_logits.numpy()
    steps = np.diff(logits.reshape(2, 6, CONFIG.block_frames, -1), axis=2)
    np.testing.assert_allclose(steps, steps[:, :, :1].repeat(CONFIG.block_frames - 1, axis=2), atol=1e-5)


@torch.inference_mode()
def test_scores_at_the_ends_of_blocks():
    network = healthy_network("stream", CONFIG)
    waveform = sound(6 * BLOCK)
    expected = network(waveform).frame_logits[:, CONFIG.block_frames - 1 :: CONFIG.block_frames]
    network.scores_ends_only = True
    torch.testing.assert_close(network(waveform).frame_logits, expected)


@torch.inference_mode()
def test_memory_is_limited():
    network = healthy_network("stream", CONFIG)  # the rest is a hundred times longer than its memory
    rest = sound(1_000 * BLOCK, seed=2)
    state = torch.zeros(2, CONFIG.state_size + CONFIG.n_overlap)
    (_, first), (_, second) = (
        network.step_waveform(torch.cat([sound(50 * BLOCK, seed=seed), rest], dim=1), state) for seed in (0, 1)
    )
    assert torch.equal(first, second)


@torch.inference_mode()
@pytest.mark.parametrize("n_samples", [1, 160, 161, BLOCK, BLOCK + 1])
def test_every_hop_has_a_frame(network, n_samples):
    output = network(sound(n_samples))
    assert output.frame_logits.shape == (2, -(-n_samples // 160), 5)
    assert CONFIG.n_frames(n_samples) == output.frame_logits.shape[1]
    assert output.clip_logits.shape == (2, 5)
    assert output.embedding.shape == (2, 16)


def test_causal_log_mel_equals_log_mel_of_blocks():
    config = CONFIG.frontend
    waveform = sound(7 * BLOCK)[0].numpy()
    whole = log_mel(waveform, config)
    padded = np.pad(waveform, (config.n_overlap, 0))
    blocks = [
        log_mel_block(padded[start : start + BLOCK + config.n_overlap], config) for start in range(0, 7 * BLOCK, BLOCK)
    ]
    np.testing.assert_allclose(np.concatenate(blocks), whole, atol=1e-4)
    # Frame k ends with its own hop: it is the last one that a sample changes first.
    changed = waveform.copy()
    changed[10 * 160 :] = 0
    assert np.flatnonzero((log_mel(changed, config) != whole).any(axis=1))[0] == 10


def test_invalid_settings_are_refused():
    with pytest.raises(ValueError, match=r"frontend.alignment='centred' must be 'causal'"):
        CausalCrnnConfig(frontend=LogMelConfig())
    with pytest.raises(ValueError, match="embedding_dim=17 must be a multiple of n_heads=2"):
        replace(CONFIG, embedding_dim=17)
    with pytest.raises(ValueError, match="n_recurrent=0 must be at least 1"):
        replace(CONFIG, n_recurrent=0)
    with pytest.raises(ValueError, match=r"memory_s=0.03 must be finite and at least one block of 4 frames"):
        replace(CONFIG, memory_s=0.03)
    with pytest.raises(ValueError, match="n_mels=60 must be a multiple of 16"):
        replace(CONFIG, frontend=replace(CONFIG.frontend, n_mels=60))
    with pytest.raises(ValueError, match="alignment='causal' needs hop_samples=1000 of at most n_fft=512"):
        LogMelConfig(n_fft=512, window_samples=512, hop_samples=1000, alignment="causal")
