"""Events in the formats of reviewing programs: Kaleidoscope, RTTM, Label Studio and ELAN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panns.cli.options import LanguageChoice
from panns.cli.render.event_formats import label_of
from panns.system.safe_text import csv_text

if TYPE_CHECKING:
    from panns.data.annotations import AnnotatedSound
    from panns.results import Detection


@dataclass(frozen=True)
class ReviewFormat:
    """A format as parts of one text.

    Attributes:
        to_text: Text of one sound.
        head: Text before the first sound.
        separator: Text between two sounds.
        end: Text after the last sound.
    """

    to_text: Callable[[AnnotatedSound], str]
    head: str = ""
    separator: str = ""
    end: str = ""


def review_format(name: str, files: Sequence[str], *, has_clock: bool) -> ReviewFormat:
    """The format of this name.

    Args:
        name: "kaleidoscope", "rttm", "label-studio" or "elan".
        files: All sounds, because RTTM needs a short name for each.
        has_clock: True if the events have clock times, for which Kaleidoscope has columns.
    """
    from panns.data.annotations import elan, kaleidoscope, label_studio, rttm
    from panns.system.json_files import to_json

    if name == "kaleidoscope":
        return ReviewFormat(
            lambda sound: csv_text(kaleidoscope.kaleidoscope_rows(sound, has_clock=has_clock)),
            csv_text([kaleidoscope.kaleidoscope_columns(has_clock=has_clock)]),
        )
    if name == "rttm":
        ids = dict(zip(files, rttm.file_ids(files), strict=True))
        return ReviewFormat(lambda sound: rttm.rttm_text(sound, ids[sound.file]))
    if name == "label-studio":
        return ReviewFormat(lambda sound: to_json(label_studio.label_studio_task(sound)), "[\n", ",\n", "\n]\n")
    assert name == "elan"
    return ReviewFormat(elan.elan_document, end="\n")


def to_annotated_sound(file: str, detection: Detection, language: LanguageChoice) -> AnnotatedSound:
    """The events of a detection as annotations, with labels in a language."""
    from panns.data.annotations import AnnotatedSound, Annotation

    clock = detection.clock
    events = [
        Annotation(
            label_of(event, language),
            event.onset_s,
            event.offset_s,
            event.score,
            time=None if clock is None else clock.at(event.onset_s),
        )
        for event in detection
    ]
    return AnnotatedSound(file, tuple(events), detection.duration_s, model=detection.model)
