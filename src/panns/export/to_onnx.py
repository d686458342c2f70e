"""One `.onnx` file from a checkpoint: log-mel or waveform in, probabilities out."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from panns.export.half import store_in_half
from panns.extras import require
from panns.files import replacing
from panns.models.checkpoint import METADATA_KEY, Checkpoint
from panns.networks.activation import activate
from panns.networks.checkpoint import load_network
from panns.networks.output import NetworkOutput

OPSET = 18  # the oldest that the exporter writes; every runtime of the last years reads it


class ScoresOfFeatures(nn.Module):
    """Log-mel `(batch, frames, mels)` to probabilities, for export."""

    def __init__(self, network: nn.Module, activation: Literal["sigmoid", "softmax"]) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """The fields that the network has, in the order of `Manifest.onnx_outputs`."""
        return self._present(self.network.forward_features(features))  # type: ignore[operator]

    def _present(self, output: NetworkOutput) -> tuple[Tensor, ...]:
        clip_probs = activate(output.clip_logits, self.activation)
        frame_probs = None if output.frame_logits is None else activate(output.frame_logits, self.activation)
        return tuple(field for field in (clip_probs, frame_probs, output.embedding) if field is not None)


class ScoresOfWaveform(ScoresOfFeatures):
    """Waveform `(batch, samples)` to probabilities, for export."""

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        """The fields that the network has, in the order of `Manifest.onnx_outputs`."""
        return self._present(self.network(waveform))


def export_onnx(checkpoint: Checkpoint, path: Path, *, frontend: Literal["inside", "outside"] = "inside") -> None:
    """Write one `.onnx` file with the manifest in its metadata, for any batch and any length.

    Args:
        checkpoint: What to export; needs its parameters for torch.
        path: The file to write; an existing one is replaced only by a whole one.
        frontend: "inside" reads a waveform `(batch, samples)` of one sample or more at the manifest's rate, "outside" a
            log-mel `(batch, frames, mels)`.
    """
    require("onnx", "onnxscript", what="exporting to ONNX", extra="export")
    manifest = checkpoint.manifest
    network = load_network(checkpoint)
    # Long enough for several score frames: the exporter takes a size of 1 for a constant.
    n_samples = manifest.config.min_input_samples + manifest.config.frontend.sample_rate
    scores: nn.Module
    if frontend == "inside":
        scores = ScoresOfWaveform(network, manifest.activation)
        example = torch.zeros(2, n_samples)
        name, dynamic_axes = "waveform", {0: "batch", 1: "samples"}
    else:
        scores = ScoresOfFeatures(network, manifest.activation)
        frontend_config = manifest.config.frontend
        example = torch.zeros(2, frontend_config.n_frames(n_samples), frontend_config.n_mels)
        name, dynamic_axes = "features", {0: "batch", 1: "frames"}
    with _quiet_exporter():
        program = torch.onnx.export(
            scores.eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[name],
            output_names=manifest.onnx_outputs,
            dynamic_shapes=(dynamic_axes,),
            optimize=False,
            verbose=False,
        )
        assert program is not None
        store_in_half(program.model.graph)  # before norms are folded into convolutions, which makes other numbers
        program.optimize()
    for node in program.model.graph.all_nodes():  # the exporter notes the paths of this machine's source files there
        node.metadata_props.clear()
    written = replace(manifest, input="waveform" if frontend == "inside" else "features", files={})
    program.model.metadata_props[METADATA_KEY] = written.to_json()
    with replacing(path) as partial:
        program.save(partial, external_data=False)


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's remarks on its own progress and on torchvision's absence from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
