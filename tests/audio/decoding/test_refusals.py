"""Invalid input is refused with one message: what was given, what is allowed, what to do."""

import io
import struct
import sys

import numpy as np
import pytest

from panns.audio import DecodeLimits, load_sound, open_sound
from panns.audio.decoding.lengths.bare import mpeg_frame_bytes
from panns.errors import AudioDecodeError, MissingExtra
from tests.audio.decoding.encoded_sounds import sound_file, tone, with_av, with_soundfile
from tests.commands import needs_permissions, needs_posix


def _refusal(source, error=AudioDecodeError, **keywords):
    with pytest.raises(error) as caught:
        load_sound(source, sample_rate=32_000, **keywords)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty, 0 bytes; give a sound file"),
        (b"hello, this is a letter\n" * 10, "is text, not audio; give a sound file"),
        ("你好，世界\n".encode() * 1000, "is text, not audio"),
        ("hello".encode("utf-16"), "is text, not audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "is a PNG image, not audio"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "is a JPEG image, not audio"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100), "is a WebP image"),
        (b"PK\x03\x04" + bytes(100), "is a ZIP archive"),
        (b"MThd\x00\x00\x00\x06" + bytes(100), "is MIDI (notes, not audio), not audio"),
        (b"\xf0\x7e\x00\x01" + bytes(100), "is a MIDI sample dump, a format that is not supported; convert it to WAV"),
        (b"Extended Instrument: " + bytes(100), "is a FastTracker instrument"),
        (b"ALawSoundFile**" + bytes(100), "is a Psion recording"),
        (with_soundfile(tone(0.1, n_channels=1), 16_000, "HTK", "PCM_16"), "unknown format"),
        (bytes(10_000), "unknown format"),
        (np.random.default_rng(0).bytes(100_000), "wav, flac, ogg, opus, mp3, aiff, and with the extra 'media'"),
        (b"fLaC" + bytes(1000), "begins like FLAC, but is damaged"),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(100), "begins like WAV, but is damaged"),
        (b"OggS" + bytes(1000), "begins like Ogg, but is damaged"),
        (b"#EXTM3U\n#EXTINF:1,\nother.wav\n", "is a playlist of other files, not audio; give the files"),
    ],
)
def test_bytes_without_sound_are_refused(data, words):
    message = _refusal(data)
    assert message.startswith("<bytes>: ")
    assert words in message


def test_paths_that_cannot_be_opened(tmp_path):
    missing = tmp_path / "missing.wav"
    assert _refusal(missing) == f"{missing}: no such file; check the path"
    assert "is a folder; give the audio files in it" in _refusal(tmp_path)
    assert "'' is not a path" in _refusal("")
    assert "network addresses are not supported; download the file" in _refusal("https://example.org/a.wav")
    assert "cannot be opened" in _refusal("a\0b.wav")
    assert "cannot be opened" in _refusal("a" * 5000)


@needs_posix
def test_a_device_is_refused():
    assert "is a device, not a file" in _refusal("/dev/zero")


@needs_permissions
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "secret.wav"
    path.write_bytes(sound_file("wav"))
    path.chmod(0)
    assert "permission denied; check its permissions" in _refusal(path)


def test_denied_permission_is_a_message(tmp_path, monkeypatch):
    def denied(*_args, **_keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    assert "permission denied; check its permissions" in _refusal(tmp_path / "secret.wav")


def test_unsupported_source_types_are_refused(tmp_path):
    assert "cannot be read from int; give a path, bytes, a file opened with 'rb'" in _refusal(5, TypeError)
    assert "opened as text; open it with 'rb'" in _refusal(io.StringIO("text"))
    path = tmp_path / "a.txt"
    path.write_text("text")
    with path.open() as file:
        assert "opened as text" in _refusal(file)
    file = io.BytesIO(b"data")
    file.close()
    assert "cannot be read" in _refusal(file)


@pytest.mark.parametrize(
    ("pair", "error", "words"),
    [
        ((16_000, np.zeros(10)), TypeError, "wrong way round; give (array, sample_rate)"),
        ((np.zeros(10),), TypeError, "give (array, sample_rate)"),
        ((np.zeros(10), "16000"), TypeError, "sample_rate='16000' must be a number"),
        ((np.zeros(10), True), TypeError, "sample_rate=True must be a number"),
        ((np.zeros(10), 16_000.5), ValueError, "sample_rate=16000.5 must be a whole number"),
        ((np.zeros(10), 0), AudioDecodeError, "sample rate 0 Hz is out of range"),
        ((np.zeros(10), -16_000), AudioDecodeError, "-16000 Hz is out of range"),
        ((np.zeros(0), 16_000), AudioDecodeError, "is empty"),
        ((np.zeros((2, 1000)), 16_000), AudioDecodeError, "(samples, channels), so transpose it with .T"),
        ((np.zeros((2, 100, 2)), 16_000), AudioDecodeError, "has 3 dimensions; give (samples,)"),
        (
            (np.zeros(10, np.int64), 16_000),
            TypeError,
            "int64 have no conventional full scale; give floats within -1..1",
        ),
        ((np.zeros(10, np.complex64), 16_000), TypeError, "complex64 have no conventional"),
        ((np.zeros(10, object), 16_000), TypeError, "object have no conventional"),
        ((np.zeros(10, bool), 16_000), TypeError, "bool have no conventional"),
        ((np.array([0, np.nan, 0]), 1_000), AudioDecodeError, "not finite (nan) at 0.001 s"),
        ((np.array([0, 0, -np.inf]), 1_000), AudioDecodeError, "not finite (-inf) at 0.002 s"),
        ((np.array([[np.inf, -np.inf]] * 3), 1_000), AudioDecodeError, "not finite"),
        ((np.full(10, 1e300), 16_000), AudioDecodeError, "not finite"),
        ((np.full(10, 1e9), 16_000), AudioDecodeError, "the value 1e+09 at 0.000 s"),
    ],
)
def test_arrays(pair, error, words):
    assert words in _refusal(pair, error)


def test_an_invalid_sample_rate_is_refused():
    with pytest.raises(ValueError, match="sample_rate=0 is out of range"):
        open_sound(sound_file("wav"), sample_rate=0)
    with pytest.raises(TypeError):
        open_sound(sound_file("wav"), sample_rate=32_000.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_wav_with_invalid_samples_is_refused(value):
    samples = tone(3.0)
    samples[100_000] = value
    message = _refusal(with_soundfile(samples, 44_100, "WAV", "FLOAT"))
    assert "at 2.268 s; audio is finite and about within -1..1" in message


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16")])
def test_a_file_of_no_samples(container, subtype):
    assert "holds no sound, 0 samples" in _refusal(with_soundfile(tone(2.0)[:0], 44_100, container, subtype))


@pytest.mark.parametrize(
    ("offset", "layout", "value", "words"),
    [
        (24, "<I", 1, "the sample rate 1 Hz is out of range (100 to 4,000,000)"),
        (24, "<I", 50_000_000, "the sample rate 50000000 Hz is out of range"),
        (24, "<I", 0, "damaged"),
        (22, "<H", 0, "damaged"),
        (22, "<H", 65_535, "damaged"),
    ],
)
def test_an_absurd_header(offset, layout, value, words):
    wav = bytearray(sound_file("wav"))
    struct.pack_into(layout, wav, offset, value)
    assert words in _refusal(bytes(wav))


def test_a_video_without_sound():
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        picture = out.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            out.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        out.mux(picture.encode(None))
    assert "has no audio track, only video; give a file with sound in it" in _refusal(file.getvalue())


@pytest.mark.parametrize("name", ["m4a", "webm", "aac", "mp4_video"])
def test_a_missing_pyav_names_the_extra(name, monkeypatch):
    sound = sound_file(name)
    monkeypatch.setitem(sys.modules, "av", None)
    message = _refusal(sound, MissingExtra)
    assert message.startswith("reading <bytes> (")
    assert message.endswith("needs the package 'av'; install it with: pip install 'panns-audio[media]'")


@pytest.mark.parametrize("name", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_common_formats_need_no_pyav(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert len(load_sound(sound_file(name), sample_rate=32_000)) == pytest.approx(64_000, abs=100)


def test_unknown_formats_suggest_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert "for more formats: pip install 'panns-audio[media]'" in _refusal(bytes(range(256)) * 100)


def test_a_single_frame_names_the_extra_without_pyav(monkeypatch):
    data = with_av(tone(0.2, sample_rate=44_100, n_channels=1), 44_100, "mp2", "mp2")
    one = data[: mpeg_frame_bytes(data[:4])]
    assert 100 < len(one) < len(data) / 4
    two = data[: len(one) + mpeg_frame_bytes(data[len(one) :][:4])]
    assert len(load_sound(one, sample_rate=44_100)) == 1_152
    assert len(load_sound(two, sample_rate=44_100)) == 2_304
    monkeypatch.setitem(sys.modules, "av", None)
    assert _refusal(one, MissingExtra) == (
        "reading <bytes> (a single frame of MP3) needs the package 'av'; "
        "install it with: pip install 'panns-audio[media]'"
    )
    assert len(load_sound(two, sample_rate=44_100)) == 2_304
    assert "libsndfile cannot decode it" in _refusal(one[:-3])


def test_what_libsndfile_cannot_read_names_both_remedies_without_pyav(monkeypatch):
    # Ogg FLAC as FFmpeg writes it.
    sound = with_av(tone(1.0, sample_rate=16_000, n_channels=1), 16_000, "oga", "flac")
    assert len(load_sound(sound, sample_rate=16_000)) == 16_000
    monkeypatch.setitem(sys.modules, "av", None)
    message = _refusal(sound)
    assert "begins like Ogg, but libsndfile cannot decode it" in message
    assert "add the decoders of FFmpeg: pip install 'panns-audio[media]'" in message


def test_without_pyav_damage_ends_the_sound(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    flac = bytearray(sound_file("flac", 10.0))
    middle = len(flac) // 2
    flac[middle : middle + 1000] = bytes(1000)
    with open_sound(bytes(flac), sample_rate=44_100) as stream:
        n_samples = sum(len(block) for block in stream)
    assert 44_100 < n_samples < 300_000
    assert "damaged after" in stream.warnings[0]
    assert "of the 10.00 s its header declares" in stream.warnings[1]


# A local file, and an address without a server: neither may ever be opened on behalf of a playlist.
@pytest.mark.parametrize(
    "template",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.0,\n{url}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{url}'\n",
        "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n",
        '<?xml version="1.0"?><MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>',
        "\0#EXTM3U\n#EXTINF:1.0,\n{url}\n",
    ],
)
@pytest.mark.parametrize("name", ["playlist.m3u8", "list.ffconcat", "a.sdp", "a.mpd", "a.wav", "a.m4a"])
def test_playlists_never_lead_to_other_files(template, name, tmp_path):
    other = tmp_path / "other.wav"
    other.write_bytes(sound_file("wav"))
    for url in (str(other), other.as_uri(), "other.wav", "http://127.0.0.1:9/a.wav"):
        path = tmp_path / name
        path.write_bytes(template.format(url=url).encode())
        _refusal(path)


def test_a_large_change_of_sample_rate_is_refused(monkeypatch):
    from panns.audio.decoding.media_clock import TimedFrames
    from panns.audio.decoding.media_reader import MediaReader

    frames = [TimedFrames(np.zeros((1024, 1), np.float32), rate, None) for rate in (44_100, 100)]
    monkeypatch.setattr(MediaReader, "_frames", lambda _self: iter(frames))
    assert "its sample rate changes from 44100 to 100 Hz" in _refusal(sound_file("aac"))


def test_demuxers_that_open_other_files_are_disabled():
    from panns.audio.decoding.media_formats import FORMATS, OPTIONS

    assert not {"hls", "concat", "dash", "sdp", "rtsp", "rtp", "sap", "image2", "lavfi", "imf"} & set(
        FORMATS.split(",")
    )
    assert OPTIONS["protocol_whitelist"] == "none"


def test_the_media_reader_refuses_playlists(tmp_path):
    """Behind the check of the first bytes stands FFmpeg's own."""
    from panns.audio.decoding.declared_length import DeclaredLength
    from panns.audio.decoding.formats import UNKNOWN
    from panns.audio.decoding.media_reader import MediaReader
    from panns.audio.decoding.reader import Undecodable
    from panns.audio.decoding.source import open_input
    from panns.audio.limits import DecodeLimits

    (tmp_path / "other.wav").write_bytes(sound_file("wav"))
    for text in (
        f"ffconcat version 1.0\nfile '{tmp_path}/other.wav'\n",
        f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/other.wav\n",
    ):
        path = tmp_path / "list.m3u8"
        path.write_text(text)
        with pytest.raises(Undecodable):
            MediaReader(open_input(path, DecodeLimits()), DeclaredLength(), UNKNOWN)


def test_decoders_write_nothing_to_standard_error(capfd):
    for name in ("m4a", "aac", "webm", "flac", "avi_video"):
        data = bytearray(sound_file(name))
        data[len(data) // 2 : len(data) // 2 + 500] = bytes(500)
        try:
            load_sound(bytes(data), sample_rate=32_000)
        except AudioDecodeError:
            continue
    assert capfd.readouterr().err == ""


def test_limits_are_numbers():
    with pytest.raises(ValueError, match="max_duration_s=-1"):
        DecodeLimits(max_duration_s=-1)


def test_a_very_low_bit_rate_is_accepted():
    quiet = with_av(np.zeros((48_000 * 30, 1), np.float32), 48_000, "ogg", "libopus")
    limits = DecodeLimits(grace_s=5.0)
    assert len(load_sound(quiet, sample_rate=8_000, limits=limits)) == pytest.approx(240_000, abs=100)
