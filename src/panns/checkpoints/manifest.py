"""The manifest of a model: everything about a checkpoint but its numbers."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from panns.config import config_from_dict, config_to_dict
from panns.errors import CheckpointError
from panns.events import EventConfig
from panns.labels import LabelSet
from panns.models.base import ModelConfig, StreamingConfig
from panns.models.registry import read_config

FORMAT_VERSION = 1
ONE_PASS_S = 30.0
# In a stream, a model that scores whole clips hears so much about every moment, so often: shorter windows know better
# when, longer ones what.
CLIP_WINDOW_S, CLIP_HOP_S = 1.0, 0.1
STATE, NEXT_STATE = "state", "next_state"  # of a stream, in the `.onnx` file of a model that has one


@dataclass(frozen=True)
class Metric:
    """A measured quality and how it was measured."""

    name: str
    value: float
    protocol: str


@dataclass(frozen=True)
class OperatingPoint:
    """Thresholds of events that were chosen for a rate of false alarms.

    Attributes:
        false_alarms_per_hour: At most so many of each class where they were chosen.
        thresholds: Per class, the probability from which it sounds.
    """

    false_alarms_per_hour: float
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class FileDigest:
    """What a file of the checkpoint must be."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelManifest:
    """Everything about a checkpoint but its numbers.

    Attributes:
        architecture: Registered name of the model.
        config: Its full config, with the front end.
        labels: The classes, in both languages.
        activation: What turns logits into probabilities; softmax only where a model was trained so.
        input: What the `.onnx` file reads: "features" is what the front end, computed outside, makes; "waveform" holds
            the front end, if there is one.
        window_s: Length of the clips it was trained on; longer sounds are heard in windows of it.
        thresholds: Per class, the probability from which it counts as present; None where none were chosen.
        operating_points: Thresholds of events for rates of false alarms, which mean the same for every model; the first
            one is the usual.
        events: What makes an event of its frame scores; None for the usual.
        licence: Licence of the weights.
        source: Where the weights come from.
        training_data: What they were trained on, with its licence.
        metrics: What they reach.
        source_sha256: Digest of the published file it was converted from; None where it was trained here.
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
            raise ValueError(
                f"{len(self.labels)} labels for {self.config.n_classes} classes; there must be one for each"
            )
        chosen = [] if self.thresholds is None else [self.thresholds]
        for thresholds in (*chosen, *(point.thresholds for point in self.operating_points)):
            if len(thresholds) != self.config.n_classes:
                raise ValueError(f"{len(thresholds)} thresholds for {self.config.n_classes} classes; give one for each")
            if not all(0 <= threshold <= 1 for threshold in thresholds):
                raise ValueError(f"thresholds={thresholds} must be probabilities, 0 to 1")
        for name, allowed in (("activation", ("sigmoid", "softmax")), ("input", ("features", "waveform"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r} is not one of {', '.join(map(repr, allowed))}")
        if not 0 < self.window_s < math.inf:
            raise ValueError(f"window_s={self.window_s} must be a positive number of seconds")
        for name in ("licence", "source", "training_data"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name}={getattr(self, name)!r} must be a text")

    @property
    def sample_rate(self) -> int:
        """Rate of the waveforms that the model hears."""
        return self.config.frontend.sample_rate

    @property
    def onnx_outputs(self) -> list[str]:
        """Names of the outputs of its `.onnx` file, in order."""
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
        """Its config, where the model carries its past on in a state; None where it hears sounds as a whole."""
        return self.config if isinstance(self.config, StreamingConfig) else None

    @property
    def event_thresholds(self) -> tuple[float, ...] | None:
        """Per class, from which probability it sounds in a frame; None where neither these nor others were chosen."""
        return self.operating_points[0].thresholds if self.operating_points else self.thresholds

    @property
    def algorithmic_latency_s(self) -> float:
        """How much later than it began a frame is known, at most, in a stream at the model's rate with usual windows.

        The time of computing is not in it.
        """
        if self.streaming is not None:
            return self.streaming.block_samples / self.sample_rate
        if self.config.frame_hop_s is not None:
            return min(self.window_s, self.one_pass_s)
        return (CLIP_WINDOW_S + CLIP_HOP_S) / 2

    @property
    def state_size(self) -> int:
        """Numbers in the state that its `.onnx` file takes and gives; 0 where it has none.

        With the front end inside, the samples that the next frame looks back at are a part of it, at the end.
        """
        if self.streaming is None:
            return 0
        return self.streaming.state_size + (self.streaming.n_overlap if self.input == "waveform" else 0)

    @property
    def patch_hop_s(self) -> float | None:
        """Seconds from one column of weighted patches to the next, None where the model weighs no patches."""
        patches, config = self.config.patches, self.config.frontend.log_mel
        return patches.stride[0] * config.hop_s if patches and config and patches.has_weights else None

    @property
    def one_pass_s(self) -> float:
        """Up to here a sound is heard as a whole: 30 s, or what the model can take."""
        return ONE_PASS_S if self.max_pass_s is None else min(ONE_PASS_S, self.max_pass_s)

    @property
    def max_pass_s(self) -> float | None:
        """The longest sound that the model can take in one pass; None for any length."""
        patches, config = self.config.patches, self.config.frontend.log_mel
        return (patches.max_frames(config.n_mels) - 1) * config.hop_s if patches and config else None

    def to_dict(self) -> dict[str, Any]:
        """What `model.json` holds."""
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
            # For readers of other languages; derived from the config and ignored when read.
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
        """The text of `model.json`."""
        # Without spaces: with labels and thresholds of 527 classes these were a third of it.
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, *, where: str) -> ModelManifest:
        """The manifest in a text.

        Raises:
            CheckpointError: It is damaged, of a newer format, or of a model this version does not know.
        """
        try:
            plain = json.loads(text)
            if not isinstance(plain, dict):
                raise ValueError("it is not a JSON object")  # noqa: TRY004 - one sentence for all damage below
            version = plain.pop("format_version", None)
            if version != FORMAT_VERSION:
                raise CheckpointError(
                    f"{where} has format version {version!r}; this panns reads {FORMAT_VERSION}, so upgrade it"
                )
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
            raise CheckpointError(f"{where} is not a manifest of panns: {exc}") from exc
