"""Detections as annotations, for the formats of reviewing programs."""

from dataclasses import replace
from datetime import datetime

import pytest

from panns.cli.options import LanguageChoice
from panns.cli.render.review_formats import review_format, to_annotated_sound
from panns.clock import Clock
from panns.data.annotations import AnnotatedSound, Annotation
from panns.results import Detection, Event

DETECTION = Detection("a.wav", 9.0, "m", (Event("Dog", "狗", 0, 1.0, 2.0, 0.5),))


def test_labels_and_clock_times_of_a_detection():
    assert to_annotated_sound("x/a.wav", DETECTION, LanguageChoice.zh) == AnnotatedSound(
        "x/a.wav", (Annotation("狗", 1.0, 2.0, 0.5),), 9.0, "m"
    )
    known = replace(DETECTION, clock=Clock(datetime(2024, 5, 1)))
    (event,) = to_annotated_sound("a", known, LanguageChoice.en).annotations
    assert (event.label, event.time) == ("Dog", datetime(2024, 5, 1, 0, 0, 1))


@pytest.mark.parametrize("name", ["kaleidoscope", "rttm", "label-studio", "elan"])
def test_a_format_ends_its_last_line(name):
    form = review_format(name, ["a.wav"], has_clock=False)
    text = form.head + form.to_text(to_annotated_sound("a.wav", DETECTION, LanguageChoice.en)) + form.end
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
