"""Export a checkpoint to one `.onnx` file: log-mel or waveform in, probabilities out."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panns.checkpoints.checkpoint import METADATA_KEY, Checkpoint
from panns.checkpoints.manifest import STATE, ModelManifest
from panns.checkpoints.onnx_metadata import seal
from panns.export.half import store_in_half
from panns.frontend import network_inputs
from panns.networks.contract import Network, StreamingNetwork, score_fields
from panns.networks.frontend import log_mel_of
from panns.networks.saving import load_network
from panns.system.arrays import Array
from panns.system.extras import require
from panns.system.files import replacing

OPSET = 18  # the oldest that the exporter writes, for the widest support by runtimes
LOG_MEL = "features"  # name of the log-mel inside a graph that takes a waveform, by which it is verified


class ScoresOfFeatures(nn.Module):
    """From the output of the front end to probabilities, for export."""

    def __init__(self, network: Network, activation: Literal["sigmoid", "softmax"]) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Fields of the network, in the order of `ModelManifest.onnx_outputs`."""
        output = self.network.forward_features(*inputs)
        return tuple(score_fields(output, self.activation).values())


class ScoresOfWaveform(nn.Module):
    """From a waveform `(batch, samples)` to probabilities and the log-mel, or to probabilities alone, for export."""

    def __init__(self, network: Network, activation: Literal["sigmoid", "softmax"]) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation
        self.has_log_mel = network.config.frontend.inputs == (LOG_MEL,)

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        """Fields of the network, in the order of `ModelManifest.onnx_outputs`, then the log-mel."""
        if not self.has_log_mel:
            return tuple(score_fields(self.network(waveform), self.activation).values())
        features = log_mel_of(self.network, waveform)
        return *score_fields(self.network.forward_features(features), self.activation).values(), features


class ScoresOfStream(nn.Module):
    """From the next blocks of streams and their states to probabilities and new states, for export."""

    def __init__(
        self, network: StreamingNetwork, activation: Literal["sigmoid", "softmax"], *, is_inside: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.activation: Literal["sigmoid", "softmax"] = activation
        self.is_inside = is_inside

    def forward(self, blocks: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        """Fields of the network, in the order of `ModelManifest.onnx_outputs`."""
        step = self.network.step_waveform if self.is_inside else self.network.step
        output, after = step(blocks, state)
        return *score_fields(output, self.activation).values(), after


def export_onnx(checkpoint: Checkpoint, path: Path, *, frontend: Literal["inside", "outside"] = "inside") -> None:
    """Write one `.onnx` file for any batch and any length, with the manifest in its metadata.

    Args:
        checkpoint: Checkpoint to export, with its parameters for torch.
        path: File to write; an existing one is replaced once the new one is complete.
        frontend: "inside" for a graph that takes a waveform `(batch, samples)` at the rate of the manifest, "outside"
            for one that takes the output of the front end, for most models a log-mel `(batch, frames, mels)`. The graph
            of a model with a state takes whole blocks of streams, and their states `(batch, state_size)`, zeros at the
            start.
    """
    require("onnx", "onnxscript", what="exporting to ONNX", extra="export")
    manifest = checkpoint.manifest
    network = load_network(checkpoint)
    is_inside = frontend == "inside"
    written = replace(manifest, input="waveform" if is_inside else "features", files={})
    arguments = graph_arguments(network, manifest, is_inside=is_inside)
    program = run_exporter(arguments, torch.device("cpu"))
    store_in_half(program.model.graph)  # before optimize() folds norms into convolutions, which changes the values
    program.optimize()
    if arguments.outputs[-1] == LOG_MEL:
        program.model.graph.outputs.pop()  # the value inside the graph keeps its name
    for node in program.model.graph.all_nodes():  # the exporter writes paths of source files on this machine there
        node.metadata_props.clear()
    program.model.metadata_props[METADATA_KEY] = written.to_json()
    with replacing(path) as partial:
        program.save(partial, external_data=False)
        seal(partial)


class GraphArguments(NamedTuple):
    """Arguments of the exporter."""

    scores: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    examples: tuple[Array, ...]
    dynamic_shapes: tuple[Any, ...]


def graph_arguments(network: Network, manifest: ModelManifest, *, is_inside: bool) -> GraphArguments:
    """What the exporter needs to know of a network, with the front end inside the graph or outside."""
    written = replace(manifest, input="waveform" if is_inside else "features", files={})
    return (_clip_arguments if manifest.streaming is None else _stream_arguments)(network, written)


def run_exporter(graph: GraphArguments, device: torch.device) -> torch.onnx.ONNXProgram:
    """Trace a network on a device, without simplifying the graph."""
    with _quiet_exporter():
        program = torch.onnx.export(
            graph.scores.eval(),
            tuple(torch.from_numpy(example).to(device) for example in graph.examples),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_shapes=graph.dynamic_shapes,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    return program


def _clip_arguments(network: Network, manifest: ModelManifest) -> GraphArguments:
    config = manifest.config
    # Long enough for several score frames, because the exporter treats a size of 1 as a constant.
    silence = np.zeros((2, config.min_input_samples + config.frontend.sample_rate), np.float32)
    if manifest.input == "waveform":
        scores = ScoresOfWaveform(network, manifest.activation)
        outputs = (*manifest.onnx_outputs, *((LOG_MEL,) if scores.has_log_mel else ()))
        return GraphArguments(scores, ("waveform",), outputs, (silence,), ({0: "batch", 1: "samples"},))
    names = config.frontend.inputs
    axes = tuple({0: "batch", 1: "samples" if name == "waveform" else "frames"} for name in names)
    return GraphArguments(
        ScoresOfFeatures(network, manifest.activation),
        names,
        tuple(manifest.onnx_outputs),
        network_inputs(silence, config.frontend),
        (axes,),
    )


def _stream_arguments(network: Network, manifest: ModelManifest) -> GraphArguments:
    streaming = manifest.streaming
    assert streaming is not None
    assert isinstance(network, StreamingNetwork)
    is_inside = manifest.input == "waveform"
    block = streaming.block_samples if is_inside else streaming.block_frames
    silence = np.zeros((2, 2 * streaming.block_samples), np.float32)
    example = silence if is_inside else network_inputs(silence, streaming.frontend)[0]
    return GraphArguments(
        ScoresOfStream(network, manifest.activation, is_inside=is_inside),
        ("waveform" if is_inside else "features", STATE),
        tuple(manifest.onnx_outputs),
        (example, np.zeros((2, manifest.state_size), np.float32)),
        ({0: "batch", 1: block * torch.export.Dim("blocks")}, {0: "batch"}),
    )


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the progress messages of the exporter, and its warning about torchvision."""
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
