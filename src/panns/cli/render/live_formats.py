"""Live events as text and as JSON records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from panns.cli.options import LanguageChoice
from panns.cli.render.event_formats import label_of

if TYPE_CHECKING:
    from panns.audio import InputDevice
    from panns.detection.live import LiveEvent

# Above this latency, the text suggests faster settings.
_LONG_LATENCY_S = 1.0


class Delays(NamedTuple):
    """Maximum delays behind the sound, without the time of computation.

    Attributes:
        scores_s: Delay of the scores, in seconds.
        start_s: Delay of the start of an event, in seconds.
    """

    scores_s: float
    start_s: float


def head(name: str, sample_rate: int, model: str, delays: Delays) -> str:
    """First line: the source, the model and its delays."""
    text = f"listening to {name}, {sample_rate} Hz, with {model}; scores after {delays.scores_s:.2g} s, "
    text += f"start of an event after {delays.start_s:.2g} s"
    if delays.scores_s > _LONG_LATENCY_S:
        text += "; for a lower latency use --model stream or a shorter --window"
    return f"{text}; Ctrl-C stops"


def foot(duration_s: float, n_events: int, lost_s: float) -> str:
    """Last line: total duration and number of events."""
    lost = f", with {lost_s:.1f} s of silence in place of lost sound" if lost_s else ""
    return f"{duration_s:.1f} s of sound{lost}: {n_events} event{'' if n_events == 1 else 's'}"


def text_lines(changes: Sequence[LiveEvent], language: LanguageChoice) -> Iterator[str]:
    """One line per event that ended, as in `panns detect`, and one per event that started and is still active."""
    for one, following in zip(changes, [*changes, None][1:], strict=True):
        event = one.event
        if one.kind == "end":
            until = f"{event.offset_s:.2f}"
        elif following is not None and following.kind == "end" and following.event.index == event.index:
            continue
        else:
            until = "starts"
        yield f"  {event.onset_s:8.2f} {until:>8}  {event.score:.3f}  {label_of(event, language)}"


def begin_record(name: str, sample_rate: int, model: str, delays: Delays) -> dict[str, Any]:
    """First record; the times of the other records are seconds since `began_at`."""
    return {
        "type": "begin",
        "time_s": 0.0,
        "began_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "source": name,
        "sample_rate": sample_rate,
        "model": model,
        "latency_s": delays.scores_s,
        "event_latency_s": delays.start_s,
    }


def event_records(time_s: float, changes: Sequence[LiveEvent]) -> Iterator[dict[str, Any]]:
    """One record per start or end of an event; `time_s` is the duration of the sound when it was detected."""
    for one in changes:
        yield {"type": one.kind, "time_s": time_s} | one.to_dict()


def stop_record(time_s: float, n_events: int, lost_s: float, error: Exception | None) -> dict[str, Any]:
    """Last record."""
    record = {"type": "stop", "time_s": time_s, "n_events": n_events, "lost_s": lost_s}
    return record if error is None else record | {"error": str(error)}


def device_line(device: InputDevice) -> str:
    """One line about a microphone; a star marks the system's default."""
    channels = "1 channel" if device.n_channels == 1 else f"{device.n_channels} channels"
    mark = "*" if device.is_default else " "
    return f"{mark} {device.number:3}  {device.name}  {device.sample_rate} Hz, {channels}"
