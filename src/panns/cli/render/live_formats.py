"""What is heard live, as lines for people and as records for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from panns.cli.options import LanguageChoice
from panns.cli.render.event_formats import label_of

if TYPE_CHECKING:
    from panns.audio import InputDevice
    from panns.detection.live import LiveEvent

# Later than this is not what people call live.
_LONG_LATENCY_S = 1.0


class Delays(NamedTuple):
    """How soon a moment is answered, at most, apart from the time of computing.

    Attributes:
        scores_s: Until its scores are known.
        start_s: Until an event that begins then, and goes on, has started.
    """

    scores_s: float
    start_s: float


def head(name: str, sample_rate: int, by: str, delays: Delays) -> str:
    """What listens to what, and how soon it answers."""
    text = f"listening to {name}, {sample_rate} Hz; {by} knows scores after {delays.scores_s:.2g} s, "
    text += f"the start of an event after {delays.start_s:.2g} s"
    if delays.scores_s > _LONG_LATENCY_S:
        text += "; sooner with --model stream or a shorter --window"
    return f"{text}; Ctrl-C ends"


def foot(duration_s: float, n_events: int, lost_s: float) -> str:
    """What it was in all."""
    lost = f", {lost_s:.1f} s of it silence for what was lost" if lost_s else ""
    return f"heard {duration_s:.1f} s{lost}: {n_events} event{'' if n_events == 1 else 's'}"


def text_lines(found: Sequence[LiveEvent], language: LanguageChoice) -> Iterator[str]:
    """A line for each event that ended, as in the table of `panns detect`, and one for each that began and goes on."""
    for one, following in zip(found, [*found, None][1:], strict=True):
        event = one.event
        if one.kind == "end":
            until = f"{event.offset_s:.2f}"
        elif following is not None and following.kind == "end" and following.event.index == event.index:
            continue
        else:
            until = "starts"
        yield f"  {event.onset_s:8.2f} {until:>8}  {event.score:.3f}  {label_of(event, language)}"


def begin_record(name: str, sample_rate: int, model: str, delays: Delays) -> dict[str, Any]:
    """The first record; times of the others are seconds since `began_at`."""
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


def event_records(time_s: float, found: Sequence[LiveEvent]) -> Iterator[dict[str, Any]]:
    """A record for each start and each end; `time_s` is how much had been heard when it was known."""
    for one in found:
        yield {"type": one.kind, "time_s": time_s} | one.to_dict()


def stop_record(time_s: float, n_events: int, lost_s: float, error: Exception | None) -> dict[str, Any]:
    """The last record."""
    record = {"type": "stop", "time_s": time_s, "n_events": n_events, "lost_s": lost_s}
    return record if error is None else record | {"error": str(error)}


def device_line(device: InputDevice) -> str:
    """A microphone for people; the star is the system's choice."""
    channels = "1 channel" if device.n_channels == 1 else f"{device.n_channels} channels"
    mark = "*" if device.is_default else " "
    return f"{mark} {device.number:3}  {device.name}  {device.sample_rate} Hz, {channels}"
