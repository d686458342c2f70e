"""The contract of networks: waveform in, named logits out, probabilities after an activation."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from panns.models.base import ModelConfig, StreamingConfig


class NetworkOutput(NamedTuple):
    """Output of a network; a field is None where the network lacks it.

    Attributes:
        clip_logits: `(batch, classes)`.
        frame_logits: `(batch, frames, classes)` on the network's own time grid.
        embedding: `(batch, dim)`.
        patch_weights: `(batch, classes, columns, rows)`, weight of each patch of the log-mel, by time and by frequency,
            in the clip score of each class; the weights of a class sum to 1.
        bands: `(batch, bands, dim)`, mean over time of the last map, for each frequency band; the embedding is the mean
            of the bands.
    """

    clip_logits: Tensor
    frame_logits: Tensor | None = None
    embedding: Tensor | None = None
    patch_weights: Tensor | None = None
    bands: Tensor | None = None


class Network(nn.Module, abc.ABC):
    """Base class of every network: the methods that training, export and the runtime call.

    Calling a network scores a waveform `(batch, samples)` of any length. It is a class rather than a `Protocol` because
    its users also need the methods of `nn.Module`.

    Attributes:
        config: Settings that the network was built from.
        forward_features: Scores of the inputs that `config.frontend.inputs` names, in that order: for most networks a
            log-mel `(batch, frames, mels)`.
    """

    config: ModelConfig
    # Typed as `nn.Module.forward` is, because the number of inputs depends on the front end.
    forward_features: Callable[..., NetworkOutput]
    __call__: Callable[..., NetworkOutput]

    @abc.abstractmethod
    def initialise(self) -> None:
        """Set fresh initial values; a layer may keep the ones that torch gave it."""


class StreamingNetwork(Network):
    """A network that scores a stream block by block and carries its past in a state."""

    config: StreamingConfig

    @abc.abstractmethod
    def step(self, features: Tensor, state: Tensor) -> tuple[NetworkOutput, Tensor]:
        """Scores of the next blocks of a stream, and the state after them.

        Args:
            features: Log-mel `(batch, frames, mels)`, whole blocks of `config.block_frames`.
            state: `(batch, config.state_size)`, zeros at the start.

        Returns:
            The scores, with `clip_logits` and `embedding` of these blocks alone, and the new state.
        """

    @abc.abstractmethod
    def step_waveform(self, waveform: Tensor, state: Tensor) -> tuple[NetworkOutput, Tensor]:
        """Scores of the next blocks of a stream from its waveform, and the state after them.

        Args:
            waveform: `(batch, samples)`, whole blocks of `config.block_samples`.
            state: `(batch, config.state_size + config.n_overlap)`: the state of `step`, then the samples that the next
                frame overlaps.
        """


def activate(logits: Tensor, activation: Literal["sigmoid", "softmax"]) -> Tensor:
    """Probabilities of logits `(..., classes)`."""
    return torch.sigmoid(logits) if activation == "sigmoid" else torch.softmax(logits, dim=-1)


def score_fields(output: NetworkOutput, activation: Literal["sigmoid", "softmax"]) -> dict[str, Tensor]:
    """Fields of `panns.results.Scores` that a network has, in the order of `ModelManifest.onnx_outputs`."""
    fields = {
        "clip_probs": activate(output.clip_logits, activation),
        "frame_probs": None if output.frame_logits is None else activate(output.frame_logits, activation),
        "embedding": output.embedding,
        "patch_weights": output.patch_weights,
    }
    return {name: field for name, field in fields.items() if field is not None}
