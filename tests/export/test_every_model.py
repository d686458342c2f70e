"""Exported models give the scores of torch, with the front end inside and outside the graph."""

import numpy as np
import pytest
import torch

from panns.checkpoints.checkpoint import open_checkpoint
from panns.checkpoints.manifest import NEXT_STATE, ModelManifest
from panns.export.to_onnx import export_onnx
from panns.export.verify import TOLERANCE, verify_onnx
from panns.frontend import network_inputs
from panns.labels import named_labels
from panns.models import find_model, list_models
from panns.networks.contract import score_fields
from panns.networks.saving import load_network, save_checkpoint
from panns.runtime.load import make_model
from panns.runtime.onnx_backend import OnnxBackend
from tests.small_models import first_of_each_graph, small_config
from tests.sounds import changing_sound
from tests.tiny_checkpoints import healthy_network


def full_config(name):
    return find_model(name).config


# An export takes some ten seconds, so the default run has those of the small checkpoints (`test_to_onnx.py`).
SMALL = [
    pytest.param(name, small_config, frontend, marks=pytest.mark.slow, id=f"{name}-{frontend}")
    for name in first_of_each_graph(small_config)
    for frontend in ("inside", "outside")
]
FULL = [
    pytest.param(name, full_config, "inside", marks=pytest.mark.slow, id=f"{name}-full")
    for name in first_of_each_graph(full_config)
]
# Frame-wise MobileNets amplify the rounding of a log-mel: two of the original differ by 3e-3 in probability.
MAX_AMPLIFIED = 5e-3
# Seconds and clips. Wavegrams with a log-mel: their two grids differ by a column at every other hop.
CASES = [(0.05, 1), (0.7, 3), (1.01, 2), (2.5, 1), (10, 1), (30, 1)]


def test_full_run_exports_every_graph():
    assert len(FULL) > 50
    omitted = {entry.name for entry in list_models()} - {param.values[0] for param in FULL}
    assert omitted == {
        "ast_10_10_model1",
        "ast_10_10_model2",
        "ast_10_10_model3",
        "cnn14_no_specaug",
        "cnn14_no_dropout",
        "cnn14_mixup_time_domain",
        "frame_mn10_tf_256_kd",
        "mn40_as_ext",
        "mn40_as_no_im_pre",
    }


@pytest.mark.parametrize(("name", "config_of", "frontend"), [*SMALL, *FULL])
def test_exported_model_equals_torch(name, config_of, frontend, tmp_path):
    config = config_of(name)
    manifest = ModelManifest(
        name, config, named_labels(find_model(name).labels), licence="MIT", source="made by a test"
    )
    checkpoint = save_checkpoint(healthy_network(name, config), manifest, tmp_path)
    network = load_network(checkpoint)
    path = tmp_path / "exported.onnx"
    export_onnx(checkpoint, path, frontend=frontend)
    if find_model(name).family != "frame_mobilenet":  # tested with parameters of the original's statistics
        verify_onnx(checkpoint, path)
    exported = OnnxBackend(open_checkpoint(path), "cpu", 1)
    for seconds, n_clips in CASES:
        n_samples = round(min(seconds, manifest.one_pass_s) * manifest.sample_rate)
        if frontend == "outside":
            n_samples = max(n_samples, config.min_input_samples)
        waveforms = np.stack([changing_sound(seconds + 1, seed=seed)[:n_samples] for seed in range(n_clips)])
        with torch.inference_mode():
            want = score_fields(network(torch.from_numpy(waveforms)), manifest.activation)
        inputs = (waveforms,) if exported.inputs == ("waveform",) else network_inputs(waveforms, config.frontend)
        # A network with a state takes whole blocks; the model fills the last one.
        have = exported(*inputs) if manifest.streaming is None else make_model(manifest, exported).score(waveforms)
        assert list(want) == [name for name in manifest.onnx_outputs if name != NEXT_STATE]
        for field, expected in want.items():
            found = getattr(have, field)
            assert found.shape == expected.shape, (field, seconds)
            largest = max(1.0, float(expected.abs().max()))
            # Random parameters make more of a rounding than trained ones do, up to 1.01 times what those are allowed.
            allowed = MAX_AMPLIFIED if find_model(name).family == "frame_mobilenet" else 2 * TOLERANCE
            assert np.abs(found - expected.numpy()).max() <= allowed * largest, (field, seconds)
