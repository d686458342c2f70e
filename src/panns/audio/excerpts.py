"""Excerpts of sound files as WAV files: with the sample rate of the file, and its channels where possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from panns.audio.limits import DecodeLimits
from panns.audio.sound import open_sound
from panns.errors import AudioDecodeError, PannsError
from panns.system.files import native_path, replacing

if TYPE_CHECKING:
    import soundfile

# libsndfile finds any sample of these exactly; of the others it guesses, or needs the rest of the file.
_SEEKABLE = ("AIFF", "AU", "CAF", "FLAC", "RF64", "W64", "WAV", "WAVEX")
_FLOATS, _FINE = ("FLOAT", "DOUBLE"), ("PCM_24", "PCM_32")
_BLOCK_FRAMES = 2**16


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a sound, and the file to write it to.

    Attributes:
        path: The file.
        onset_s: Start of the stretch, in seconds.
        offset_s: End of the stretch, in seconds; it may lie after the end of the sound.
    """

    path: Path
    onset_s: float
    offset_s: float


def write_excerpts(source: str, excerpts: Sequence[Excerpt], *, duration_s: float, limits: DecodeLimits) -> None:
    """Write stretches of a sound as WAV files, each atomically, in memory independent of their lengths.

    Files that libsndfile can search keep their channels and the kind of their numbers. All others, and damaged ones,
    are decoded from the start as for detection, to mono and 16 bits.

    Args:
        source: Path of the sound.
        excerpts: The stretches, in any order; they may overlap.
        duration_s: Duration of the sound as it was decoded for detection. A file of another length is decoded anew.
        limits: Limits on decoding.

    Raises:
        AudioDecodeError: The sound cannot be read, or ends before a stretch begins.
        PannsError, OSError: A file cannot be written.
    """
    if not excerpts:
        return
    import soundfile

    with suppress(soundfile.LibsndfileError), soundfile.SoundFile(native_path(source)) as opened:
        is_whole = abs(opened.frames / opened.samplerate - duration_s) * opened.samplerate < 1
        if opened.format in _SEEKABLE and opened.seekable() and is_whole:
            for excerpt in excerpts:
                _copy(opened, excerpt)
            return
    _decode(source, sorted(excerpts, key=lambda one: one.onset_s), limits)


def _copy(opened: soundfile.SoundFile, excerpt: Excerpt) -> None:
    start = round(excerpt.onset_s * opened.samplerate)
    n_left = min(round(excerpt.offset_s * opened.samplerate), opened.frames) - start
    is_float = opened.subtype in _FLOATS
    subtype = "FLOAT" if is_float else "PCM_24" if opened.subtype in _FINE else "PCM_16"
    opened.seek(start)
    with _writing(excerpt.path, opened.samplerate, opened.channels, subtype) as file:
        while n_left > 0:
            block = opened.read(min(n_left, _BLOCK_FRAMES), dtype="float32" if is_float else "int32", always_2d=True)
            if not len(block):
                break
            file.write(block)
            n_left -= len(block)


def _decode(source: str, excerpts: Sequence[Excerpt], limits: DecodeLimits) -> None:
    """Write excerpts, sorted by onset, in one pass over the sound."""
    waiting = list(reversed(excerpts))
    n_before = 0
    with open_sound(source, sample_rate=None, limits=limits) as sound, ExitStack() as files:
        rate = sound.sample_rate
        open_ones: list[_OpenExcerpt] = []
        for block in sound:
            n_after = n_before + len(block)
            while waiting and round(waiting[-1].onset_s * rate) < n_after:
                excerpt = waiting.pop()
                stack = files.enter_context(ExitStack())
                file = stack.enter_context(_writing(excerpt.path, rate, 1, "PCM_16"))
                start, stop = round(excerpt.onset_s * rate), round(excerpt.offset_s * rate)
                open_ones.append(_OpenExcerpt(file, stack, start, stop))
            for one in open_ones:
                one.file.write(block[max(one.start - n_before, 0) : one.stop - n_before])
                if one.stop <= n_after:
                    one.stack.close()
            open_ones = [one for one in open_ones if one.stop > n_after]
            n_before = n_after
    if waiting:
        raise AudioDecodeError(f"{source}: ends before {waiting[-1].onset_s:.3f} s, where an event begins")


@dataclass(frozen=True)
class _OpenExcerpt:
    file: _Writer
    stack: ExitStack
    start: int
    stop: int


@contextmanager
def _writing(path: Path, sample_rate: int, n_channels: int, subtype: str) -> Iterator[_Writer]:
    import soundfile

    with replacing(path) as partial:
        with _write_errors(path):
            file = soundfile.SoundFile(native_path(partial), "w", sample_rate, n_channels, subtype, format="WAV")
        try:
            yield _Writer(path, file)
        finally:
            with _write_errors(path):
                file.close()


class _Writer:
    """A file that is written; a full disk is an error of the package, unlike a damaged sound."""

    def __init__(self, path: Path, file: soundfile.SoundFile) -> None:
        self._path, self._file = path, file

    def write(self, block: object) -> None:
        with _write_errors(self._path):
            self._file.write(block)


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    import soundfile

    try:
        yield
    except soundfile.LibsndfileError as exc:
        raise PannsError(f"{path} cannot be written ({exc.error_string}); make room or use another folder") from exc
