"""Verify that an exported file gives the scores of its network.

A network may amplify the rounding by which two log-mels differ, as frame-wise MobileNets do. So the parts are compared:
the log-mel of a waveform, and the scores of one log-mel.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from panns.checkpoints.checkpoint import Checkpoint, open_checkpoint
from panns.checkpoints.graph_files import with_output
from panns.errors import CheckpointError
from panns.export.to_onnx import LOG_MEL
from panns.frontend import LogMelConfig, network_inputs
from panns.networks.contract import score_fields
from panns.networks.frontend import log_mel_of
from panns.networks.saving import load_network
from panns.results import Scores
from panns.runtime.backend import scores_from_fields
from panns.runtime.engines import import_onnxruntime
from panns.runtime.load import make_model
from panns.runtime.onnx_backend import OnnxBackend
from panns.system.arrays import Array

TOLERANCE = 1e-4  # between backends; measured on real weights: about 1e-6
TOLERANCE_DB = 1e-2  # of the log-mel; bands with little power differ by 2e-3 dB in float32


class Differences(NamedTuple):
    """Largest differences between an exported file and its network.

    Attributes:
        scores: Absolute for probabilities, relative to the largest value for embeddings.
        log_mel_db: Of the log-mel inside a file that takes a waveform; `scores` are then those of this log-mel. None
            for other files, and for networks that read the waveform too.
    """

    scores: float
    log_mel_db: float | None = None


def verify_onnx(checkpoint: Checkpoint, path: Path) -> Differences:
    """Compare an exported file with its network, on sounds of several lengths.

    Args:
        checkpoint: The exported checkpoint.
        path: The exported file.

    Raises:
        CheckpointError: The scores differ by more than 1e-4, or the log-mels by more than 0.01 dB.
    """
    opened = open_checkpoint(path)
    manifest = opened.manifest
    has_log_mel = manifest.input == "waveform" and manifest.config.frontend.inputs == (LOG_MEL,)
    with_log_mel = _WithLogMel(path, manifest.onnx_outputs) if has_log_mel and manifest.streaming is None else None
    return _compare(checkpoint, opened, OnnxBackend(opened, device="cpu"), "the exported file", with_log_mel)


def verify_graph(checkpoint: Checkpoint, graph: bytes) -> Differences:
    """Compare a graph without parameters with the network of a checkpoint, as `verify_onnx` does.

    Raises:
        CheckpointError: The scores differ by more than 1e-4.
    """
    backend = OnnxBackend(checkpoint, device="cpu", graph=graph)
    return _compare(checkpoint, checkpoint, backend, f"the graph of {checkpoint.path}", None)


class _WithLogMel:
    """An exported file that also returns the log-mel inside it."""

    def __init__(self, path: Path, outputs: list[str]) -> None:
        graph = with_output(path.read_bytes(), LOG_MEL)
        self._session = import_onnxruntime().InferenceSession(graph, providers=["CPUExecutionProvider"])
        self._outputs = outputs

    def __call__(self, waveform: Array) -> tuple[Scores, Array]:
        """Scores and log-mel of a waveform `(batch, samples)`."""
        *scores, features = self._session.run([*self._outputs, LOG_MEL], {"waveform": waveform})
        return scores_from_fields(self._outputs, scores), features


def _compare(
    checkpoint: Checkpoint, opened: Checkpoint, exported: OnnxBackend, what: str, with_log_mel: _WithLogMel | None
) -> Differences:
    network = load_network(checkpoint)
    config = checkpoint.manifest.config
    of_scores = of_log_mel_db = 0.0
    rng = np.random.default_rng(0)
    shortest, longest = config.min_input_samples, config.max_input_samples or math.inf
    for n_clips, wanted in ((1, 1), (2, shortest), (3, shortest + 1), (1, int(2.5 * config.frontend.sample_rate))):
        n_samples = int(min(wanted, longest))
        # A front end inside the graph pads short sounds; for one outside, the sounds must be long enough.
        is_inside = exported.inputs == ("waveform",) != config.frontend.inputs
        size = (n_clips, n_samples if is_inside else max(n_samples, shortest))
        waveform: Array = rng.uniform(-0.5, 0.5, size).astype(np.float32)
        is_streaming = opened.manifest.streaming is not None
        inputs = (waveform,) if is_inside or is_streaming else network_inputs(waveform, config.frontend)
        compute = network if is_inside or is_streaming else network.forward_features
        if with_log_mel is not None:
            scores, features = with_log_mel(waveform)
            with torch.inference_mode():
                log_mel = log_mel_of(network, torch.from_numpy(waveform))
            of_log_mel_db = max(of_log_mel_db, _difference_db(log_mel.numpy(), features, config.frontend.log_mel))
            inputs, compute = (features,), network.forward_features
        else:
            # A model with a state fills the last block.
            scores = make_model(opened.manifest, exported).score(waveform) if is_streaming else exported(*inputs)
        with torch.inference_mode():
            output = compute(*map(torch.from_numpy, inputs))
        expected = score_fields(output, checkpoint.manifest.activation)
        for name in Scores.__dataclass_fields__:
            want, have = expected.get(name), getattr(scores, name)
            if (want is None) != (have is None):
                raise CheckpointError(f"the outputs of {what} differ from those of the network; export it again")
            if want is not None:
                of_scores = max(of_scores, _difference(want.numpy(), have))
    if not of_log_mel_db <= TOLERANCE_DB:
        raise CheckpointError(
            f"the log-mel of {what} differs from that of the front end by {of_log_mel_db:.1e} dB, above the tolerance "
            f"of {TOLERANCE_DB:.0e} dB; use --frontend outside, and report this with the name of the model"
        )
    if not of_scores <= TOLERANCE:
        raise CheckpointError(
            f"{what} differs from the network by {of_scores:.1e}, above the tolerance of {TOLERANCE:.0e}; "
            "use backend='torch', and report this with the name of the model"
        )
    return Differences(of_scores, None if with_log_mel is None else of_log_mel_db)


def _difference_db(want: Array, have: Array, config: LogMelConfig | None) -> float:
    assert config is not None, "a graph with a log-mel has its settings"
    decibels = 1.0 if config.log == "db" else 10 / np.log(10)
    difference = np.inf if want.shape != have.shape else float(np.abs(want - have).max() * decibels / config.scale)
    return difference if np.isfinite(difference) else float("inf")


def _difference(want: Array, have: Array) -> float:
    if want.shape != have.shape:
        return float("inf")
    difference = float(np.abs(want - have).max() / max(1.0, np.abs(want).max()))
    return difference if np.isfinite(difference) else float("inf")  # max() in the caller would ignore NaN
