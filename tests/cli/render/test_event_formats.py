"""Events as text and rows, with and without clock times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from panns.cli.options import LanguageChoice
from panns.cli.render.clock_cells import csv_cells, head_text, line_text, raven_cells
from panns.cli.render.event_formats import audacity_rows, csv_rows, raven_rows, table_lines
from panns.clock import Clock
from panns.results import Detection, Event

DOG = Event("Dog", "狗", 7, 1.0, 2.0005, 0.5)
WITHOUT = Detection("a.wav", 9.0, "m", (DOG,))
UNKNOWN = replace(WITHOUT, clock=Clock(None))
KNOWN = replace(WITHOUT, clock=Clock(datetime(2024, 4, 30, 23, 59, 58, 750_000, timezone(timedelta(hours=2)))))


@pytest.mark.parametrize(
    ("result", "head", "line", "csv", "raven"),
    [
        (WITHOUT, "", "", (), ()),
        (UNKNOWN, "  recorded at an unknown time", f"  {'?':22}", ("", ""), ("", "", "")),
        (
            KNOWN,
            "  recorded at 2024-04-30 23:59:58+02:00",
            "  2024-04-30 23:59:59.75",
            ("2024-04-30T23:59:59.750+02:00", "2024-05-01T00:00:00.750+02:00"),
            ("2024/04/30", "23:59:59.750", "00:00:00.750"),
        ),
    ],
)
def test_clock_times(result, head, line, csv, raven):
    assert head_text(result) == head
    assert line_text(result, 1.0) == line
    assert csv_cells(result, 1.0, 2.0) == csv
    assert raven_cells(result, 1.0, 2.0) == raven


def test_a_time_is_as_wide_as_an_unknown_one():
    whole = replace(WITHOUT, clock=Clock(datetime(2024, 5, 1, tzinfo=UTC)))
    assert line_text(whole, 0.0) == "  2024-05-01 00:00:00.00"
    assert len(line_text(UNKNOWN, 0.0)) == len(line_text(whole, 0.0))


def test_table():
    assert list(table_lines("a b.wav", WITHOUT, LanguageChoice.zh)) == [
        "a b.wav  9.0 s",
        "      1.00     2.00  0.500  狗",
    ]
    nothing = replace(WITHOUT, events=())
    assert list(table_lines("a", nothing, LanguageChoice.en)) == ["a  9.0 s", "  nothing above the threshold"]


def test_rows_of_csv_have_clock_times_at_their_end():
    (plain,), (known,) = csv_rows("a", WITHOUT), csv_rows("a", KNOWN)
    assert plain == ("a", 1.0, 2.0005, 7, "Dog", "狗", 0.5)
    assert known == (*plain, "2024-04-30T23:59:59.750+02:00", "2024-05-01T00:00:00.750+02:00")


def test_rows_of_label_tracks():
    assert list(audacity_rows(WITHOUT, LanguageChoice.zh)) == [("1.000000", "2.000500", "狗")]


def test_selections_count_through_all_sounds():
    (row,) = raven_rows("b.wav", UNKNOWN, LanguageChoice.en, first=3, begin_s=100.0, max_hz=8000.0)
    assert row[:7] == (3, "Spectrogram 1", 1, "101.000000", "102.000500", 0, 8000.0)
    assert row[7:] == ("Dog", "0.500000", "b.wav", "1.000000", "", "", "")
