"""Times in file names: of recorders as their makers document them, and none where none is meant."""

import pytest

from panns.clock import Clock
from panns.clock.recorder_names import time_in_name

NAMES = {
    # AudioMoth
    "20240501_183000.WAV": "2024-05-01T18:30:00",
    "20240501_183000T.WAV": "2024-05-01T18:30:00",
    "card/20240501/183000.WAV": "2024-05-01T18:30:00",
    "card/20240501/183000T.WAV": "2024-05-01T18:30:00",
    "card\\20240501\\183000.WAV": "2024-05-01T18:30:00",
    "5EC5A158.WAV": "2020-05-20T21:30:00+00:00",
    "5DFB6DFC.WAV": "2019-12-19T12:33:00+00:00",
    # Song Meter 2 to 4, also with the clock of a GPS
    "SITE_20240501_183000.wav": "2024-05-01T18:30:00",
    "SM304472_0+1_20181219$104523.wav": "2018-12-19T10:45:23",
    "S4A05117_20190913_200000.wav": "2019-09-13T20:00:00",
    # Frontier Labs, Swift, SoundTrap, hydrophones, PAMGuard
    "20191002T010000+1000_REC.flac": "2019-10-02T01:00:00+10:00",
    "20191002T010000-0330_Owl.flac": "2019-10-02T01:00:00-03:30",
    "swift1_20190913_200000Z.wav": "2019-09-13T20:00:00+00:00",
    "5147.200101120000.wav": "2020-01-01T12:00:00",
    "1677738025.180912073628.d24.d8.wav": "2018-09-12T07:36:28",
    "ARIZONA-1_20161023$195550.wav": "2016-10-23T19:55:50",
    "SBW1359_20180113T235906.250Z.wav": "2018-01-13T23:59:06.250000+00:00",
    "PAM_20190102_102030_123.wav": "2019-01-02T10:20:30",
    # Phones, cameras and screen recorders
    "PXL_20210102_102030123.mp4": "2021-01-02T10:20:30.123000+00:00",
    "VID_20190102_102030.mp4": "2019-01-02T10:20:30",
    "2024-05-01 18-30-00.mkv": "2024-05-01T18:30:00",
    "WhatsApp Audio 2024-05-01 at 18.30.00.ogg": "2024-05-01T18:30:00",
    "2020-05-20-21-30-00-UTC.wav": "2020-05-20T21:30:00+00:00",
    "20240501183000.mp3": "2024-05-01T18:30:00",
    "2024-05-01T18:30:00+02:00.wav": "2024-05-01T18:30:00+02:00",
    # The start and the end, coordinates, a copy, words with numbers
    "20240501_183000_20240501_190000.wav": "2024-05-01T18:30:00",
    "S20240501T183000.123+1000_E20240501T190000.456+1000_-27.38+152.87.wav": "2024-05-01T18:30:00.123000+10:00",
    "20240501T183000+1000_REC [-27.3888+152.8808].flac": "2024-05-01T18:30:00+10:00",
    "20240501_183000 (2).wav": "2024-05-01T18:30:00",
    "20240501_183000_ch1_48kHz.wav": "2024-05-01T18:30:00",
    # Clips of `panns detect --clips`: the onset of the event
    "Siren_20240501_183000_00012.480.wav": "2024-05-01T18:30:12.480000",
    "Siren_SITE_20240501_183000~80d7a6_00000.000.wav": "2024-05-01T18:30:00",
    "Siren_20191002T235959+1000_REC_12345.500.wav": "2019-10-03T03:25:44.500000+10:00",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_recorders(name):
    assert time_in_name(name).time.isoformat() == NAMES[name]


@pytest.mark.parametrize(
    "name",
    [
        "20240501_183000_001.wav",
        "20240501_183000-0001.wav",
        "20240501_183000-0015.wav",
        "20240501_183000Z_2.mp3",
        "0.85_SITE_20240501_183000_12.0s_15.0s.wav",
        "SITE_20240501_183000_REC_part3.flac",
        "20191002T010000+1000_REC_600.wav",
        "PXL_20210102_102030123~2.mp4",
        "Siren_20240501_183000_001_00012.480.wav",  # a clip of a part
        "Siren_20240501_183000_00012.480.mp3",  # clips are WAV
    ],
)
def test_parts_of_a_recording_have_no_time(name):
    stated = time_in_name(name)
    assert stated is not None
    assert stated.time is None
    (first, second) = Clock.of([stated], 3.0).warnings
    assert name[:60] in first
    assert "number after the time" in first
    assert "unknown" in second


def test_clips_begin_before_their_event():
    stated = time_in_name("Siren_20240501_183000_00012.480.wav")
    assert stated is not None
    clock = Clock.of([stated], 3.0)
    assert clock.recorded_at.isoformat() == "2024-05-01T18:30:12.480000"
    (warning,) = clock.warnings
    assert "--clip-margin" in warning


@pytest.mark.parametrize(
    "name",
    [
        "dog.wav",
        "20240501.wav",  # a day
        "20240501_1830.wav",  # a minute
        "240501_183000.wav",  # a year of two digits, or a day
        "20241301_183000.wav",  # a thirteenth month
        "20240230_183000.wav",
        "20240501_253000.wav",
        "120240501_183000.wav",
        "20240501_1830001.wav",
        "202405011830001234.wav",
        "5EC5A158.mp3",  # AudioMoth writes WAV
        "5ec5a158.wav",  # in capitals
        "20240501.WAV",  # as hexadecimal seconds it would be 1987
        "FFFFFFFF.WAV",
        "183000.WAV",
        "other/183000.WAV",
        "<bytes>",
        "",
    ],
)
def test_names_without_a_time(name):
    assert time_in_name(name) is None


def test_names_of_triggered_recordings():
    assert time_in_name("20240501_183000T.WAV").leaves_out_quiet
    assert not time_in_name("20240501_183000.WAV").leaves_out_quiet
    assert not time_in_name("20240501T183000.WAV").leaves_out_quiet
