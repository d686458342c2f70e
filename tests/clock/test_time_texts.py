"""Times in texts of metadata."""

from datetime import timedelta

import pytest

from panns.clock.time_texts import parse_audiomoth_comment, parse_time, parse_zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The formats of the GUANO specification
        ("2015-12-31T23:59:59", "2015-12-31T23:59:59"),
        ("2015-12-31T23:59:59.123", "2015-12-31T23:59:59.123000"),
        ("2015-12-31T23:59:59.123456", "2015-12-31T23:59:59.123456"),
        ("2015-12-31T23:59:59Z", "2015-12-31T23:59:59+00:00"),
        ("2015-12-31T23:59:59.123+04:00", "2015-12-31T23:59:59.123000+04:00"),
        ("2015-12-31 23:59:59-03:30", "2015-12-31T23:59:59-03:30"),
        # Wildlife Acoustics, QuickTime, MP4 by FFmpeg
        ("2014-04-02 22:59:14.000", "2014-04-02T22:59:14"),
        ("2018-04-26T10:04:37+0900", "2018-04-26T10:04:37+09:00"),
        ("2018-04-26T04:17:18.000000Z", "2018-04-26T04:17:18+00:00"),
        # The separators that EBU Tech 3285 allows
        ("2024:05:01 18-30-00", "2024-05-01T18:30:00"),
        ("2024.05.01 18.30.00", "2024-05-01T18:30:00"),
        ("2024_05_01 18_30_00", "2024-05-01T18:30:00"),
        ("2024/05/01 18:30:00 UTC", "2024-05-01T18:30:00+00:00"),
    ],
)
def test_times(text, expected):
    assert parse_time(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-05-01",
        "2024-05-01 18:30",
        "0000-00-00 00:00:00",
        "2024-02-30 10:00:00",
        "soon",
        "2024-05-01T24:00:00",
        "2024-05-01T10:00:00+25:00",
    ],
)
def test_texts_without_a_time(text):
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Firmware 1.0, 1.0.1, 1.1, 1.4, 1.8 and the one of AudioMoth-GPS-Sync
        ("Recorded at 10:34:02 22/04/2019 by AudioMoth 0F49 at gain setting 2", "2019-04-22T10:34:02+00:00"),
        ("Recorded at 10:34:02 22/04/2019 (UTC) by AudioMoth 0F49", "2019-04-22T10:34:02+00:00"),
        ("Recorded at 10:34:02 22/04/2019 (UTC-5) by AudioMoth 0F49", "2019-04-22T10:34:02-05:00"),
        ("Recorded at 10:34:02 22/04/2019 (UTC+5:30) by AudioMoth 0F49", "2019-04-22T10:34:02+05:30"),
        ("Recorded at 10:34:02 22/04/2019 (UTC-0:30) by AudioMoth 0F49", "2019-04-22T10:34:02-00:30"),
        ("Recorded at 10:34:02 22/04/2019 (UTC-3:30) during deployment 0F49", "2019-04-22T10:34:02-03:30"),
        ("Recorded at 10:34:02.250 22/04/2019 (UTC) by AudioMoth 0F49", "2019-04-22T10:34:02.250000+00:00"),
    ],
)
def test_comments_of_audiomoth(text, expected):
    assert parse_audiomoth_comment(text).isoformat() == expected


@pytest.mark.parametrize("text", ["", "a comment", "Recorded at noon", "Recorded at 10:34:02 22/13/2019 (UTC)"])
def test_other_comments(text):
    assert parse_audiomoth_comment(text) is None


def test_offsets():
    assert parse_zone("UTC+2").utcoffset(None) == timedelta(hours=2)
    assert parse_zone("-09:30").utcoffset(None) == -timedelta(hours=9, minutes=30)
    assert [parse_zone(text) for text in ("+15:00", "+02:07", "Berlin", "", "+2h")] == [None] * 5
