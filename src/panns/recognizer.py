"""The recognizer: a trained model that tags, detects, listens and embeds."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from panns.audio import DecodeLimits, LiveSound, Microphone, Sound, Source, open_sound
from panns.audio.limits import check_sample_rate
from panns.audio.live.input_devices import find_microphone
from panns.checkpoints.manifest import ModelManifest
from panns.detection import FrameScorer, WindowConfig, live, make_scorer, offline
from panns.detection.detector import Detector
from panns.detection.offline import Keep, keep_all
from panns.detection.state import StreamState
from panns.detection.stream import Stream
from panns.detection.stream_settings import model_fingerprint
from panns.detection.thresholds import Threshold, resolve_thresholds
from panns.events import EventConfig
from panns.hub.resolve import is_path, resolve
from panns.results import Detection, Embedding, Scores, SoundFrames, StreamScores, Tagging
from panns.runtime.backend import BackendName, check_choices
from panns.runtime.load import load_model
from panns.runtime.model import Model
from panns.runtime.waveforms import Waveforms
from panns.system.defaults import DEFAULT_MODEL
from panns.system.progress import OnProgress, ignore_progress
from panns.tasks import embedding as embedding_task
from panns.tasks import tagging as tagging_task

_USUAL_LIMITS = DecodeLimits()
# Detectors and scorers to keep for the next stream with equal settings. A server has a handful of rates.
_N_KEPT = 16
KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Recognizer:
    """A trained model, ready to use; made by `load`. Threads may share one; processes load it anew from its pickle.

    Attributes:
        backend: Name of the backend that runs the model.
        device: Device of the model: "cpu", "cuda" or "mps".
    """

    def __init__(
        self,
        model: Model,
        backend: BackendName,
        exported: Path | None = None,
        reload: Callable[[], Recognizer] | None = None,
    ) -> None:
        """Make a recognizer of a loaded model.

        Args:
            model: The model.
            backend: Name of its backend.
            exported: The exported file, if the model was loaded from one.
            reload: Loads it anew, in the process that unpickles it; can be pickled itself.
        """
        self._model, self._reload = model, reload
        self._exported = exported
        self.backend = backend
        self.device = model.backend.device
        self._detectors: dict[tuple[int, bytes, EventConfig, WindowConfig], Detector] = {}
        self._scorers: dict[WindowConfig, FrameScorer] = {}
        self._lock = threading.Lock()

    @property
    def manifest(self) -> ModelManifest:
        """Everything known about the model: labels, front end, licence, metrics."""
        return self._model.manifest

    @property
    def sample_rate(self) -> int:
        """Sample rate of the model, in Hz."""
        return self.manifest.sample_rate

    def __repr__(self) -> str:
        name, n_classes = self.manifest.architecture, len(self.manifest.labels)
        return f"<Recognizer {name} by {self.backend} on {self.device}, {n_classes} classes, {self.sample_rate} Hz>"

    def __reduce__(self) -> tuple[Callable[[], Recognizer], tuple[()]]:
        """Pickle what it was loaded from, so that another process loads it anew."""
        if self._reload is None:
            raise TypeError(
                "this recognizer was not made by panns.load(), so it cannot be pickled; load it by name or path"
            )
        return self._reload, ()

    def run(self, waveforms: Waveforms, *, patch_weights: bool = False) -> Scores:
        """Score waveforms at `sample_rate`: arrays in, arrays out.

        Args:
            waveforms: `(samples,)`, `(batch, samples)`, or a list of `(samples,)` of any lengths; floats from -1 to 1.
            patch_weights: Include the weight of each patch of the log-mel in the score of each class, for models with
                such weights.

        Returns:
            `clip_probs (batch, classes)`; `frame_probs (batch, frames, classes)`, `embedding (batch, dim)` and, on
            request, `patch_weights (batch, classes, columns, rows)`, or None for a model without them.

        Raises:
            ValueError: Empty input, a wrong shape, NaN or infinity.
            TypeError: Samples of another type than floating point.
        """
        return self._model.run(waveforms, patch_weights=patch_weights)

    def tag(
        self,
        source: Source,
        *,
        top: int | None = 5,
        threshold: float | None = None,
        timeline: bool = False,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> Tagging:
        """Tag a sound with its most probable classes, best first.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            top: Maximum number of tags; None for all classes.
            threshold: Minimum probability of a tag.
            timeline: Add the tags of every window of a long sound.
            limits: Longest sound to accept.
            on_progress: Called after every window with the seconds done, and their total if the source declares it.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: `top` or `threshold` is out of range.
        """
        tagging_task.check_selection(top, threshold)
        with open_sound(source, sample_rate=self.sample_rate, limits=limits) as sound:
            return tagging_task.tag(
                self._model, sound, top=top, threshold=threshold, timeline=timeline, on_progress=on_progress
            )

    def detect(
        self,
        source: Source,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> Detection:
        """Detect the events in a sound: classes with onset and offset.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            threshold: Detection threshold: a probability for all classes, one for each class, or some by label, as in
                `{"Siren": 0.3}`. "1/h" selects the model's thresholds for one false alarm of each class per hour, if it
                has them. None selects the model's own thresholds, or 0.5 if it has none.
            config: Settings of events; None for the model's own, or the usual ones.
            windows: Windows of a model without a state; None for the usual ones.
            limits: Longest sound to accept.
            on_progress: Called after every chunk with the seconds done, and their total if the source declares it.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The threshold is out of range, or the windows do not suit the model.
        """
        with self._open_at_its_rate(source, limits) as sound:
            detector = self.detector(sound.sample_rate, threshold=threshold, config=config, windows=windows)
            return offline.detect(detector, sound, on_progress=on_progress)

    def frames(
        self,
        source: Source,
        *,
        keep: Keep = keep_all,
        windows: WindowConfig | None = None,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> SoundFrames:
        """Score the frames of a sound of any length: the scores from which `detect` makes events.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            keep: Called with the probabilities `(frames, classes)` of every chunk, returns the part to keep. An hour of
                all classes every 10 ms takes 760 MB.
            windows: Windows of a model without a state; None for the usual ones.
            limits: Longest sound to accept.
            on_progress: Called after every chunk with the seconds done, and their total if the source declares it.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The windows do not suit the model.
        """
        with self._open_at_its_rate(source, limits) as sound:
            detector = self.detector(sound.sample_rate, threshold=1.0, config=EventConfig(), windows=windows)
            return offline.score_frames(detector, sound, keep=keep, on_progress=on_progress)

    @staticmethod
    def _open_at_its_rate(source: Source, limits: DecodeLimits) -> Sound:
        # `tag` and `embed` resample by soxr, which is faster, but cannot save its state. Detection resamples by the
        # package's own filter (`audio/resampling/polyphase.py`), so that a file gives the events of a stream.
        return open_sound(source, sample_rate=None, limits=limits)

    def stream(
        self,
        sample_rate: int | None = None,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
        state: StreamState | bytes | None = None,
    ) -> Stream:
        """Start a stream: push chunks of any size, and get the events that `detect` finds in the whole sound.

        Any number of streams share one recognizer; `push_all` processes many at once.

        Args:
            sample_rate: Rate of the chunks, in Hz; None for the model's own.
            threshold: Detection threshold; see `detect`.
            config: Settings of events; None for the model's own, or the usual ones.
            windows: Windows of a model without a state; None for the usual ones.
            state: State of a stream with equal settings, to continue from: `stream.state`, or its `to_bytes()`.

        Raises:
            ValueError: The state has other settings or is damaged; the sample rate or threshold is out of range; or the
                windows do not suit the model.
            TypeError: The sample rate is not a whole number, or the state is of another type.
        """
        return Stream(self.detector(sample_rate, threshold=threshold, config=config, windows=windows), state)

    def listen(
        self,
        sound: LiveSound | str | int | None = None,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
    ) -> Generator[StreamScores, None, None]:
        """Listen to live sound: yields new frames and events until the sound ends or the caller stops iterating.

        Wrong arguments raise at once. A microphone is open only during iteration.

        Args:
            sound: Name, part of a name, or number of a microphone; None for the system's default. Or any live sound: an
                object with a `sample_rate` that yields blocks, such as `panns.audio.Microphone` or `PlayedFile`.
            threshold: Detection threshold; see `detect`.
            config: Settings of events; None for the model's own, or the usual ones.
            windows: Windows of a model without a state; None for the usual ones.

        Raises:
            MissingExtra: A microphone needs the extra `mic`.
            DeviceUnavailable: The microphone does not exist, or was unplugged for too long.
            ValueError: The sample rate or threshold is out of range, or the windows do not suit the model.
            TypeError: `sound` is of another type.
        """
        if sound is None or isinstance(sound, str | int):
            self.detector(threshold=threshold, config=config, windows=windows)
            find_microphone(sound)
            return self._listen_to_microphone(sound, threshold=threshold, config=config, windows=windows)
        if not hasattr(sound, "sample_rate"):
            raise TypeError(
                f"sound is of type {type(sound).__name__}; give the name of a microphone, or an object with a "
                "sample_rate that yields blocks, such as panns.audio.PlayedFile"
            )
        return live.listen(self.stream(sound.sample_rate, threshold=threshold, config=config, windows=windows), sound)

    def _listen_to_microphone(
        self,
        name: str | int | None,
        *,
        threshold: Threshold | None,
        config: EventConfig | None,
        windows: WindowConfig | None,
    ) -> Generator[StreamScores, None, None]:
        with Microphone(name) as microphone:
            yield from self.listen(microphone, threshold=threshold, config=config, windows=windows)

    def detector(
        self,
        sample_rate: int | None = None,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
    ) -> Detector:
        """The detector of these settings: `step(chunk, state)` and `step_batch(chunks, states)`, with states as values.

        Use it to keep the states of many streams yourself. `stream` keeps one state and needs less code.

        Args:
            sample_rate: Rate of the chunks, in Hz; None for the model's own.
            threshold: Detection threshold; see `detect`.
            config: Settings of events; None for the model's own, or the usual ones.
            windows: Windows of a model without a state; None for the usual ones.

        Raises:
            ValueError: The sample rate or threshold is out of range, or the windows do not suit the model.
            TypeError: The sample rate is not a whole number.
        """
        rate = self.sample_rate if sample_rate is None else check_sample_rate(sample_rate)
        thresholds = resolve_thresholds(self.manifest, threshold)
        config = config or self.manifest.events or EventConfig()
        windows = windows or WindowConfig()
        key = (rate, thresholds.tobytes(), config, windows)
        with self._lock:
            if key not in self._detectors:
                made = Detector(
                    self._model,
                    self.fingerprint,
                    self._scorer(windows),
                    rate,
                    thresholds=thresholds,
                    config=config,
                )
                _keep(self._detectors, key, made)
            return self._detectors[key]

    def _scorer(self, windows: WindowConfig) -> FrameScorer:
        """The scorer of these windows, made once, because a model with a state tries its call sizes on first use."""
        if windows not in self._scorers:
            _keep(self._scorers, windows, make_scorer(self._model, windows))
        return self._scorers[windows]

    @cached_property
    def fingerprint(self) -> str:
        """Name and digest of the model; equal for the same model in any place and on any backend."""
        return model_fingerprint(self.manifest, self._exported)

    def embed(
        self,
        source: Source,
        *,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> Embedding:
        """Embed a sound as a vector.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            limits: Longest sound to accept.
            on_progress: Called after every window with the seconds done, and their total if the source declares it.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The model has no embedding.
        """
        with open_sound(source, sample_rate=self.sample_rate, limits=limits) as sound:
            return embedding_task.embed(self._model, sound, on_progress=on_progress)


def load(
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    weights: str | os.PathLike[str] | None = None,
    backend: BackendName = "onnx",
    device: str = "auto",
    *,
    n_threads: int | None = None,
) -> Recognizer:
    """Load a model.

    Args:
        model: Registered name (`list_models()`), a checkpoint folder, or a file that `panns export` or
            `panns models pack` wrote. Or an address, which is downloaded once into the cache: `https://` of such a
            folder or file, or `hf:owner/name[@revision]`; `#sha256=` and a digest may follow.
        weights: A published file, such as a `.pth`, for that registered name, in place of the one in the cache.
        backend: "onnx" (the default, without torch), "torch" or "openvino"; all give equal numbers within 1e-4.
        device: "auto", "cpu", "cuda" or "mps"; `recognizer.device` is the chosen one.
        n_threads: Threads for one call; None for all cores, or one for a model with a state, whose blocks are too small
            to divide. torch has one such number for the whole process. The front end always takes one thread.

    Raises:
        UnknownModel: No model has this name.
        WeightsMissing: The weights of the model are not on this machine.
        CheckpointError: A file is damaged or does not fit.
        DownloadError: The model of an address cannot be downloaded.
        MissingExtra: The backend is not installed, or torch is missing to make the graph of an older checkpoint.
        DeviceUnavailable: The device is missing on this machine, or the backend does not support it.
    """
    check_choices(backend, device, n_threads)
    checkpoint = resolve(model, weights=None if weights is None else Path(weights), needs_onnx=backend != "torch")
    return Recognizer(
        load_model(checkpoint, backend=backend, device=device, n_threads=n_threads),
        backend,
        checkpoint.path if checkpoint.is_exported_file else None,
        # Another process may have another working folder.
        partial(
            load,
            os.path.abspath(model) if is_path(os.fspath(model)) else os.fspath(model),  # noqa: PTH100 - of a str too
            None if weights is None else os.path.abspath(weights),  # noqa: PTH100
            backend,
            device,
            n_threads=n_threads,
        ),
    )


def _keep(kept: dict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
    """Keep one more value, in place of the oldest once there are many."""
    while len(kept) >= _N_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
