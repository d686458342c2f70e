"""Onsets follow the media clock of the file: late tracks, lost packets, edit lists and encoder delays."""

import io

import numpy as np
import pytest

from panns.audio import open_sound
from tests.audio.decoding.encoded_sounds import sound_file

_RATE = 48_000
# name: container, audio codec, video codec, options of the container.
_CONTAINERS = {
    "mp4": ("mp4", "aac", "mpeg4", {}),
    "ts": ("mpegts", "aac", "mpeg2video", {}),
    "webm": ("webm", "libopus", "vp8", {}),
    "flv": ("flv", "aac", "flv1", {}),
    "mkv": ("matroska", "aac", "mpeg4", {}),
    "fragmented": ("mp4", "aac", "mpeg4", {"movflags": "frag_keyframe+empty_moov"}),
    "mov": ("mov", "aac", "mpeg4", {}),
    "ps": ("mpeg", "mp2", "mpeg2video", {}),
    "asf": ("asf", "libmp3lame", "mpeg4", {}),
    "nut": ("nut", "aac", "mpeg4", {}),
    "wtv": ("wtv", "mp2", "mpeg2video", {}),
}
_USUAL = ("mp4", "ts", "webm", "flv", "mkv")
_ALL = [pytest.param(name, marks=[] if name in _USUAL else pytest.mark.slow) for name in _CONTAINERS]
# AAC and MP2 without an edit list keep up to 1,024 samples of the encoder's delay as sound.
_DELAY_S = 0.03


def _beeps(seconds, start_s):
    """A beep of 0.1 s at every full second of the clock."""
    times = np.arange(round((seconds - start_s) * _RATE)) / _RATE + start_s
    return (0.3 * np.sin(2 * np.pi * 440 * times) * (times % 1.0 < 0.1)).astype(np.float32)


def _video(name, *, start_s=0.0, lost=(0.0, 0.0), seconds=12.0, has_picture=True):
    import av

    container, audio_codec, video_codec, options = _CONTAINERS[name]
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as out:
        packets = []
        if has_picture:
            picture = out.add_stream(video_codec, rate=4)
            picture.options = {"deadline": "realtime", "cpu-used": "8"} if video_codec == "vp8" else {}
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            for index in range(round(4 * seconds)):
                image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index, np.uint8), format="rgb24")
                image.pts = index
                packets += picture.encode(image)
            packets += picture.encode(None)
        track = out.add_stream(audio_codec, rate=_RATE)
        track.layout = "mono"
        samples = _beeps(seconds, start_s)
        for at in range(0, len(samples), 1024):
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, at : at + 1024], format="flt", layout="mono")
            frame.sample_rate, frame.pts = _RATE, at + round(start_s * _RATE)
            packets += track.encode(frame)
        packets += track.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            if packet.stream is not track or not lost[0] <= packet.pts * packet.time_base < lost[1]:
                out.mux(packet)
    return file.getvalue()


def _onsets(data):
    with open_sound(data, sample_rate=None) as sound:
        waveform = np.concatenate(list(sound))
    loud = np.abs(waveform[: len(waveform) // 240 * 240]).reshape(-1, 240).max(axis=1) > 0.1
    starts = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]])) * 240 / sound.sample_rate
    return starts[np.diff(starts, prepend=-1) > 0.5], sound


@pytest.mark.parametrize("name", _ALL)
def test_a_late_track_keeps_its_time(name):
    onsets, sound = _onsets(_video(name, start_s=3.0))
    assert onsets == pytest.approx(np.arange(3, 12), abs=_DELAY_S)
    assert sound.duration_s == pytest.approx(12.0, abs=0.05)
    assert len(sound.warnings) == 1
    assert "silence" in sound.warnings[0]
    assert "missing" not in sound.warnings[0]


@pytest.mark.parametrize("name", _ALL)
def test_lost_packets_become_silence(name):
    onsets, sound = _onsets(_video(name, lost=(4.0, 9.0)))
    assert onsets[:4] == pytest.approx([0, 1, 2, 3], abs=_DELAY_S)
    assert onsets[-3:] == pytest.approx([9, 10, 11], abs=_DELAY_S)
    assert sound.duration_s == pytest.approx(12.0, abs=0.05)
    (warning,) = sound.warnings
    assert warning.startswith("no sound is stored from 4.0")
    assert warning.endswith("s in all; silence replaces it")


@pytest.mark.parametrize("name", ["mp4", "mkv", pytest.param("webm", marks=pytest.mark.slow)])
def test_a_late_track_alone_keeps_the_time_of_its_container(name):
    onsets, _ = _onsets(_video(name, start_s=3.0, has_picture=False))
    assert onsets == pytest.approx(np.arange(3, 12), abs=_DELAY_S)


def test_a_transport_stream_starts_with_its_first_packet():
    # Its clock starts anywhere, so a stream without pictures has no other start.
    onsets, sound = _onsets(_video("ts", start_s=3.0, has_picture=False))
    assert onsets == pytest.approx(np.arange(9), abs=_DELAY_S)
    assert sound.warnings == ()


@pytest.mark.parametrize("name", _ALL)
def test_a_whole_video_has_no_warning(name):
    onsets, sound = _onsets(_video(name))
    assert onsets == pytest.approx(np.arange(12), abs=_DELAY_S)
    assert sound.warnings == ()


def _with_late_page(ogg):
    """Add half a second to the time of the last page but one, as some writers do."""
    starts = [at for at in range(len(ogg)) if ogg.startswith(b"OggS", at)]
    page = bytearray(ogg[starts[-2] : starts[-1]])
    page[6:14] = (int.from_bytes(page[6:14], "little") + _RATE // 2).to_bytes(8, "little")
    page[22:26] = bytes(4)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = checksum << 1 ^ (0x104C11DB7 if checksum >> 31 else 0)
    page[22:26] = checksum.to_bytes(4, "little")
    return ogg[: starts[-2]] + bytes(page) + ogg[starts[-1] :]


def test_pages_of_ogg_are_no_clock():
    with open_sound(_with_late_page(sound_file("opus", 12.0)), sample_rate=None) as sound:
        waveform = np.concatenate(list(sound))
    assert np.count_nonzero(waveform == 0) < 1_000
    assert not any("no sound is stored" in warning for warning in sound.warnings)


def test_a_cut_video_misses_its_end():
    data = _video("mkv", start_s=3.0)
    onsets, sound = _onsets(data[: len(data) // 2])
    assert onsets[:2] == pytest.approx([3, 4], abs=_DELAY_S)
    assert any("of the 12.02 s its header declares" in warning for warning in sound.warnings)
