"""All times that a file states, most trusted first."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Mapping

from panns.audio.decoding.formats import WAV, FileFormat
from panns.audio.decoding.source import SeekableInput
from panns.audio.stated_times.tags import read_tags
from panns.audio.stated_times.wav_chunks import read_wav_chunks
from panns.clock.recorder_names import time_in_name
from panns.clock.stated_time import StatedTime, TimeSource

_BY_TRUST = list(TimeSource)


def read_stated_times(
    source: SeekableInput, file_format: FileFormat, offset: int, tags: Mapping[str, str]
) -> tuple[StatedTime, ...]:
    """Read the times that a file states, most trusted first.

    Args:
        source: The file.
        file_format: Its format.
        offset: Where the format begins in it.
        tags: The tags that its decoder reports.
    """
    stated = [*read_tags(tags)]
    if file_format is WAV:
        with contextlib.suppress(struct.error, OverflowError, ValueError):  # a damaged header states nothing
            stated += read_wav_chunks(source, offset)
    named = time_in_name(source.source_name)
    if named is not None:
        stated.append(named)
    return tuple(sorted(stated, key=lambda one: _BY_TRUST.index(one.source)))
