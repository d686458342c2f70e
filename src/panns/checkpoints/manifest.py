"""The manifest of a model: its config, labels, provenance and files."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from panns.config import config_from_dict, config_to_dict
from panns.errors import CheckpointError
from panns.events import EventConfig
from panns.labels import LabelSet
from panns.models.base import ModelConfig, StreamingConfig
from panns.models.registry import read_config
from panns.system.json_files import parse_json, to_json

FORMAT_VERSION = 1
DIGEST_KEY = "sha256"  # of the other keys of `model.json`
ONE_PASS_S = 30.0
MAX_WINDOW_S = 3600.0
# Window and hop of detection by a model with clip scores only: a shorter window is better at the time of an event, a
# longer one at its class.
CLIP_WINDOW_S, CLIP_HOP_S = 1.0, 0.1
_PLAIN_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
STATE, NEXT_STATE = "state", "next_state"  # input and output of the `.onnx` file of a model with a state


@dataclass(frozen=True)
class Metric:
    """A measured quality, and the protocol of the measurement."""

    name: str
    value: float
    protocol: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the value {self.value} of {self.name} must be a finite number; leave the metric out")


@dataclass(frozen=True)
class OperatingPoint:
    """Detection thresholds for one rate of false alarms.

    Attributes:
        false_alarms_per_hour: Upper limit for each class on the recordings that the thresholds were chosen on.
        thresholds: Probability per class.
    """

    false_alarms_per_hour: float
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class FileDigest:
    """Size and digest of a file of the checkpoint."""

    n_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if self.n_bytes < 0:
            raise ValueError(f"n_bytes={self.n_bytes} is not the size of a file")
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"sha256={self.sha256[:100]!r} must have 64 lower-case hexadecimal digits")


@dataclass(frozen=True)
class ModelManifest:
    """Config, labels, provenance and files of a checkpoint: everything but the parameters.

    Attributes:
        architecture: Registered name of the model.
        config: Full config, with the front end.
        labels: The classes, in both languages.
        activation: Function from logits to probabilities; softmax for models that were trained with it.
        input: Input of the `.onnx` file: "features" for the output of the front end, "waveform" for a file with the
            front end inside.
        window_s: Length of the training clips, in seconds; longer sounds are scored in windows of this length.
        thresholds: Decision threshold of each class, a probability; None if none were chosen.
        operating_points: Detection thresholds for rates of false alarms, which make models comparable; the first one is
            the default.
        events: Settings of event detection; None for the defaults.
        licence: Licence of the weights.
        source: Origin of the weights.
        training_data: Training data, with its licence.
        metrics: Measured qualities of the weights.
        source_sha256: Digest of the published file that the weights were converted from; None for weights trained here.
        files: Size and digest of each file of the folder.
    """

    architecture: str
    config: ModelConfig
    labels: LabelSet
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    input: Literal["features", "waveform"] = "features"
    window_s: float = 10.0
    thresholds: tuple[float, ...] | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    events: EventConfig | None = None
    licence: str = "unknown"
    source: str = "unknown"
    training_data: str = "unknown"
    metrics: tuple[Metric, ...] = ()
    source_sha256: str | None = None
    files: dict[str, FileDigest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.labels) != self.config.n_classes:
            raise ValueError(f"{len(self.labels)} labels for {self.config.n_classes} classes; give one for each class")
        chosen = [] if self.thresholds is None else [self.thresholds]
        for thresholds in (*chosen, *(point.thresholds for point in self.operating_points)):
            if len(thresholds) != self.config.n_classes:
                raise ValueError(
                    f"{len(thresholds)} thresholds for {self.config.n_classes} classes; give one for each class"
                )
            if not all(0 <= threshold <= 1 for threshold in thresholds):
                raise ValueError(f"thresholds={thresholds} are out of range; use probabilities, 0 to 1")
        for name, allowed in (("activation", ("sigmoid", "softmax")), ("input", ("features", "waveform"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r} must be {' or '.join(map(repr, allowed))}")
        if not 0 < self.window_s <= MAX_WINDOW_S:
            raise ValueError(f"window_s={self.window_s} must be a number of seconds above 0, up to {MAX_WINDOW_S:g}")
        for name in self.files:
            if not _PLAIN_FILE.fullmatch(name):
                raise ValueError(f"files names {name[:100]!r}; name files of the folder itself, without separators")
        for name in ("licence", "source", "training_data"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name}={getattr(self, name)!r} must be a string")

    @property
    def sample_rate(self) -> int:
        """Sample rate of the input, in Hz."""
        return self.config.frontend.sample_rate

    @property
    def onnx_outputs(self) -> list[str]:
        """Names of the outputs of the `.onnx` file, in order."""
        names = ["clip_probs"]
        if self.config.frame_hop_s is not None:
            names.append("frame_probs")
        if self.config.embedding_dim is not None:
            names.append("embedding")
        if self.patch_hop_s is not None:
            names.append("patch_weights")
        if self.streaming is not None:
            names.append(NEXT_STATE)
        return names

    @property
    def streaming(self) -> StreamingConfig | None:
        """Config of a model with a state; None for a model without one."""
        return self.config if isinstance(self.config, StreamingConfig) else None

    @property
    def event_thresholds(self) -> tuple[float, ...] | None:
        """Detection threshold of each class: those of the first operating point, else `thresholds`."""
        return self.operating_points[0].thresholds if self.operating_points else self.thresholds

    @property
    def algorithmic_latency_s(self) -> float:
        """Longest time from the start of a frame to its score, in seconds, without the time of computation.

        It holds for a stream at the model's own rate, with the default windows.
        """
        if self.streaming is not None:
            return self.streaming.block_samples / self.sample_rate
        if self.centred_windows_s is not None:
            return sum(self.centred_windows_s) / 2
        return min(self.window_s, self.one_pass_s)

    @property
    def centred_windows_s(self) -> tuple[float, float] | None:
        """Length and distance of the windows that detection centres on frames, in seconds; None for adjacent windows.

        A frame that depends on a short stretch of sound alone needs no more than this stretch as its window.
        """
        hop_s, context_s = self.config.frame_hop_s, self.config.frame_context_s
        if hop_s is None:
            return CLIP_WINDOW_S, CLIP_HOP_S
        return None if context_s is None else (context_s, hop_s)

    @property
    def state_size(self) -> int:
        """Numbers in the state of the `.onnx` file; 0 for a model without a state.

        With the front end inside, the state ends with the samples that the next frame overlaps.
        """
        if self.streaming is None:
            return 0
        return self.streaming.state_size + (self.streaming.n_overlap if self.input == "waveform" else 0)

    @property
    def patch_hop_s(self) -> float | None:
        """Seconds between neighbouring columns of patch weights; None for a model without patch weights."""
        patches, config = self.config.patches, self.config.frontend.log_mel
        return patches.stride[0] * config.hop_s if patches and config and patches.has_weights else None

    @property
    def one_pass_s(self) -> float:
        """Longest sound that is scored in one pass, in seconds: 30, or `max_pass_s` if that is shorter."""
        return ONE_PASS_S if self.max_pass_s is None else min(ONE_PASS_S, self.max_pass_s)

    @property
    def max_pass_s(self) -> float | None:
        """Longest sound that the model accepts in one pass, in seconds; None for any length."""
        n_samples = self.config.max_input_samples
        return None if n_samples is None else n_samples / self.sample_rate

    def to_dict(self) -> dict[str, Any]:
        """Content of `model.json`."""
        return {
            "format_version": FORMAT_VERSION,
            "architecture": self.architecture,
            "config": config_to_dict(self.config),
            "labels": self.labels.to_dict(),
            "activation": self.activation,
            "input": self.input,
            "window_s": self.window_s,
            "thresholds": self.thresholds,
            "operating_points": [config_to_dict(point) for point in self.operating_points],
            "events": None if self.events is None else config_to_dict(self.events),
            "licence": self.licence,
            "source": self.source,
            "training_data": self.training_data,
            "source_sha256": self.source_sha256,
            "metrics": [config_to_dict(metric) for metric in self.metrics],
            "files": {name: config_to_dict(digest) for name, digest in self.files.items()},
            # For readers in other languages; derived from the config, and ignored by `from_json`.
            "derived": {
                "sample_rate": self.sample_rate,
                "min_input_samples": self.config.min_input_samples,
                "frame_hop_s": self.config.frame_hop_s,
                "embedding_dim": self.config.embedding_dim,
                "max_pass_s": self.max_pass_s,
                "patch_hop_s": self.patch_hop_s,
                "algorithmic_latency_s": self.algorithmic_latency_s,
                "block_samples": None if self.streaming is None else self.streaming.block_samples,
                "state_size": self.state_size or None,
                "onnx_inputs": [
                    *(["waveform"] if self.input == "waveform" else self.config.frontend.inputs),
                    *([] if self.streaming is None else [STATE]),
                ],
                "onnx_outputs": self.onnx_outputs,
            },
        }

    def to_json(self) -> str:
        """Text of `model.json`."""
        # Without spaces, which were a third of the text with labels and thresholds of 527 classes.
        plain = self.to_dict()
        return to_json({**plain, DIGEST_KEY: _digest(plain)}, ascii_only=False, is_compact=True)

    @classmethod
    def from_json(cls, text: str, *, where: str) -> ModelManifest:
        """Read a manifest from the text of `model.json`.

        Args:
            text: The text.
            where: Origin of the text, for messages.

        Raises:
            CheckpointError: The text is damaged, in another format, or of a model that this version does not know.
        """
        try:
            plain = parse_json(text)
            if not isinstance(plain, dict):
                raise ValueError("not a JSON object")  # noqa: TRY004 - one message for all damage, below
            version = plain.get("format_version")
            if version != FORMAT_VERSION:
                raise CheckpointError(
                    f"{where} has format version {version!r}, and this panns reads {FORMAT_VERSION}; upgrade panns"
                )
            sha256 = plain.pop(DIGEST_KEY, None)
            if sha256 is not None and sha256 != _digest(plain):
                raise CheckpointError(
                    f"{where} differs from its own digest: it is damaged, or was edited; make it again, or after an "
                    f"edit remove its key {DIGEST_KEY!r}"
                )
            del plain["format_version"]
            plain.pop("derived", None)
            return cls(
                config=read_config(plain["architecture"], plain.pop("config")),
                labels=LabelSet.from_dict(plain.pop("labels")),
                metrics=tuple(config_from_dict(Metric, metric) for metric in plain.pop("metrics")),
                files={name: config_from_dict(FileDigest, digest) for name, digest in plain.pop("files").items()},
                thresholds=None if (values := plain.pop("thresholds")) is None else tuple(values),
                operating_points=tuple(
                    config_from_dict(OperatingPoint, point) for point in plain.pop("operating_points", ())
                ),
                events=None if (events := plain.pop("events", None)) is None else config_from_dict(EventConfig, events),
                **plain,
            )
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as exc:
            if isinstance(exc, CheckpointError):
                raise
            raise CheckpointError(f"{where} is not a valid manifest: {exc}") from exc


def _digest(plain: dict[str, Any]) -> str:
    """SHA-256 of the content of `model.json`, whatever its spaces and the order of its keys."""
    return hashlib.sha256(to_json(plain, is_compact=True, sorts_keys=True).encode()).hexdigest()
