"""Times that files state: real files, with chunks laid out as their specifications say."""

import io
import struct

import numpy as np
import pytest

from panns.audio import open_sound
from panns.clock import TimeSource
from tests.audio.decoding.encoded_sounds import with_av

SOUND = np.zeros(4_410, dtype="<i2").tobytes()


def riff(*chunks, kind=b"RIFF"):
    order = ">" if kind == b"RIFX" else "<"
    layout = struct.pack(order + "HHIIHH", 1, 1, 44_100, 88_200, 2, 16)
    body = b"WAVE"
    for name, data in ((b"fmt ", layout), *chunks):
        body += name + struct.pack(order + "I", len(data)) + data + b"\0" * (len(data) % 2)
    return kind + struct.pack(order + "I", len(body)) + body


def bext(date, time):
    """EBU Tech 3285, version 1."""
    layout = struct.pack("<256s32s32s10s8sIIH64s190s", b"a text", b"", b"", date, time, 0, 0, 1, b"", b"")
    return b"bext", layout + b"A=PCM,F=44100\r\n"


def wamd(*fields):
    return b"wamd", b"".join(struct.pack("<HI", kind, len(data)) + data for kind, data in fields)


def stated(source):
    with open_sound(source, sample_rate=None) as sound:
        list(sound)
        assert sound.warnings == ()
        return [(one.source, one.time and one.time.isoformat()) for one in sound.stated_times]


DATA = (b"data", SOUND)


@pytest.mark.parametrize("kind", [b"RIFF", b"RIFX"])
def test_broadcast_wav(kind):
    chunk = bext(b"2024-05-01", b"18:30:00")
    assert stated(riff(chunk, DATA, kind=kind)) == [("bext", "2024-05-01T18:30:00")]
    assert stated(riff(DATA, chunk, kind=kind)) == [("bext", "2024-05-01T18:30:00")]


def test_broadcast_wav_without_a_date():
    for date, time in ((b"", b""), (b"0000-00-00", b"00:00:00"), (b"          ", b"        ")):
        assert stated(riff(bext(date, time), DATA)) == []
    assert stated(riff(bext(b"2024-00-00", b"18:30:00"), DATA)) == [("bext", None)]
    assert stated(riff((b"bext", b"short"), DATA)) == []


def test_guano():
    text = "GUANO|Version: 1.0\nMake: x\nNote: \u00e4: b\nTimestamp:  2012-03-29T03:58:01.250+04:00 \nTE: 10\n"
    source = riff(DATA, (b"guan", text.encode()))
    assert stated(source) == [("guano", "2012-03-29T03:58:01.250000+04:00")]
    with open_sound(source, sample_rate=None) as sound:
        assert sound.stated_times[0].time_expansion == 10
    assert stated(riff(DATA, (b"guan", b"GUANO|Version: 1.0\nMake: x"))) == []


def test_wildlife_acoustics():
    for text in (b"2014-04-02 22:59:14-05:00", b"2014-04-02 22:59:14.000"):
        (one,) = stated(riff(DATA, wamd((0, b"\1\0"), (1, b"SM4"), (5, text), (15, b"\1\0"))))
        assert one[0] == "wildlife_acoustics"
        assert one[1].startswith("2014-04-02T22:59:14")
    assert stated(riff(DATA, wamd((1, b"SM4")))) == []
    assert stated(riff(DATA, (b"wamd", b"\5\0\xff\xff\xff\xff2014"))) == [("wildlife_acoustics", None)]


COMMENT = "Recorded at 18:30:00 01/05/2024 (UTC+2) by AudioMoth 24F3190361DA3578 at medium gain while battery was 4.5V."


@pytest.mark.parametrize(
    ("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")]
)
def test_comments_of_audiomoth_survive_conversion(container, subtype):
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 48_000, 1, format=container, subtype=subtype) as out:
        out.comment, out.date = COMMENT, "2024-05-01"  # a day alone states nothing
        out.write(np.zeros(4_800))
    assert stated(file.getvalue()) == [("audiomoth", "2024-05-01T18:30:00+02:00")]


def test_complete_date_tags():
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 48_000, 1, format="FLAC") as out:
        out.date = "2024-05-01T18:30:00Z"
        out.write(np.zeros(4_800))
    assert stated(file.getvalue()) == [("date_tag", "2024-05-01T18:30:00+00:00")]


@pytest.mark.parametrize(
    ("container", "codec", "options", "tags", "expected"),
    [
        ("mp4", "aac", {}, {"creation_time": "2024-05-01T16:30:00Z"}, ("creation_time", "2024-05-01T16:30:00+00:00")),
        (
            "matroska",
            "aac",
            {},
            {"creation_time": "2024-05-01T16:30:00Z"},
            ("creation_time", "2024-05-01T16:30:00+00:00"),
        ),
        (
            "webm",
            "libopus",
            {},
            {"creation_time": "2024-05-01T16:30:00Z"},
            ("creation_time", "2024-05-01T16:30:00+00:00"),
        ),
        (
            "mov",
            "aac",
            {"movflags": "use_metadata_tags"},
            {"com.apple.quicktime.creationdate": "2024-05-01T18:30:00+0200"},
            ("quicktime", "2024-05-01T18:30:00+02:00"),
        ),
        ("mp4", "aac", {}, {"creation_time": "1970-01-01T00:00:00Z"}, None),
        ("mp4", "aac", {}, {}, None),
    ],
)
def test_dates_of_containers(container, codec, options, tags, expected):
    source = with_av(np.zeros((24_000, 1), np.float32), 48_000, container, codec, options=options, tags=tags)
    assert stated(source) == ([] if expected is None else [expected])


def test_the_name_comes_first(tmp_path):
    path = tmp_path / "SITE_20240501_183000.wav"
    path.write_bytes(riff(bext(b"2024-05-01", b"18:30:01"), DATA, (b"guan", b"Timestamp: 2024-05-01T18:30:00+02:00")))
    assert [source for source, _ in stated(path)] == ["file_name", "guano", "bext"]
    with path.open("rb") as file:
        assert [source for source, _ in stated(file)] == ["file_name", "guano", "bext"]


def test_sounds_without_a_time():
    assert stated(riff(DATA)) == []
    assert stated((np.zeros(100, np.float32), 8_000)) == []


def test_hostile_chunks_cost_little():
    empty = [(b"junk", b"")] * 4000
    with open_sound(riff(*empty, DATA, bext(b"2024-05-01", b"18:30:00")), sample_rate=None) as sound:
        assert sound.stated_times == ()
    for cut in range(40, 700, 60):
        source = riff(bext(b"2024-05-01", b"18:30:00"), wamd((5, b"2014-04-02 22:59:14")), DATA)[:cut]
        try:
            with open_sound(source, sample_rate=None) as sound:
                assert {one.source for one in sound.stated_times} <= set(TimeSource)
        except ValueError:
            pass  # cut before any sound
