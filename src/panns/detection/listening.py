"""A live sound, heard until it ends."""

from __future__ import annotations

from collections.abc import Iterator

from panns.audio import LiveSound
from panns.detection.detector import Stream
from panns.errors import PannsError
from panns.results import StreamScores


def listen(stream: Stream, sound: LiveSound) -> Iterator[StreamScores]:
    """What becomes known with every block, and in the end the rest.

    Args:
        stream: For the rate of the sound.
        sound: The sound.

    Raises:
        PannsError: The sound cannot go on; what was heard before is given first.
    """
    failure = None
    try:
        for block in sound:
            yield stream.push(block)
    except PannsError as error:
        failure = error
    yield stream.finish()
    if failure is not None:
        raise failure
