"""Print an alarm as soon as a class is detected, from a microphone or from a file played in real time.

Usage: python examples/live_alarm.py Siren                     (microphone, needs the extra `mic`)
       python examples/live_alarm.py Siren examples/siren.ogg  (a file)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import panns
from panns.audio import PlayedFile
from panns.results import StreamScores


def watch(updates: Iterator[StreamScores], label: str) -> None:
    """Print a line when `label` starts and when it ends."""
    is_active = False
    for scores in updates:
        active = [event for event in scores.ongoing if event.label == label]
        if active and not is_active:
            print(f"ALARM: {label} since {active[0].onset_s:.1f} s, score {active[0].score:.2f}", flush=True)
        for event in scores.events:
            if event.label == label:
                print(f"over: {label}, {event.onset_s:.1f} to {event.offset_s:.1f} s", flush=True)
        is_active = bool(active)


def main(label: str, file: str | None = None, pace: str = "1") -> None:
    """Watch a microphone or a file with the streaming model, which scores sound after 40 ms."""
    recognizer = panns.load("stream")
    if label not in {one.en for one in recognizer.manifest.labels}:
        sys.exit(f"unknown label {label!r}; `panns labels {label}` searches for one")
    if file is None:
        watch(recognizer.listen(threshold="1/h"), label)
        return
    with PlayedFile(file, pace=float(pace)) as sound:
        watch(recognizer.listen(sound, threshold="1/h"), label)


if __name__ == "__main__":
    main(*sys.argv[1:])
