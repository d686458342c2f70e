"""RTTM of NIST: a line per event with the ten fields of a SPEAKER turn.

    SPEAKER siren 1 0.500000 1.250000 <NA> <NA> Police%20car%20(siren) 0.912000 <NA>

The fields are type, file, channel, onset, duration, orthography, speaker type, name, confidence and signal look-ahead
(NIST, KWS15 Keyword Search Evaluation Plan, appendix; RT-09 Evaluation Plan). White space separates them, and the
format has no escape, so white space and `%` in names are written as in web addresses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import TextIO
from urllib.parse import quote, unquote

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.cells import group_by_file, number
from panns.errors import DataError

_NONE = "<NA>"
_ESCAPED = re.compile(r"[\s%\x00-\x1f\ud800-\udfff]")
_MIN_FIELDS = 8


def rttm_text(sound: AnnotatedSound, file_id: str) -> str:
    """One line per event.

    Args:
        sound: The sound.
        file_id: Its name in the file, as returned by `file_ids`.
    """
    lines = []
    for event in sound.annotations:
        times = f"{event.onset_s:.6f} {event.offset_s - event.onset_s:.6f}"
        score = _NONE if event.score is None else f"{event.score:.6f}"
        lines.append(f"SPEAKER {_escape(file_id)} 1 {times} {_NONE} {_NONE} {_escape(event.label)} {score} {_NONE}\n")
    return "".join(lines)


def file_ids(files: Sequence[str]) -> list[str]:
    """Names of files: without folder and suffix, or the whole path where several would share a name.

    Examples:
        >>> file_ids(["a/rain.wav", "b/dog.wav", "c/dog.flac"])
        ['rain', 'b/dog.wav', 'c/dog.flac']
    """
    stems = [PurePath(file).stem for file in files]
    n_times = Counter(stems)
    return [stem if n_times[stem] == 1 else file for stem, file in zip(stems, files, strict=True)]


def read_rttm(file: TextIO) -> list[AnnotatedSound]:
    """Read the SPEAKER lines; the message of a `DataError` begins with the line."""
    found: list[tuple[str, Annotation]] = []
    for line_number, line in enumerate(file, start=1):
        fields = line.split()
        if not fields or fields[0].startswith(";") or fields[0] != "SPEAKER":
            continue
        try:
            if len(fields) < _MIN_FIELDS:
                raise DataError(f"the line has {len(fields)} fields; a SPEAKER line has 10")
            onset_s, score = number(fields[3], "onset"), [*fields, _NONE][8]
            event = Annotation(
                unquote(fields[7], errors="surrogateescape"),
                onset_s,
                round(onset_s + number(fields[4], "duration"), 9),
                None if score == _NONE else number(score, "confidence"),
            )
        except DataError as exc:
            raise DataError(f"line {line_number}: {exc}") from exc
        found.append((unquote(fields[1], errors="surrogateescape"), event))
    return group_by_file(found)


def _escape(name: str) -> str:
    return _ESCAPED.sub(lambda match: quote(match[0], safe="", errors="surrogateescape"), name)
