"""One `.onnx` file from a checkpoint: log-mel or waveform in, probabilities out."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from panns.export.half import store_in_half
from panns.extras import require
from panns.files import replacing
from panns.frontend import network_inputs
from panns.models.checkpoint import METADATA_KEY, Checkpoint
from panns.networks.activation import present_fields
from panns.networks.checkpoint import load_network

OPSET = 18  # the oldest that the exporter writes; every runtime of the last years reads it


class ScoresOfFeatures(nn.Module):
    """What the front end makes of a waveform to probabilities, for export."""

    def __init__(self, network: nn.Module, activation: Literal["sigmoid", "softmax"]) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The fields that the network has, in the order of `Manifest.onnx_outputs`."""
        output = self.network.forward_features(*inputs)  # type: ignore[operator] # every network has it
        return tuple(present_fields(output, self.activation).values())


class ScoresOfWaveform(nn.Module):
    """Waveform `(batch, samples)` to probabilities, for export."""

    def __init__(self, network: nn.Module, activation: Literal["sigmoid", "softmax"]) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        """The fields that the network has, in the order of `Manifest.onnx_outputs`."""
        return tuple(present_fields(self.network(waveform), self.activation).values())


def export_onnx(checkpoint: Checkpoint, path: Path, *, frontend: Literal["inside", "outside"] = "inside") -> None:
    """Write one `.onnx` file with the manifest in its metadata, for any batch and any length.

    Args:
        checkpoint: What to export; needs its parameters for torch.
        path: The file to write; an existing one is replaced only by a whole one.
        frontend: "inside" reads a waveform `(batch, samples)` of one sample or more at the manifest's rate, "outside"
            what the front end makes of it: for most models a log-mel `(batch, frames, mels)`.
    """
    require("onnx", "onnxscript", what="exporting to ONNX", extra="export")
    manifest = checkpoint.manifest
    network = load_network(checkpoint)
    # Long enough for several score frames: the exporter takes a size of 1 for a constant.
    n_samples = manifest.config.min_input_samples + manifest.config.frontend.sample_rate
    is_inside = frontend == "inside"
    scores = (ScoresOfWaveform if is_inside else ScoresOfFeatures)(network, manifest.activation)
    silence = np.zeros((2, n_samples), np.float32)
    names = ("waveform",) if is_inside else manifest.config.frontend.inputs
    examples = (silence,) if is_inside else network_inputs(silence, manifest.config.frontend)
    dynamic_axes = tuple({0: "batch", 1: "samples" if name == "waveform" else "frames"} for name in names)
    with _quiet_exporter():
        program = torch.onnx.export(
            scores.eval(),
            tuple(torch.from_numpy(example) for example in examples),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(names),
            output_names=manifest.onnx_outputs,
            dynamic_shapes=(dynamic_axes,) if not is_inside else dynamic_axes,
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
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
