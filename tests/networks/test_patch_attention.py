"""Patch attention: patches, positions, pooling, and graphs of any length."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from panns.checkpoints.manifest import ModelManifest
from panns.export.to_onnx import export_onnx
from panns.frontend import log_mel
from panns.labels import audioset
from panns.models import find_model
from panns.models.patch_attention import PatchAttentionConfig
from panns.networks.build import build_network, construct_network
from panns.networks.contract import score_fields
from panns.networks.patch_attention import interpolated
from panns.networks.saving import save_checkpoint
from panns.networks.transformer import Block
from panns.published.patch_attention import from_published
from tests.tiny_checkpoints import healthy_network

SMALL = PatchAttentionConfig(dim=24, n_heads=3, depth=2, n_columns=4)
SMALL_CED = replace(find_model("ced_tiny").config, dim=24, n_heads=3, depth=2, n_columns=4, max_patches=1000)


def small_network(config=SMALL):
    """A small network with clearly different positions."""
    network = healthy_network("patch_attention", config)
    with torch.no_grad():
        network.time_positions.normal_()
        network.band_positions.normal_()
    return network


def decibels(n_clips, n_frames, n_mels=128, seed=0):
    return torch.randn(n_clips, n_frames, n_mels, generator=torch.Generator().manual_seed(seed)) * 20 - 40


@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [("patch_attention", 81_938_703), ("patch_attention_small", 21_505_551), ("patch_attention_tiny", 5_887_119)],
)
def test_number_of_parameters(name, n_parameters):
    with torch.device("meta"):
        network = construct_network(name)
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters


def test_clip_scores_are_weighted_frame_scores():
    with torch.inference_mode():
        output = small_network().forward_features(decibels(2, 5 * 64))
    column_weights = output.patch_weights.sum(dim=3).transpose(1, 2)  # (batch, frames, classes)
    assert output.frame_logits.shape == column_weights.shape == (2, 5, 527)
    torch.testing.assert_close((column_weights * output.frame_logits).sum(dim=1), output.clip_logits)


def test_weights_sum_to_one_and_differ_by_class():
    with torch.inference_mode():
        weights = small_network().forward_features(decibels(2, 4 * 64 + 17)).patch_weights
    assert weights.shape == (2, 527, 5, 2)
    assert weights.min() >= 0
    torch.testing.assert_close(weights.sum(dim=(2, 3)), torch.ones(2, 527))
    assert weights.std(dim=1).max() > 0.05


def test_one_frame_scores_as_the_clip():
    with torch.inference_mode():
        output = small_network().forward_features(decibels(2, 64))
    torch.testing.assert_close(output.frame_logits[:, 0], output.clip_logits)


def test_initial_weights_are_uniform():
    torch.manual_seed(0)
    network = build_network("patch_attention", SMALL).eval()
    with torch.inference_mode():
        output = network.forward_features(decibels(2, 3 * 64))
        of_mean = network.head.classifier(output.embedding)
    torch.testing.assert_close(output.patch_weights, torch.full((2, 527, 3, 2), 1 / 6))
    torch.testing.assert_close(output.clip_logits, of_mean, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("column", "row"), [(0, 0), (2, 1), (4, 0)])
def test_weights_belong_to_their_patch(column, row):
    network = small_network()
    with torch.no_grad():
        for block in network.blocks:  # patches then know nothing of each other
            block.attention.projection.weight.zero_()
            block.mlp[2].weight.zero_()
        network.time_positions.zero_()
        network.band_positions.zero_()
        network.input_norm.running_mean.fill_(-30)
        network.input_norm.running_var.fill_(400)
        network.input_norm.weight.fill_(1)
        network.input_norm.bias.zero_()
        features = torch.full((1, 5 * 64, 128), -60.0)
        features[:, 64 * column : 64 * (column + 1), 64 * row : 64 * (row + 1)] += torch.linspace(0, 40, 64)
        weights = network.forward_features(features).patch_weights[0]
    others = torch.ones(5, 2, dtype=torch.bool)
    others[column, row] = False
    elsewhere = weights[:, others]
    torch.testing.assert_close(elsewhere, elsewhere[:, :1].expand_as(elsewhere))
    assert (weights[:, column, row] - elsewhere[:, 0]).abs().max() > 0.05


def test_positions_distinguish_times():
    features = decibels(1, 3 * 64)
    swapped = torch.cat([features[:, 64:128], features[:, :64], features[:, 128:]], dim=1)
    network = small_network()
    with torch.inference_mode():
        first, other = network.forward_features(features), network.forward_features(swapped)
        assert (first.embedding - other.embedding).abs().max() > 1e-2
        network.time_positions.zero_()
        first, other = network.forward_features(features), network.forward_features(swapped)
        torch.testing.assert_close(first.embedding, other.embedding, atol=1e-5, rtol=1e-5)


def test_the_last_patch_is_padded_with_silence():
    network = small_network()
    features = decibels(1, 2 * 64 + 1)
    filled = torch.nn.functional.pad(features, (0, 0, 0, 63), value=-100.0)
    with torch.inference_mode():
        whole, cut = network.forward_features(filled), network.forward_features(features)
    assert torch.equal(whole.clip_logits, cut.clip_logits)
    assert cut.frame_logits.shape[1] == 3


def test_ced_drops_an_incomplete_last_patch():
    network = small_network(replace(SMALL, fills_last=False))
    features = decibels(1, 2 * 64 + 63)
    with torch.inference_mode():
        whole, cut = network.forward_features(features), network.forward_features(features[:, : 2 * 64])
    assert torch.equal(whole.clip_logits, cut.clip_logits)
    assert cut.frame_logits.shape[1] == 2


LEARNED = torch.tensor([[0.0, 10.0], [1.0, 20.0], [4.0, 0.0]])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_short_inputs_use_the_first_positions(n):
    assert torch.equal(interpolated(LEARNED, n), LEARNED[:n])


def test_long_inputs_interpolate_positions():
    expected = torch.tensor([[0.0, 10.0], [0.5, 15.0], [1.0, 20.0], [2.5, 10.0], [4.0, 0.0]])
    torch.testing.assert_close(interpolated(LEARNED, 5), expected)


@pytest.mark.parametrize("n", [4, 7, 100, 999])
def test_interpolated_positions_keep_both_ends(n):
    stretched = interpolated(LEARNED, n)
    assert torch.equal(stretched[0], LEARNED[0])
    torch.testing.assert_close(stretched[-1], LEARNED[-1], atol=1e-4, rtol=0)
    assert torch.equal(interpolated(LEARNED[:1], n), LEARNED[:1].expand(n, 2))


@pytest.mark.parametrize("n", [3, 5])
def test_every_position_has_a_gradient(n):
    positions = LEARNED.clone().requires_grad_()
    interpolated(positions, n).sum().backward()
    assert (positions.grad > 0).all()


def test_too_many_patches_are_refused():
    network = small_network(replace(SMALL, max_patches=10))
    with torch.inference_mode():
        assert network.forward_features(decibels(1, 5 * 64)).patch_weights.shape == (1, 527, 5, 2)
        message = "max_patches=10 of one pass; give at most 320 frames, 3.19 s"
        with pytest.raises(ValueError, match=re.escape(message)):
            network.forward_features(decibels(1, 6 * 64))


def test_dropout_and_drop_path_act_only_in_training():
    config = replace(SMALL, dropout=0.5, drop_path=0.5)
    network = small_network(config)
    features = decibels(2, 2 * 64)
    with torch.inference_mode():
        assert torch.equal(
            network.forward_features(features).clip_logits, network.forward_features(features).clip_logits
        )
        network.train()
        first, other = network.forward_features(features), network.forward_features(features)
        assert (first.clip_logits - other.clip_logits).abs().max() > 1e-2


def test_drop_path_drops_whole_clips_and_keeps_the_mean():
    torch.manual_seed(0)
    block = Block(replace(SMALL, dropout=0.0, drop_path=0.25), nn.Identity(), nn.LayerNorm)
    dropped = block._dropped(torch.ones(400, 3, 24))
    per_clip = dropped[:, 0, 0]
    assert torch.equal(dropped, per_clip[:, None, None].expand_as(dropped))
    assert sorted(set(per_clip.tolist())) == pytest.approx([0.0, 4 / 3])
    assert per_clip.mean() == pytest.approx(1.0, abs=0.1)


def test_ced_has_neither_frames_nor_weights():
    with torch.inference_mode():
        output = small_network(SMALL_CED).forward_features(decibels(2, 100, 64))
    assert output.frame_logits is None
    assert output.patch_weights is None
    assert output.embedding.shape == (2, 24)


def test_published_entries_convert_without_the_front_end():
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((5, 1, 16, 16))
    time, band = rng.standard_normal((1, 5, 1, 63)), rng.standard_normal((1, 5, 4, 1))
    converted = from_published(
        {
            "front_end.0.mel_scale.fb": np.zeros((257, 64)),
            "patch_embed.proj.weight": weight,
            "time_pos_embed": time,
            "freq_pos_embed": band,
        }
    )
    assert set(converted) == {"projection.weight", "time_positions", "band_positions"}
    assert np.array_equal(converted["projection.weight"], weight.swapaxes(2, 3))
    assert np.array_equal(converted["time_positions"], time[0, :, 0].T)
    assert np.array_equal(converted["band_positions"], band[0, :, :, 0].T)


@pytest.mark.parametrize(
    ("name", "config", "frontend"),
    [
        pytest.param("patch_attention", SMALL, "inside", marks=pytest.mark.slow),
        pytest.param("patch_attention", SMALL, "outside", marks=pytest.mark.slow),
        pytest.param("patch_attention", replace(SMALL, stride=(32, 32)), "inside", marks=pytest.mark.slow),
        pytest.param("ced_tiny", SMALL_CED, "inside", marks=pytest.mark.slow),
        pytest.param("ced_tiny", SMALL_CED, "outside", marks=pytest.mark.slow),
    ],
)
def test_one_graph_serves_every_length_and_batch(name, config, frontend, tmp_path):
    """Fewer columns than learned positions, as many, and more: these are two cases for the positions."""
    network = small_network(config)
    checkpoint = save_checkpoint(network, ModelManifest(name, config, audioset()), tmp_path)
    export_onnx(checkpoint, tmp_path / "exported.onnx", frontend=frontend)
    session = onnxruntime.InferenceSession(tmp_path / "exported.onnx")
    generator = torch.Generator().manual_seed(0)
    shortest = config.min_input_samples if frontend == "outside" else 1
    for seconds, n_clips in ((0.05, 1), (0.05, 3), (0.64, 2), (1.5, 1), (2.6, 3), (10, 2), (30, 1)):
        n_samples = max(round(seconds * config.frontend.sample_rate), shortest)
        waveform = 0.1 * torch.randn(n_clips, n_samples, generator=generator)
        given = waveform.numpy() if frontend == "inside" else log_mel(waveform.numpy(), config.frontend)
        have = session.run(None, {session.get_inputs()[0].name: given})
        with torch.inference_mode():
            want = score_fields(network(waveform), "sigmoid")
        for field, expected, found in zip(want, want.values(), have, strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4, err_msg=f"{field}, {seconds} s")
