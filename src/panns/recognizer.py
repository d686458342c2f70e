"""The one object a user holds: a trained model, and what can be asked of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

from panns.audio import DecodeLimits, LiveSound, Microphone, Source, open_sound
from panns.audio.limits import check_sample_rate
from panns.audio.live.input_devices import find_microphone
from panns.checkpoints.manifest import ModelManifest
from panns.detection import FrameScorer, WindowConfig, make_scorer, offline
from panns.detection.detector import Detector, Stream
from panns.detection.frames import Keep, keep_all
from panns.detection.frames import frames as score_frames
from panns.detection.listening import listen as listen_to
from panns.detection.settings import model_fingerprint
from panns.detection.state import StreamState
from panns.detection.thresholds import Threshold, thresholds_of
from panns.events import EventConfig
from panns.hub.resolve import resolve
from panns.results import Detection, Embedding, Scores, SoundFrames, StreamScores, Tagging
from panns.runtime.backend import BackendName, check_choices
from panns.runtime.load import load_model
from panns.runtime.model import Model, Waveforms
from panns.system.defaults import DEFAULT_MODEL, LISTEN_MODEL
from panns.system.progress import OnProgress, ignore_progress
from panns.tasks import embedding as embedding_task
from panns.tasks import tagging as tagging_task

_USUAL_LIMITS = DecodeLimits()
# Filters and settings of streams that are kept for the next one; a server has a handful of rates.
_N_KEPT = 16
Key = TypeVar("Key")
Kept = TypeVar("Kept")


class Recognizer:
    """A trained model, ready to be asked; made by `load`. Threads may share one.

    Attributes:
        manifest: All that is known of the model: labels, front end, licence, metrics.
        backend: Name of the backend it runs on.
        device: Where it runs: "cpu", "cuda" or "mps".
    """

    def __init__(self, model: Model, backend: BackendName, exported: Path | None = None) -> None:
        self._model = model
        self._exported = exported  # the file that it was loaded from, if it was one
        self.backend = backend
        self.device = model.backend.device
        self._listeners: dict[tuple[int, bytes, EventConfig, WindowConfig], Detector] = {}
        self._scorers: dict[WindowConfig, FrameScorer] = {}
        self._lock = threading.Lock()

    @property
    def manifest(self) -> ModelManifest:
        """All that is known of the model."""
        return self._model.manifest

    @property
    def sample_rate(self) -> int:
        """Rate of the waveforms that `run` takes, in Hz."""
        return self.manifest.sample_rate

    def __repr__(self) -> str:
        name, n_classes = self.manifest.architecture, len(self.manifest.labels)
        return f"<Recognizer {name} by {self.backend} on {self.device}, {n_classes} classes, {self.sample_rate} Hz>"

    def run(self, waveforms: Waveforms, *, patch_weights: bool = False) -> Scores:
        """Scores of waveforms at `sample_rate`: the plain call, arrays in and arrays out.

        Args:
            waveforms: `(samples,)`, `(batch, samples)`, or a list of `(samples,)` of any lengths; floats, about -1..1.
            patch_weights: Whether to tell too how much each patch of the log-mel counted for each class, where the
                model weighs them.

        Returns:
            `clip_probs (batch, classes)`; `frame_probs (batch, frames, classes)`, `embedding (batch, dim)` and, if
            asked, `patch_weights (batch, classes, columns, rows)`, or None where the model has none.

        Raises:
            ValueError: No sample, a wrong shape, NaN or infinity.
            TypeError: Not floating-point numbers.
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
        """The tags of a sound: its most probable classes, best first.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            top: At most so many tags; None for all classes.
            threshold: Leave out what is less probable than this.
            timeline: Whether to give the tags of every window of a long sound too.
            limits: What is refused as too long.
            on_progress: Called now and then with the seconds heard and those the source declares, if it does.

        Raises:
            AudioDecodeError: The sound cannot be read.
        """
        tagging_task.check_selection(top, threshold)
        with open_sound(source, sample_rate=self.sample_rate, limits=limits) as stream:
            return tagging_task.tag(
                self._model, stream, top=top, threshold=threshold, timeline=timeline, on_progress=on_progress
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
        """The events in a sound: which class sounds, from when to when.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            threshold: From which probability a class sounds, for all classes; or, as "1/h", for how many false alarms
                of each class in an hour thresholds are wanted, where the model has them. None for the model's own
                thresholds, or 0.5 if it has none.
            config: What makes an event; None for the model's own, or the usual (`EventConfig`).
            windows: In which windows a model without a state hears; None for the usual (`WindowConfig`).
            limits: What is refused as too long.
            on_progress: Called now and then with the seconds heard and those the source declares, if it does.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The threshold is no probability, or the model cannot hear in such windows.
        """
        with open_sound(source, sample_rate=None, limits=limits) as sound:
            detector = self.detector(sound.sample_rate, threshold=threshold, config=config, windows=windows)
            return offline.detect(detector, sound, model=self.manifest.architecture, on_progress=on_progress)

    def frames(
        self,
        source: Source,
        *,
        keep: Keep = keep_all,
        windows: WindowConfig | None = None,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> SoundFrames:
        """The scores over the time of a sound of any length: what `detect` makes its events of.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            keep: Called with the probabilities `(frames, classes)` of every stretch, returns what to keep of them: an
                hour of all classes every 10 ms takes 760 MB.
            windows: As of `detect`.
            limits: What is refused as too long.
            on_progress: Called now and then with the seconds heard and those the source declares, if it does.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The model cannot hear in such windows.
        """
        with self._lock:
            how = self._scorer(windows or WindowConfig())
        with open_sound(source, sample_rate=None, limits=limits) as sound:
            return score_frames(self._model, how, sound, keep=keep, on_progress=on_progress)

    def stream(
        self,
        sample_rate: int | None = None,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
        state: StreamState | bytes | None = None,
    ) -> Stream:
        """A stream of sound, which is heard as it comes; however it is cut, its events are those of `detect`.

        Any number of streams share one recognizer, and `push_all` hears them together.

        Args:
            sample_rate: Of what will be pushed, in Hz; None for the model's own.
            threshold: As of `detect`.
            config: As of `detect`.
            windows: As of `detect`.
            state: Of a stream with the same settings, to go on from: `stream.state`, or its `to_bytes()`.

        Raises:
            ValueError: The state is of a stream with other settings, or damaged; no sample rate; or as of `detect`.
            TypeError: The sample rate is no whole number, or the state is none.
        """
        return Stream(self.detector(sample_rate, threshold=threshold, config=config, windows=windows), state)

    def listen(
        self,
        sound: LiveSound | str | int | None = None,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        windows: WindowConfig | None = None,
    ) -> Iterator[StreamScores]:
        """What is heard live, as it becomes known; it goes on until the sound ends, or whoever iterates leaves.

        Args:
            sound: The name, a part of it, or the number of a microphone, None for the system's choice; or any sound
                that comes as time passes (`panns.audio.Microphone`, `PlayedFile`, an object with a `sample_rate` that
                yields blocks).
            threshold: As of `detect`.
            config: As of `detect`.
            windows: As of `detect`.

        Raises:
            MissingExtra: A microphone needs the extra `mic`.
            DeviceUnavailable: There is no such microphone; or, while it is heard, it was gone for too long.
            ValueError: As of `detect`.
            TypeError: It is no sound.
        """
        if sound is None or isinstance(sound, str | int):
            # Wrong arguments are told now; the microphone is open only while somebody iterates.
            self.detector(threshold=threshold, config=config, windows=windows)
            find_microphone(sound)
            return self._listen_to_microphone(sound, threshold=threshold, config=config, windows=windows)
        if not hasattr(sound, "sample_rate"):
            raise TypeError(
                f"sound is of type {type(sound).__name__}; give the name of a microphone, or something with a "
                "sample_rate that yields blocks, such as panns.audio.PlayedFile"
            )
        return listen_to(self.stream(sound.sample_rate, threshold=threshold, config=config, windows=windows), sound)

    def _listen_to_microphone(
        self,
        name: str | int | None,
        *,
        threshold: Threshold | None,
        config: EventConfig | None,
        windows: WindowConfig | None,
    ) -> Iterator[StreamScores]:
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
        """The settings of streams, with `step(chunk, state)` and `step_batch(chunks, states)`: states are values.

        For those who keep the states themselves; `stream` keeps one of them and is less to write.

        Args:
            sample_rate: Of what will come in, in Hz; None for the model's own.
            threshold: As of `detect`.
            config: As of `detect`.
            windows: As of `detect`.

        Raises:
            ValueError: No sample rate; or as of `detect`.
            TypeError: The sample rate is no whole number.
        """
        rate = self.sample_rate if sample_rate is None else check_sample_rate(sample_rate)
        thresholds = thresholds_of(self.manifest, threshold)
        config = config or self.manifest.events or EventConfig()
        windows = windows or WindowConfig()
        key = (rate, thresholds.tobytes(), config, windows)
        with self._lock:
            if key not in self._listeners:
                made = Detector(
                    self._model,
                    self._words,
                    self._scorer(windows),
                    rate,
                    thresholds=thresholds,
                    config=config,
                )
                _keep(self._listeners, key, made)
            return self._listeners[key]

    def _scorer(self, config: WindowConfig) -> FrameScorer:
        """The one of these windows, made once: a model that hears block by block tries out what it may do at once."""
        if config not in self._scorers:
            _keep(self._scorers, config, make_scorer(self._model, config))
        return self._scorers[config]

    @cached_property
    def _words(self) -> str:
        return model_fingerprint(self.manifest, self._exported)

    def embed(
        self,
        source: Source,
        *,
        limits: DecodeLimits = _USUAL_LIMITS,
        on_progress: OnProgress = ignore_progress,
    ) -> Embedding:
        """The embedding of a sound.

        Args:
            source: A path, bytes, a file object or `(array, sample_rate)`; any format, rate, channels and length.
            limits: What is refused as too long.
            on_progress: Called now and then with the seconds heard and those the source declares, if it does.

        Raises:
            AudioDecodeError: The sound cannot be read.
            ValueError: The model has no embedding.
        """
        with open_sound(source, sample_rate=self.sample_rate, limits=limits) as stream:
            return embedding_task.embed(self._model, stream, on_progress=on_progress)


def load(
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    weights: str | os.PathLike[str] | None = None,
    backend: BackendName = "onnx",
    device: str = "auto",
    *,
    n_threads: int | None = None,
) -> Recognizer:
    """A recognizer.

    Args:
        model: Registered name (`list_models()`), a checkpoint folder, or a file that `panns export` wrote.
        weights: A published file (`.pth`, `.pt`) for that registered name, in place of the one in the cache.
        backend: "onnx" (the default, without torch), "torch" or "openvino"; all give the same numbers within 1e-4.
        device: "auto", "cpu", "cuda" or "mps"; `recognizer.device` says what was chosen.
        n_threads: Threads for one call; None for all cores. Of torch there is one number for the whole process.

    Raises:
        UnknownModel: No such name.
        WeightsMissing: The name is known, its weights are not on this machine.
        CheckpointError: A file is damaged or does not fit.
        MissingExtra: The backend is not installed, or torch is needed once to convert a published file.
        DeviceUnavailable: No such device here, or not for this backend.
    """
    check_choices(backend, device, n_threads)
    checkpoint = resolve(model, weights=None if weights is None else Path(weights), needs_onnx=backend != "torch")
    return Recognizer(
        load_model(checkpoint, backend=backend, device=device, n_threads=n_threads),
        backend,
        checkpoint.path if checkpoint.is_exported_file else None,
    )


def _keep(kept: dict[Key, Kept], key: Key, value: Kept) -> None:
    """Keep one more, in place of the oldest where there are many."""
    while len(kept) >= _N_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


@lru_cache(maxsize=1)
def _default() -> Recognizer:
    return load()


@lru_cache(maxsize=1)
def _listening() -> Recognizer:
    if LISTEN_MODEL == DEFAULT_MODEL:
        return _default()  # which may be loaded already
    return load(LISTEN_MODEL, n_threads=1)  # blocks are small, and threads would only wait for each other


def tag(source: Source, *, top: int | None = 5, threshold: float | None = None) -> Tagging:
    """The tags of a sound, by the default model; as `Recognizer.tag`."""
    return _default().tag(source, top=top, threshold=threshold)


def detect(source: Source, *, threshold: Threshold | None = None) -> Detection:
    """The events in a sound, by the default model; as `Recognizer.detect`."""
    return _default().detect(source, threshold=threshold)


def embed(source: Source) -> Embedding:
    """The embedding of a sound, by the default model; as `Recognizer.embed`."""
    return _default().embed(source)


def listen(sound: LiveSound | str | int | None = None, *, threshold: Threshold | None = None) -> Iterator[StreamScores]:
    """What is heard live, by the usual model for that; as `Recognizer.listen`."""
    return _listening().listen(sound, threshold=threshold)
