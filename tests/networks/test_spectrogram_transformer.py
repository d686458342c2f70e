"""AST: patches and tokens by its definition, and inputs of a fixed length."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import erf

from panns.frontend import log_mel
from panns.models import find_model
from panns.models.spectrogram_transformer import KALDI_LOGMEL, SpectrogramTransformerConfig
from panns.networks.build import build_network
from tests.tiny_checkpoints import healthy_network

SMALL = SpectrogramTransformerConfig(n_input_frames=100, stride=(10, 12), dim=12, n_heads=3, depth=2, n_classes=5)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = healthy_network("ast_10_10", SMALL)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 1:  # norms and biases
                parameter.add_(0.1 * torch.randn(parameter.shape))
    return network


def defined(state, features):
    """Logits of one log-mel in float64, patch by patch, from the paper's description."""
    weight = {key: value.double().numpy() for key, value in state.items()}

    def linear(x, name):
        return x @ weight[f"{name}.weight"].T + weight[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-12)
        return x * weight[f"{name}.weight"] + weight[f"{name}.bias"]

    filled = np.full((100, 128), (0 + 4.2677393) / (2 * 4.5689974))
    filled[: len(features)] = features
    kernel = weight["projection.weight"].reshape(12, 16, 16)  # bands, then frames
    patches = [
        (kernel * filled[start : start + 16, band : band + 16].T).sum(axis=(1, 2)) + weight["projection.bias"]
        for band in range(0, 128 - 15, 12)  # all columns of one band, then those of the next
        for start in range(0, 100 - 15, 10)
    ]
    x = np.concatenate([weight["tokens"], patches]) + weight["positions"]
    for i in range(2):
        block = f"blocks.{i}"
        query, key, value = np.split(linear(norm(x, f"{block}.attention_norm"), f"{block}.attention.qkv"), 3, axis=1)
        heads = []
        for part in (slice(0, 4), slice(4, 8), slice(8, 12)):
            logits = query[:, part] @ key[:, part].T / 2
            attention = np.exp(logits - logits.max(axis=1, keepdims=True))
            heads.append(attention / attention.sum(axis=1, keepdims=True) @ value[:, part])
        x = x + linear(np.concatenate(heads, axis=1), f"{block}.attention.projection")
        hidden = linear(norm(x, f"{block}.mlp_norm"), f"{block}.mlp.0")
        x = x + linear(0.5 * hidden * (1 + erf(hidden / np.sqrt(2))), f"{block}.mlp.2")
    embedding = norm(x, "norm")[:2].mean(axis=0)
    return linear(norm(embedding, "head.norm"), "head.classifier"), embedding


@pytest.mark.parametrize("n_frames", [1, 37, 100])
def test_equals_its_definition(network, n_frames):
    features = np.random.default_rng(n_frames).normal(0, 0.5, (n_frames, 128)).astype(np.float32)
    logits, embedding = defined(network.state_dict(), features)
    with torch.inference_mode():
        output = network.forward_features(torch.from_numpy(features[None]))
    assert np.abs(output.clip_logits[0].numpy() - logits).max() <= 1e-5
    assert np.abs(output.embedding[0].numpy() - embedding).max() <= 1e-5


def test_the_rest_of_a_short_sound_is_not_silence(network):
    sound = torch.randn(1, 3_000, generator=torch.Generator().manual_seed(0))
    filled = torch.from_numpy(log_mel(sound.numpy(), SMALL.frontend))
    filled = torch.nn.functional.pad(filled, (0, 0, 0, 100 - filled.shape[1]), value=0.46703)
    with torch.inference_mode():
        alone, as_filled = network(sound), network.forward_features(filled)
        with_silence = network(torch.nn.functional.pad(sound, (0, SMALL.max_input_samples - 3_000)))
    assert (alone.clip_logits - as_filled.clip_logits).abs().max() <= 1e-3
    assert (alone.clip_logits - with_silence.clip_logits).abs().max() > 1e-2


def test_a_longer_log_mel_than_one_pass_is_refused(network):
    message = "101 log-mel frames are more than the n_input_frames=100 of one pass, 1.015 s; give a shorter sound"
    with pytest.raises(ValueError, match=re.escape(message)):
        network.forward_features(torch.zeros(1, 101, 128))


def test_an_exported_graph_leaves_out_the_end(network, monkeypatch):
    features = torch.randn(1, 110, 128)
    with torch.inference_mode():
        expected = network.forward_features(features[:, :100]).clip_logits
        monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
        assert torch.equal(network.forward_features(features).clip_logits, expected)


def test_initial_scores_are_those_of_no_class_in_particular():
    network = build_network("ast_10_10", SMALL).eval()
    with torch.inference_mode():
        logits = network(torch.randn(2, 8_000)).clip_logits
    assert logits.abs().max() < 0.5


@pytest.mark.parametrize(
    ("name", "n_columns", "n_rows"),
    [("ast_10_10", 101, 12), ("ast_12_12", 85, 10), ("ast_14_14", 73, 9), ("ast_16_16", 64, 8)],
)
def test_settings_equal_the_published_models(name, n_columns, n_rows):
    config = find_model(name).config
    assert isinstance(config, SpectrogramTransformerConfig)
    assert config.frontend == KALDI_LOGMEL
    assert config.n_patches == n_columns * n_rows
    assert (config.patches.n_columns(1024), config.patches.n_rows(128)) == (n_columns, n_rows)
    assert (config.min_input_samples, config.max_input_samples, config.fills_input) == (400, 164_080, True)
    assert (config.embedding_dim, config.frame_hop_s, config.n_frames(160_000)) == (768, None, 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": (16, 129)}, "patch=(16, 129) must be 1 to n_input_frames=1024 frames and 1 to n_mels=128 bands"),
        ({"patch": (1025, 16)}, "patch=(1025, 16) must be 1 to n_input_frames=1024 frames"),
        ({"patch": (16, 16, 16)}, "patch=(16, 16, 16) and stride=(10, 10) must have two values"),
        ({"stride": (17, 10)}, "stride=(17, 10) must be 1 to patch=(16, 16) in time and frequency"),
        ({"n_heads": 11}, "dim=768 must be a multiple of n_heads=11"),
        ({"depth": 0}, "depth=0 must be at least 1"),
        ({"norm_eps": 0.0}, "norm_eps=0.0 must be above 0"),
        ({"dropout": 1.0}, "dropout=1.0 must be at least 0 and below 1"),
        ({"n_input_frames": 0}, "patch=(16, 16) must be 1 to n_input_frames=0 frames"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(SpectrogramTransformerConfig(), **wrong)
