"""A tone encoded in every format, which can be recognised after decoding."""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import pairwise

import numpy as np

TONE_HZ = 440.0


def tone(seconds=2.0, *, sample_rate=44_100, n_channels=2, tone_hz=TONE_HZ):
    """A tone `(samples, channels)` float32; a trace of noise makes every part of a file different."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    noise = np.random.default_rng(0).standard_normal((len(times), n_channels))
    return (0.5 * np.sin(2 * np.pi * tone_hz * times)[:, np.newaxis] + 0.005 * noise).astype(np.float32)


def with_soundfile(samples, sample_rate, container, subtype):
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", sample_rate, samples.shape[1], format=container, subtype=subtype) as out:
        # In one call libsndfile 1.2 overflows its stack on a minute of Vorbis.
        for start in range(0, len(samples), sample_rate):
            out.write(samples[start : start + sample_rate])
    return file.getvalue()


def with_av(samples, sample_rate, container, codec, *, video=False, options=None, tags=None):
    import av

    file = io.BytesIO()
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[1]]
    with av.open(file, "w", format=container, options=options or {}) as out:
        out.metadata.update(tags or {})
        # Every track has to be there before the first packet is written.
        picture = out.add_stream("mpeg4", rate=10) if video else None
        track = out.add_stream(codec, rate=sample_rate)
        track.layout = layout
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            for index in range(round(10 * len(samples) / sample_rate)):
                image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index % 250, np.uint8), format="rgb24")
                image.pts = index
                out.mux(picture.encode(image))
            out.mux(picture.encode(None))
        cuts = [*range(0, len(samples), 1024), len(samples)]
        for start, end in pairwise(cuts):
            frame = av.AudioFrame.from_ndarray(samples[start:end].reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, start
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return file.getvalue()


# name: (writer, sample rate, container, coding, keywords)
_WRITERS = {
    "wav": (with_soundfile, 44_100, "WAV", "PCM_16", {}),
    "wav_u8": (with_soundfile, 44_100, "WAV", "PCM_U8", {}),
    "wav_24": (with_soundfile, 44_100, "WAV", "PCM_24", {}),
    "wav_float": (with_soundfile, 44_100, "WAV", "FLOAT", {}),
    "wav_alaw": (with_soundfile, 44_100, "WAV", "ALAW", {}),
    "wav_adpcm": (with_soundfile, 44_100, "WAV", "IMA_ADPCM", {}),
    "rf64": (with_soundfile, 44_100, "RF64", "PCM_16", {}),
    "w64": (with_soundfile, 44_100, "W64", "PCM_16", {}),
    "aiff": (with_soundfile, 44_100, "AIFF", "PCM_16", {}),
    "aifc_adpcm": (with_soundfile, 44_100, "AIFF", "IMA_ADPCM", {}),
    "au": (with_soundfile, 44_100, "AU", "PCM_16", {}),
    "caf": (with_soundfile, 44_100, "CAF", "PCM_16", {}),
    "caf_alac": (with_soundfile, 44_100, "CAF", "ALAC_16", {}),
    "flac": (with_soundfile, 44_100, "FLAC", "PCM_16", {}),
    "ogg": (with_soundfile, 44_100, "OGG", "VORBIS", {}),
    "opus": (with_soundfile, 48_000, "OGG", "OPUS", {}),
    "mp3": (with_soundfile, 44_100, "MP3", "MPEG_LAYER_III", {}),
    "m4a": (with_av, 44_100, "ipod", "aac", {}),
    "mp4_fragmented": (with_av, 44_100, "mp4", "aac", {"options": {"movflags": "frag_keyframe+empty_moov"}}),
    "mp4_video": (with_av, 44_100, "mp4", "aac", {"video": True}),
    "mov_alac": (with_av, 44_100, "mov", "alac", {}),
    "aac": (with_av, 44_100, "adts", "aac", {}),
    "webm": (with_av, 48_000, "webm", "libopus", {}),
    "mkv_video": (with_av, 44_100, "matroska", "aac", {"video": True}),
    "avi_video": (with_av, 44_100, "avi", "libmp3lame", {"video": True}),
    "ac3": (with_av, 48_000, "ac3", "ac3", {}),
    "wavpack": (with_av, 44_100, "wv", "wavpack", {}),
    "mpegts": (with_av, 44_100, "mpegts", "aac", {}),
    "flv": (with_av, 44_100, "flv", "aac", {}),
}
FORMATS = tuple(_WRITERS)


@lru_cache
def sound_file(name, seconds=2.0):
    """The tone as a file of that format, as bytes."""
    writer, sample_rate, container, coding, keywords = _WRITERS[name]
    return writer(tone(seconds, sample_rate=sample_rate), sample_rate, container, coding, **keywords)


def native_rate(name):
    return _WRITERS[name][1]


def peak_hz(waveform, sample_rate):
    """The strongest frequency of a waveform."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.argmax(spectrum)) * sample_rate / len(waveform)
