"""Printers of events: what stands before, between and after the sounds."""

import json

import pytest

from panns.cli.options import LanguageChoice
from panns.cli.render.event_printers import EventFormat, event_printer
from panns.results import Detection, Event

FILES = ("x/a.wav", "y/a.wav")


def text_of(output_format, detections, *, has_clock=False):
    parts = []
    printer = event_printer(
        output_format, FILES, LanguageChoice.en, has_clock=has_clock, max_hz=8000.0, write=parts.append
    )
    printer.begin()
    for file, detection in detections:
        printer.add_detection(file, detection)
    printer.end()
    return "".join(parts)


def detection(file, n_events=1):
    return file, Detection(file, 5.0, "m", (Event("Dog", "狗", 0, 1.0, 2.0, 0.5),) * n_events)


def test_numbers_and_times_of_raven_count_through_the_sounds():
    lines = text_of(EventFormat.raven, [detection(FILES[0], 2), detection(FILES[1])]).splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    assert [(row[0], row[3], row[10]) for row in rows] == [
        ("1", "1.000000", "1.000000"),
        ("2", "1.000000", "1.000000"),
        ("3", "6.000000", "1.000000"),
    ]


@pytest.mark.parametrize("output_format", [EventFormat.csv, EventFormat.raven, EventFormat.kaleidoscope])
def test_columns_of_clock_times_only_with_a_clock(output_format):
    plain, clock = (text_of(output_format, [], has_clock=has_clock) for has_clock in (False, True))
    assert plain.count("\n") == clock.count("\n") == 1
    n_columns = [len(text.replace("\t", ",").split(",")) for text in (plain, clock)]
    assert n_columns[1] - n_columns[0] == (2 if output_format == EventFormat.csv else 3)


@pytest.mark.parametrize("n_sounds", [0, 1, 2])
def test_tasks_of_label_studio_are_one_list(n_sounds):
    tasks = json.loads(text_of(EventFormat.label_studio, [detection(file) for file in FILES[:n_sounds]]))
    assert [task["data"]["file"] for task in tasks] == list(FILES[:n_sounds])


def test_names_of_rttm_know_all_files():
    """Also where the other one has no events, or failed."""
    assert text_of(EventFormat.rttm, [detection(FILES[1])]).startswith("SPEAKER y/a.wav 1 1.000000 1.000000 ")


def test_suffixes_and_clock_times_of_every_format():
    assert {one for one in EventFormat if one.suffixes == (".jsonl",)} == {EventFormat.table, EventFormat.json}
    assert EventFormat.raven.suffixes == (".txt", ".tsv")
    assert {one for one in EventFormat if not one.has_clock_times} == {
        EventFormat.audacity,
        EventFormat.rttm,
        EventFormat.label_studio,
        EventFormat.elan,
    }
