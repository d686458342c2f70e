"""Wavegrams: a map beside that of a log-mel, with possibly fewer columns."""

from functools import lru_cache

import numpy as np
import pytest
import torch

from panns.checkpoints.checkpoint import open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.export.to_onnx import export_onnx
from panns.frontend import LogMelConfig, WaveformAndLogMelConfig, network_inputs
from panns.labels import audioset
from panns.models.wavegram import WavegramConfig
from panns.networks.build import build_network
from panns.networks.saving import save_checkpoint
from panns.published.wavegram import from_published_alone
from panns.runtime.onnx_backend import OnnxBackend
from tests.models.test_wavegram import is_accepted_by_the_original
from tests.tiny_checkpoints import healthy_network

SMALL = WavegramConfig(wave_widths=(4, 4, 8, 64), channels=(8,) * 6, hidden_dim=16)
BESIDE_LOG_MEL = WavegramConfig(WaveformAndLogMelConfig(), (4, 4, 8, 64), channels=(8,) * 6, hidden_dim=16)
BESIDE_128_BANDS = WavegramConfig(
    WaveformAndLogMelConfig(LogMelConfig(n_mels=128)), (4, 4, 8, 128), n_rows=64, channels=(8,) * 6, hidden_dim=16
)
# From before the shortest input on: around every multiple of 320, half of a column.
NEAR_MULTIPLES = sorted({320 * k + near for k in (32, 33, 34, 35, 200, 201) for near in range(-7, 4)})


@lru_cache(maxsize=3)
def beside_log_mel(config=BESIDE_LOG_MEL):
    return healthy_network("wavegram_logmel_cnn14", config)


def columns(network, waveform):
    """Columns of the wavegram, of the uncut log-mel map, and of both stacked."""
    seen = {}
    hooks = [
        network.wavegram.register_forward_hook(lambda _m, _g, result: seen.update(wavegram=result.shape[2])),
        network.stem.register_forward_hook(lambda _m, _g, result: seen.update(log_mel=result.shape[2] // 2)),
        network.blocks[0].register_forward_hook(lambda _m, given, _r: seen.update(both=given[0].shape[2])),
    ]
    with torch.inference_mode():
        output = network(waveform)
    for hook in hooks:
        hook.remove()
    assert output.clip_logits.isfinite().all()
    return seen["wavegram"], seen["log_mel"], seen["both"]


@pytest.mark.parametrize("config", [BESIDE_LOG_MEL, BESIDE_128_BANDS], ids=["64", "128"])
def test_both_maps_fit_at_every_length(config):
    network = beside_log_mel(config)
    for n_samples in NEAR_MULTIPLES:
        wavegram, log_mel, both = columns(network, torch.randn(1, n_samples))
        n_padded = max(n_samples, config.min_input_samples)
        assert both == wavegram == (n_padded + 4) // 640, n_samples
        assert log_mel - wavegram == (0 if is_accepted_by_the_original(n_padded) else 1), n_samples


def test_maps_fit_at_every_remainder():
    """By arithmetic for all lengths of two columns, and by the network for a few of them."""
    frontend = BESIDE_LOG_MEL.frontend.log_mel
    for n_samples in range(12_800, 12_800 + 2 * 640):
        steps = -(-n_samples // 5)
        surplus = frontend.n_frames(n_samples) // 2 - steps // 64 // 2
        assert surplus == (0 if is_accepted_by_the_original(n_samples) else 1), n_samples
    for n_samples in range(12_800, 12_800 + 2 * 640, 37):
        wavegram, _, both = columns(beside_log_mel(), torch.randn(1, n_samples))
        assert both == wavegram == -(-n_samples // 5) // 128, n_samples


def test_the_last_column_is_cut():
    """The cut is at the end, so columns of the two maps stay aligned."""
    network = beside_log_mel()
    log_mel = []
    hook = network.blocks[0].register_forward_hook(lambda _m, given, _r: log_mel.append(given[0][:, :8]))
    waveform = torch.randn(1, 12_800 + 640)
    with torch.inference_mode():
        network(waveform)
        network(waveform[:, : 12_800 + 320])
    hook.remove()
    whole, cut = log_mel
    assert (whole.shape[2], cut.shape[2]) == (21, 20)
    # The ends of a log-mel are reflections, and convolutions carry them a little further.
    torch.testing.assert_close(whole[:, :, :18], cut[:, :, :18])


def test_both_inputs_matter():
    network = beside_log_mel()
    waveform = torch.randn(1, 12_800)
    features = network.frontend(waveform)
    with torch.inference_mode():
        both = network.forward_features(waveform, features).embedding
        assert torch.equal(both, network(waveform).embedding)
        assert not torch.allclose(both, network.forward_features(waveform.flip(1), features).embedding)
        assert not torch.allclose(both, network.forward_features(waveform, features.flip(1)).embedding)


@pytest.mark.parametrize(("name", "config"), [("wavegram_cnn14", SMALL), ("wavegram_logmel_cnn14", BESIDE_LOG_MEL)])
def test_the_shortest_input_gives_one_frame(name, config):
    network = healthy_network(name, config)
    frames = []
    network.head.register_forward_hook(lambda _m, given, _r: frames.append(given[0].shape[2]))
    n_samples = config.min_input_samples
    shorter, shortest, longer = (
        [torch.from_numpy(one) for one in network_inputs(np.zeros((1, n), np.float32), config.frontend)]
        for n in (n_samples - 1, n_samples, n_samples + 16 * 640)
    )
    with torch.inference_mode():
        network.forward_features(*shortest)
        network.forward_features(*longer)
        with pytest.raises(RuntimeError):
            network.forward_features(*shorter)
    assert frames == [1, 2]


@pytest.mark.slow  # an odd and an even number of hops are among the lengths of `tests/export/test_every_model.py`
@pytest.mark.parametrize("frontend", ["inside", "outside"])
def test_an_exported_model_cuts_the_longer_map(frontend, tmp_path):
    manifest = ModelManifest(
        "wavegram_logmel_cnn14", BESIDE_LOG_MEL, audioset(), licence="MIT", source="made by a test"
    )
    network = beside_log_mel()
    checkpoint = save_checkpoint(network, manifest, tmp_path)
    export_onnx(checkpoint, tmp_path / "exported.onnx", frontend=frontend)
    exported = OnnxBackend(open_checkpoint(tmp_path / "exported.onnx"), "cpu", 1)
    rng = np.random.default_rng(0)
    for n_samples in (1_600, *NEAR_MULTIPLES, 960_000 - 320, 960_000):
        if frontend == "outside" and n_samples < BESIDE_LOG_MEL.min_input_samples:
            continue
        waveform = rng.uniform(-0.5, 0.5, (1, n_samples)).astype(np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(waveform))
        inputs = (waveform,) if frontend == "inside" else network_inputs(waveform, BESIDE_LOG_MEL.frontend)
        have = exported(*inputs)
        assert np.abs(have.clip_probs - expected.clip_logits.sigmoid().numpy()).max() <= 1e-4, n_samples
        np.testing.assert_allclose(have.embedding, expected.embedding.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [
        # Of the published state dicts, the first without `bn0` and `conv_block1`, which it never uses.
        ("wavegram_cnn14", 80_991_759 - 37_824),
        ("wavegram_logmel_cnn14", 81_065_487),
        ("wavegram_logmel128_cnn14", 81_262_735),
    ],
)
def test_number_of_parameters(name, n_parameters):
    with torch.device("meta"):
        network = build_network(name)
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters


def test_unused_layers_of_a_wavegram_are_left_out():
    zeros = torch.zeros(1)
    published = ("bn0.weight", "conv_block1.bn1.bias", "conv_block2.bn1.bias", "pre_bn0.bias", "pre_block4.bn2.bias")
    kept = from_published_alone(dict.fromkeys(published, zeros))
    assert list(kept) == ["blocks.0.1.bias", "wavegram.stem.1.bias", "wavegram.last.4.bias"]
