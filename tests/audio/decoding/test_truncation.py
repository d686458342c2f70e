"""Truncated or damaged files are decoded as far as possible, with a warning about the missing part."""

import logging

import numpy as np
import pytest

from panns.audio import load_sound, open_sound
from panns.errors import AudioDecodeError
from tests.audio.decoding.encoded_sounds import sound_file, tone, with_av, with_soundfile


def _read(data):
    with open_sound(data, sample_rate=44_100) as stream:
        waveform = np.concatenate(list(stream))
    return len(waveform) / 44_100, stream.warnings


def _half(name, seconds=10.0):
    data = sound_file(name, seconds)
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "name", ["wav", "wav_u8", "wav_24", "wav_float", "wav_alaw", "wav_adpcm", "rf64", "w64", "aiff", "au", "caf"]
)
def test_half_of_an_uncompressed_file(name):
    seconds, warnings = _read(_half(name))
    assert seconds == pytest.approx(5.0, abs=0.1)
    assert len(warnings) == 1
    assert warnings[0].startswith(f"ended after {seconds:.2f} s of the 10.")
    assert "s are missing; the result covers the rest" in warnings[0]


@pytest.mark.parametrize("name", ["flac", "mp3", "mp4_fragmented", "webm", "wavpack", "mkv_video"])
def test_half_of_a_compressed_file_with_a_length(name):
    seconds, warnings = _read(_half(name))
    assert 3.5 < seconds < 6
    assert f"ended after {seconds:.2f} s of the 10." in warnings[-1]


@pytest.mark.parametrize("name", ["ogg", "opus", "avi_video"])
def test_half_of_a_file_with_only_an_end_marker(name):
    seconds, warnings = _read(_half(name))
    assert 3.5 < seconds < 5.5
    assert warnings[-1].startswith("the end is missing, of unknown length")
    assert f"covers the {seconds:.2f} s before it" in warnings[-1]


def test_a_stream_cut_within_a_packet():
    seconds, warnings = _read(_half("aac"))
    assert seconds == pytest.approx(5.0, abs=0.2)
    assert "unknown length" in warnings[-1]


# Formats of libsndfile and FFmpeg that few people use, with their coding.
_RARE_WITH_LENGTH = [
    ("NIST", "PCM_16"),
    ("NIST", "ULAW"),
    ("VOC", "PCM_16"),
    ("VOC", "PCM_U8"),
    ("VOC", "ULAW"),
    ("VOC", "ALAW"),
    ("AVR", "PCM_16"),
    ("MAT4", "PCM_16"),
    ("MAT4", "DOUBLE"),
    ("MPC2K", "PCM_16"),
    ("SVX", "PCM_16"),
    ("sox", "pcm_s32le"),
    ("ast", "pcm_s16be_planar"),
]
_RARE_WITH_END = [
    ("MAT5", "PCM_16"),
    ("AIFF", "IMA_ADPCM"),
    ("AIFF", "GSM610"),
    ("AU", "G721_32"),
    ("AU", "G723_40"),
    ("rm", "ac3"),
    ("adts", "aac"),
    ("ac3", "ac3"),
    ("eac3", "eac3"),
    ("mp2", "mp2"),
    ("mpegts", "mp2"),
]
_RARE_WITHOUT_LENGTH = [("IRCAM", "PCM_16"), ("PAF", "PCM_16"), ("PVF", "PCM_16"), ("gxf", "pcm_s16le")]


def _rare(container, coding):
    sample_rate = 48_000 if container.islower() else 16_000
    samples = tone(3.0, sample_rate=sample_rate, n_channels=1)
    return (with_soundfile if container.isupper() else with_av)(samples, sample_rate, container, coding)


@pytest.mark.parametrize(("container", "coding"), _RARE_WITH_LENGTH)
def test_half_of_a_rare_format_with_a_length(container, coding):
    data = _rare(container, coding)
    assert _read(data)[1] == ()
    assert _read(data[: len(data) // 2])[1][0].startswith("ended after 1.")


@pytest.mark.parametrize(("container", "coding"), _RARE_WITH_END)
def test_half_of_a_rare_format_with_an_end(container, coding):
    data = _rare(container, coding)
    assert _read(data)[1] == ()
    warnings = _read(data[: len(data) // 2 + 13])[1]
    assert "unknown length" in warnings[0]


@pytest.mark.parametrize(("container", "coding"), _RARE_WITHOUT_LENGTH)
def test_a_format_without_length_says_so(container, coding):
    data = _rare(container, coding)
    message = "this format does not say how long the sound is, so a missing end cannot be noticed"
    assert _read(data)[1] == (message,)
    assert message in _read(data[: len(data) // 2])[1]


@pytest.mark.parametrize("name", ["m4a", "mp4_video", "mov_alac"])
def test_half_of_an_mp4_with_its_index_at_the_end(name):
    with pytest.raises(AudioDecodeError, match=r"cut off.*moov"):
        load_sound(_half(name), sample_rate=32_000)


def test_a_warning_is_logged_with_the_name(caplog):
    with caplog.at_level(logging.WARNING):
        _read(_half("wav"))
    assert caplog.messages == [
        "<bytes>: ended after 5.00 s of the 10.00 s its header declares, 5.00 s are missing; the result covers the rest"
    ]


@pytest.mark.parametrize("name", ["wav", "flac", "ogg", "mp3", "opus", "webm"])
@pytest.mark.parametrize("tenths", range(2, 10))
def test_any_cut_is_noticed(name, tenths):
    data = sound_file(name, 10.0)
    seconds, warnings = _read(data[: len(data) * tenths // 10])
    assert seconds == pytest.approx(tenths, abs=1.5)
    assert warnings


def test_flac_decoding_continues_after_damage():
    flac = bytearray(sound_file("flac", 10.0))
    start = len(flac) // 2
    flac[start : start + 200] = bytes(200)
    seconds, warnings = _read(bytes(flac))
    assert seconds == pytest.approx(10.0, abs=0.2)
    assert "s are missing, lost to damage (flac decoder lost sync)" in warnings[-1]
    whole = load_sound(sound_file("flac", 10.0), sample_rate=44_100)
    mended = load_sound(bytes(flac), sample_rate=44_100)
    n = 44_100 * 4
    assert np.array_equal(mended[:n], whole[:n])
    assert np.array_equal(mended[-n:], whole[-n:])


def test_a_mostly_damaged_file_is_refused_or_reported():
    aac = bytearray(sound_file("aac", 10.0))
    rng = np.random.default_rng(0)
    at, n_frame = 0, 0
    while at + 7 < len(aac):  # every ADTS frame keeps its header and loses its content, but for the first two
        size = (aac[at + 3] & 3) << 11 | aac[at + 4] << 3 | aac[at + 5] >> 5
        if n_frame > 1:
            aac[at + 7 : at + size] = b"\xe0" + rng.bytes(size - 8)
        at, n_frame = at + size, n_frame + 1
    try:
        seconds, warnings = _read(bytes(aac))
    except AudioDecodeError as exc:
        assert "packets are damaged" in str(exc)  # noqa: PT017 - either is right, but not silence
    else:
        assert "packets are damaged" in warnings[0]
        assert seconds < 11


@pytest.mark.parametrize("name", ["ogg", "opus"])
def test_lost_pages_of_ogg_are_not_called_a_missing_end(name):
    """Ogg has no place to hold the time of a packet but the end of its page, so the sound closes up."""
    data = sound_file(name, 10.0)
    pages = [at for at in range(len(data)) if data.startswith(b"OggS", at)]
    first, last = len(pages) // 3, len(pages) // 2
    seconds, (warning, *_) = _read(data[: pages[first]] + data[pages[last] :])
    assert 5.0 < seconds < 9.5
    assert warning.startswith(f"{10.0 - seconds:.2f} s of the 10.00 s")
    assert "missing inside the sound" in warning
    assert "too early" in warning
