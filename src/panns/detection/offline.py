"""What sounds when: the events in a sound, which is heard as a stream is."""

from __future__ import annotations

from panns.audio import Sound
from panns.detection import AT_ONCE_S
from panns.detection.detector import Detector, Stream
from panns.detection.joining import joined_blocks
from panns.results import Detection, Event
from panns.system.progress import OnProgress, Progress, ignore_progress


def detect(detector: Detector, sound: Sound, *, model: str, on_progress: OnProgress = ignore_progress) -> Detection:
    """The events in a sound of any length; only they are kept of it.

    Args:
        detector: The model and the settings, for the rate of the sound.
        sound: The sound, at its own rate.
        model: Name of the model.
        on_progress: Called now and then with the seconds heard and those declared by the source, if it says so.
    """
    stream = Stream(detector)
    events: list[Event] = []
    for block in joined_blocks(sound, round(AT_ONCE_S * sound.sample_rate)):
        events += stream.push(block).events
        on_progress(Progress(sound.duration_s, sound.declared_duration_s, "seconds of sound"))
    events += stream.finish().events
    events.sort(key=lambda event: (event.onset_s, event.index))
    return Detection(
        file=sound.name, duration_s=sound.duration_s, model=model, events=tuple(events), warnings=sound.warnings
    )
