"""Options that select and load a model."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli.options import Device, DeviceChoice, WeightsFile
from panns.cli.terminal.bars import doing
from panns.system.defaults import DEFAULT_MODEL, EVENT_MODEL

if TYPE_CHECKING:
    from panns.recognizer import Recognizer

MODEL_HELP = (
    "Name from `panns models list`, checkpoint folder, exported .onnx or packed .panns file, or address: https:// of "
    "such a folder or file, or hf:owner/name."
)
ModelName = Annotated[str, typer.Option("--model", "-m", metavar="NAME|PATH|ADDRESS", help=MODEL_HELP)]


class BackendChoice(StrEnum):
    """Backends by name."""

    onnx = "onnx"
    torch = "torch"
    openvino = "openvino"


@dataclass(frozen=True)
class ModelOptions:
    """Model, weights, backend and device; a group of options."""

    model: ModelName = DEFAULT_MODEL
    weights: WeightsFile = None
    backend: Annotated[BackendChoice, typer.Option(help="Inference library; all give the same scores.")] = (
        BackendChoice.onnx
    )
    device: Device = DeviceChoice.auto

    def load(self, *, n_threads: int | None = None) -> Recognizer:
        """Load the model; a spinner on the terminal names the step.

        Args:
            n_threads: Threads of one call; None for all cores.
        """
        from panns.recognizer import load

        with doing(f"loading {self.model}"):
            return load(self.model, self.weights, self.backend.value, self.device.value, n_threads=n_threads)

    def load_for_files(self, n_files: int) -> Recognizer:
        """Load the model for a number of files, and show on a terminal which one it is.

        Several files are processed in parallel, one per core, with one thread each; a single file gets all cores.
        """
        recognizer = self.load(n_threads=1 if n_files > 1 else None)
        if sys.stderr.isatty():
            print(describe(recognizer), file=sys.stderr)
        return recognizer


@dataclass(frozen=True)
class EventModelOptions(ModelOptions):
    """Model options with the default model of events, in files and live."""

    model: ModelName = EVENT_MODEL


def describe(recognizer: Recognizer) -> str:
    """Architecture, device and backend, such as "cnn14 on cpu by onnx"."""
    return f"{recognizer.manifest.architecture} on {recognizer.device} by {recognizer.backend}"
