"""Tag, detect, embed and listen by the default models, loaded once on first use."""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache

from panns.audio import LiveSound, Source
from panns.detection.thresholds import Threshold
from panns.recognizer import Recognizer, load
from panns.results import Detection, Embedding, StreamScores, Tagging
from panns.system.defaults import EVENT_MODEL


@lru_cache(maxsize=1)
def _default() -> Recognizer:
    return load()


@lru_cache(maxsize=1)
def _events() -> Recognizer:
    return load(EVENT_MODEL, n_threads=1)  # a block is too small to share between threads


def tag(source: Source, *, top: int | None = 5, threshold: float | None = None) -> Tagging:
    """Tag a sound by the default model; see `Recognizer.tag`."""
    return _default().tag(source, top=top, threshold=threshold)


def detect(source: Source, *, threshold: Threshold | None = None) -> Detection:
    """Detect the events in a sound by the default model for events; see `Recognizer.detect`."""
    return _events().detect(source, threshold=threshold)


def embed(source: Source) -> Embedding:
    """Embed a sound by the default model; see `Recognizer.embed`."""
    return _default().embed(source)


def listen(
    sound: LiveSound | str | int | None = None, *, threshold: Threshold | None = None
) -> Generator[StreamScores, None, None]:
    """Listen to live sound by the default model for events; see `Recognizer.listen`."""
    return _events().listen(sound, threshold=threshold)
