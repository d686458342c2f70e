"""Plan the clips of detected events: which stretches of a recording, and under which names."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from panns.results import Detection, Event
from panns.system.safe_text import CONTROL

_NOT_IN_NAMES = re.compile(rf'{CONTROL.pattern}|[<>:"/\\|?*\ud800-\udfff]')
_MAX_LABEL_BYTES, _MAX_STEM_BYTES, _DIGEST_BYTES = 80, 120, 7


@dataclass(frozen=True)
class ClipSettings:
    """Which sounds of events become clips.

    Attributes:
        clip_margin_s: Sound before and after an event, in seconds.
        clip_length_s: Longest part of an event in one clip, in seconds; longer events give several clips.
        clips_per_class: Maximum number of clips of a class in a recording, those with the highest scores; None for all.
    """

    clip_margin_s: float = 0.5
    clip_length_s: float = 30.0
    clips_per_class: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.clip_margin_s <= 60:
            raise ValueError(f"clip_margin_s={self.clip_margin_s} is out of range; use 0 to 60 seconds")
        if not 0.1 <= self.clip_length_s <= 600:
            raise ValueError(f"clip_length_s={self.clip_length_s} is out of range; use 0.1 to 600 seconds")
        if self.clips_per_class is not None and self.clips_per_class < 1:
            raise ValueError(f"clips_per_class={self.clips_per_class} is out of range; use 1 or more")


@dataclass(frozen=True)
class DetectedClip:
    """A clip of a detected event, or of a part of a long one.

    Attributes:
        clip: Name of the file.
        label: Detected class.
        score: Highest score of the event.
        recording: Path of the recording, as it was given.
        onset_s: Start of the event or part, in seconds from the start of the recording.
        offset_s: End of the event or part.
        clip_onset_s: Start of the clip, which is earlier by the margin.
        clip_offset_s: End of the clip.
        event_onset_s: Start of the whole event.
        event_offset_s: End of the whole event.
        model: Name of the model.
        label_zh: Chinese name of the class; "" for none.
        recording_path: Path of the recording from the folder of clips; "" if unknown.
        onset_at: Clock time of the start of the event or part, in ISO 8601; "" if unknown.
        offset_at: Clock time of its end.
    """

    clip: str
    label: str
    score: float
    recording: str
    onset_s: float
    offset_s: float
    clip_onset_s: float
    clip_offset_s: float
    event_onset_s: float
    event_offset_s: float
    model: str
    label_zh: str = ""
    recording_path: str = ""
    onset_at: str = ""
    offset_at: str = ""

    @property
    def stem(self) -> str:
        """Name of the recording in the name of the file."""
        return self.clip[len(label_in_names(self.label)) + 1 :].rpartition("_")[0]


def plan_clips(recording: str, stem: str, detection: Detection, settings: ClipSettings) -> list[DetectedClip]:
    """The clips of the events in a recording, by name.

    Args:
        recording: Path of the recording.
        stem: Name of the recording in names of clips, as given by `recording_stems`.
        detection: The events.
        settings: Which of them.
    """
    n_taken: Counter[str] = Counter()
    clips = []
    for event in sorted(detection, key=lambda event: (-event.score, event.onset_s)):
        for onset_s, offset_s in _parts(event, settings.clip_length_s):
            if settings.clips_per_class is not None and n_taken[event.label] >= settings.clips_per_class:
                break
            n_taken[event.label] += 1
            clips.append(
                DetectedClip(
                    f"{label_in_names(event.label)}_{stem}_{onset_s:09.3f}.wav",
                    event.label,
                    event.score,
                    recording,
                    onset_s,
                    offset_s,
                    max(onset_s - settings.clip_margin_s, 0.0),
                    min(offset_s + settings.clip_margin_s, max(detection.duration_s, offset_s)),
                    event.onset_s,
                    event.offset_s,
                    detection.model,
                    event.label_zh,
                    onset_at=_clock_time(detection, onset_s),
                    offset_at=_clock_time(detection, offset_s),
                )
            )
    return sorted(clips, key=lambda clip: clip.clip)


def _clock_time(detection: Detection, time_s: float) -> str:
    """A clock time in ISO 8601; "" if it is unknown or not wanted."""
    time = None if detection.clock is None else detection.clock.at(time_s)
    return "" if time is None else time.isoformat(timespec="milliseconds")


def recording_stems(recordings: Iterable[str], known: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Names for recordings, all different even where a file system ignores case.

    A name is that of the file without suffix; where another recording has it already, with a digest of the path.

    Args:
        recordings: Paths.
        known: Paths of recordings that have clips, with the names in them.

    Examples:
        >>> recording_stems(["a/rain.wav", "a/dog.wav", "b/Rain.flac"])
        {'a/rain.wav': 'rain', 'a/dog.wav': 'dog', 'b/Rain.flac': 'Rain~...'}
    """
    stems = {recording: stem for recording, stem in known if _file_name(stem, _MAX_STEM_BYTES + _DIGEST_BYTES) == stem}
    taken = {stem.casefold() for stem in stems.values()}
    for recording in recordings:
        if recording in stems:
            continue
        stem = _file_name(PurePath(recording).stem, _MAX_STEM_BYTES)
        if stem.casefold() in taken:
            stem += f"~{_digest(recording)}"
        stems[recording] = stem
        taken.add(stem.casefold())
    return stems


def _parts(event: Event, max_s: float) -> Sequence[tuple[float, float]]:
    """Equal parts of an event, none longer than `max_s`."""
    duration_s = event.offset_s - event.onset_s
    n_parts = max(int(-(-duration_s // max_s)), 1)
    edges = [round(event.onset_s + duration_s * i / n_parts, 6) for i in range(n_parts)]
    return list(zip(edges, [*edges[1:], event.offset_s], strict=True))


def is_clip_name(name: str) -> bool:
    """True for the name of a WAV file in the folder of clips itself.

    Examples:
        >>> is_clip_name("Dog_garden_00012.480.wav"), is_clip_name("../Dog_garden_00012.480.wav")
        (True, False)
    """
    return name.endswith(".wav") and not name.startswith(".") and _NOT_IN_NAMES.search(name) is None and len(name) < 256


def label_in_names(label: str) -> str:
    """A class as it stands in names of clips."""
    return _file_name(label, _MAX_LABEL_BYTES)


def _file_name(text: str, max_bytes: int) -> str:
    """A text as part of a file name on any system; a changed one ends in a digest, so that it stays different."""
    name = _NOT_IN_NAMES.sub("_", text).strip(" .")
    name = name.encode()[:max_bytes].decode(errors="ignore")
    return name if name == text else f"{name}~{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
