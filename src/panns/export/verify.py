"""Verify that an exported file gives the scores of its network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.errors import CheckpointError
from panns.frontend import network_inputs
from panns.networks.contract import score_fields
from panns.networks.saving import load_network
from panns.results import Scores
from panns.runtime.load import make_model
from panns.runtime.onnx_backend import OnnxBackend
from panns.system.arrays import Array

TOLERANCE = 1e-4  # between backends; measured on real weights: about 1e-6


def verify_onnx(checkpoint: Checkpoint, path: Path) -> float:
    """Compare an exported file with its network, on sounds of several lengths.

    Args:
        checkpoint: The exported checkpoint.
        path: The exported file.

    Returns:
        The largest difference: absolute for probabilities, relative to the largest value for embeddings.

    Raises:
        CheckpointError: The difference is above 1e-4.
    """
    opened = open_checkpoint(path)
    return _compare(checkpoint, opened, OnnxBackend(opened, device="cpu"), path)


def verify_graph(checkpoint: Checkpoint, graph: bytes) -> float:
    """Compare a graph without parameters with the network of a checkpoint, as `verify_onnx` does.

    Raises:
        CheckpointError: The difference is above 1e-4.
    """
    return _compare(checkpoint, checkpoint, OnnxBackend(checkpoint, device="cpu", graph=graph), checkpoint.path)


def _compare(checkpoint: Checkpoint, opened: Checkpoint, exported: OnnxBackend, path: Path) -> float:
    network = load_network(checkpoint)
    config = checkpoint.manifest.config
    worst = 0.0
    rng = np.random.default_rng(0)
    shortest = config.min_input_samples
    for n_clips, n_samples in ((1, 1), (2, shortest), (3, shortest + 1), (1, int(2.5 * config.frontend.sample_rate))):
        # A front end inside the graph pads short sounds; for one outside, the sounds must be long enough.
        is_inside = exported.inputs == ("waveform",) != config.frontend.inputs
        size = (n_clips, n_samples if is_inside else max(n_samples, shortest))
        waveform: Array = rng.uniform(-0.5, 0.5, size).astype(np.float32)
        is_streaming = opened.manifest.streaming is not None
        inputs = (waveform,) if is_inside or is_streaming else network_inputs(waveform, config.frontend)
        with torch.inference_mode():
            # From one log-mel: a network may amplify the rounding of two.
            compute = network if is_inside or is_streaming else network.forward_features
            output = compute(*map(torch.from_numpy, inputs))
        expected = score_fields(output, checkpoint.manifest.activation)
        # A model with a state fills the last block.
        scores = make_model(opened.manifest, exported).score(waveform) if is_streaming else exported(*inputs)
        for name in Scores.__dataclass_fields__:
            want, have = expected.get(name), getattr(scores, name)
            if (want is None) != (have is None):
                raise CheckpointError(f"the outputs of {path} differ from those of the network; export it again")
            if want is not None:
                worst = max(worst, _difference(want.numpy(), have))
    if not worst <= TOLERANCE:
        raise CheckpointError(
            f"{path} differs from the network by {worst:.1e}, above the tolerance of {TOLERANCE:.0e}; "
            "use backend='torch', and report this with the name of the model"
        )
    return worst


def _difference(want: Array, have: Array) -> float:
    if want.shape != have.shape:
        return float("inf")
    difference = float(np.abs(want - have).max() / max(1.0, np.abs(want).max()))
    return difference if np.isfinite(difference) else float("inf")  # max() in the caller would ignore NaN
