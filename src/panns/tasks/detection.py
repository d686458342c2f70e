"""What sounds when: the events in a sound, which is heard as a stream is."""

from __future__ import annotations

from panns.audio import AudioStream
from panns.results import Detection, Event
from panns.runtime.hearing import AT_ONCE_S
from panns.tasks.joining import joined_blocks
from panns.tasks.progress import OnProgress, ignore_progress
from panns.tasks.streaming import Listener, Stream


def detect(
    listener: Listener, sound: AudioStream, *, model: str, on_progress: OnProgress = ignore_progress
) -> Detection:
    """The events in a sound of any length; only they are kept of it.

    Args:
        listener: The model and the settings, for the rate of the sound.
        sound: The sound, at its own rate.
        model: Name of the model.
        on_progress: Called now and then with the seconds heard and those declared by the source, if it says so.
    """
    stream = Stream(listener)
    events: list[Event] = []
    for block in joined_blocks(sound, round(AT_ONCE_S * sound.sample_rate)):
        events += stream.push(block).events
        on_progress(sound.duration_s, sound.declared_duration_s)
    events += stream.finish().events
    events.sort(key=lambda event: (event.onset_s, event.index))
    return Detection(
        file=sound.name, duration_s=sound.duration_s, model=model, events=tuple(events), warnings=sound.warnings
    )
