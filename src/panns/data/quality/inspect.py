"""What is wrong with the sound of clips, and by what it is known again: one pass over a file, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from panns.audio import open_sound, resample
from panns.data.clips.clip import Clip
from panns.data.clips.stretches import END_TOLERANCE_S, StretchReader
from panns.data.quality.copies.fingerprint import RATE, Landmarks, landmarks_of
from panns.data.quality.findings import Finding, Kind
from panns.errors import PannsError

Array = npt.NDArray[np.float32]

SILENT_PEAK = 1e-3  # -60 dB, under which padding lies that was encoded
# Of a tone of 16 bits at half of full scale 0.7 % of the samples round to its highest value.
_CLIPPED_SHARE = 0.01
_CLIPPED_PEAK, _FULL_SCALE = 0.5, 0.999
# So much of a clip is compared with others.
HEAD_S = 60.0


@dataclass(frozen=True, eq=False, slots=True)
class Inspection:
    """What was heard of one clip.

    Attributes:
        findings: What is wrong with it.
        duration_s: How long it is, 0 if it cannot be read.
        sample_rate: That it was recorded at, 0 if it cannot be read.
        digest: Of its samples; empty for silence and for what cannot be read, which are no copies of each other.
        landmarks: By which copies are found, or None.
    """

    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0
    sample_rate: int = 0
    digest: bytes = b""
    landmarks: Landmarks | None = None


def inspect_file(file: Path, clips: Sequence[Clip], *, min_duration_s: float) -> list[Inspection]:
    """Hear the clips that are of one file.

    Args:
        file: Where it lies.
        clips: In rising order of onset, so that one pass is enough.
        min_duration_s: What is shorter is found.
    """
    if not file.is_file():
        problem = Finding("missing file", (clips[0].path,), f"{file} is not there; correct its path, or leave it out")
        return [Inspection((problem,)), *(Inspection() for _ in clips[1:])]
    heard: list[Inspection] = []
    with StretchReader() as stretches:
        for clip in clips:
            try:
                if clip.is_whole_file:
                    heard.append(inspect_whole(file, clip, min_duration_s=min_duration_s))
                else:
                    waveform, sample_rate = stretches.read(file, clip)
                    ear = _Ear(sample_rate)
                    ear.hear(waveform)
                    heard.append(ear.heard(clip, (), min_duration_s))
            except PannsError as problem:
                heard.append(unreadable(clip, problem))
    return heard


def inspect_whole(sound: Path | BinaryIO, clip: Clip, *, min_duration_s: float, gain: float = 1.0) -> Inspection:
    """Hear a clip that is all of a file, with its samples multiplied by `gain`.

    Raises:
        AudioDecodeError: It cannot be read.
    """
    with open_sound(sound, sample_rate=None) as stream:
        ear = _Ear(stream.sample_rate)
        for block in stream:
            ear.hear(block if gain == 1 else block * np.float32(gain))
        return ear.heard(clip, stream.warnings, min_duration_s)


def unreadable(clip: Clip, problem: PannsError) -> Inspection:
    """What is known of a clip that cannot be read."""
    return Inspection((Finding("unreadable", (clip.path,), str(problem)),))


def head_of(file: Path, clip: Clip, sample_rate: int) -> Array:
    """The first `HEAD_S` of a clip, `(samples,)`."""
    if not clip.is_whole_file:
        with StretchReader() as stretches:
            waveform, own_rate = stretches.read(file, clip)
        return resample(waveform[: round(HEAD_S * own_rate)], own_rate, sample_rate)
    return head_of_whole(file, sample_rate)


def head_of_whole(sound: Path | BinaryIO, sample_rate: int) -> Array:
    """The first `HEAD_S` of a file, `(samples,)`."""
    blocks: list[Array] = []
    n_samples, n_wanted = 0, round(HEAD_S * sample_rate)
    with open_sound(sound, sample_rate=sample_rate) as stream:
        for block in stream:
            blocks.append(block)
            n_samples += len(block)
            if n_samples >= n_wanted:
                break
    return np.concatenate(blocks)[:n_wanted]


class _Ear:
    """Takes in the blocks of one clip and keeps its head alone."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._digest = hashlib.blake2b(sample_rate.to_bytes(4, "little"), digest_size=16)
        self._head: list[Array] = []
        self._n_head = 0
        self._n_samples = 0
        self._n_full = 0
        # The highest and the lowest value, and how many samples have them.
        self._high, self._low = -np.inf, np.inf
        self._n_high = self._n_low = 0

    def hear(self, block: Array) -> None:
        self._digest.update(np.ascontiguousarray(block).data)
        self._n_samples += len(block)
        low, high = float(block.min()), float(block.max())
        if max(high, -low) >= _FULL_SCALE:
            self._n_full += int(np.count_nonzero(np.abs(block) >= _FULL_SCALE))
        if high >= self._high:
            self._n_high = int(np.count_nonzero(block == high)) + (self._n_high if high == self._high else 0)
            self._high = high
        if low <= self._low:
            self._n_low = int(np.count_nonzero(block == low)) + (self._n_low if low == self._low else 0)
            self._low = low
        n_wanted = round(HEAD_S * self._sample_rate) - self._n_head
        if n_wanted > 0:
            self._head.append(block[:n_wanted])
            self._n_head += len(self._head[-1])

    def heard(self, clip: Clip, warnings: Sequence[str], min_duration_s: float) -> Inspection:
        duration_s = self._n_samples / self._sample_rate
        findings = tuple(
            Finding(kind, (clip.path,), f"{clip.path}: {sentence}")
            for kind, sentence in self._findings(clip, warnings, duration_s, min_duration_s)
        )
        if self._peak < SILENT_PEAK:
            return Inspection(findings, duration_s, self._sample_rate)
        head = resample(np.concatenate(self._head), self._sample_rate, RATE)
        return Inspection(findings, duration_s, self._sample_rate, self._digest.digest(), landmarks_of(head))

    @property
    def _peak(self) -> float:
        return max(self._high, -self._low)

    def _findings(
        self, clip: Clip, warnings: Sequence[str], duration_s: float, min_duration_s: float
    ) -> Iterator[tuple[Kind, str]]:
        for sentence in warnings:
            yield "truncated", sentence
        if duration_s < min_duration_s:
            yield "too short", f"{_in_words(duration_s)} long, of the {min_duration_s:g} s that are asked for"
        if self._peak < SILENT_PEAK:
            yield "silent", f"nothing in it is louder than {self._peak:.1e} of full scale; is something to be heard?"
        # The rest of a sound of clicks is at its lowest value too, which is silence and no rail.
        n_at_rails = self._n_high * (self._high > _CLIPPED_PEAK) + self._n_low * (-self._low > _CLIPPED_PEAK)
        share = max(self._n_full, n_at_rails) / self._n_samples
        if share > _CLIPPED_SHARE:
            yield "clipped", f"{share:.0%} of its samples are at the highest value; was it recorded too loud?"
        late = [event for event in clip.events if event.offset_s > duration_s + END_TOLERANCE_S]
        if late:
            yield "event outside", f"{late[0].label} until {late[0].offset_s:g} s, and it ends at {duration_s:.3f} s"


def _in_words(duration_s: float) -> str:
    """Such as "1.250 s" or, of a few samples, "0.45 ms"."""
    return f"{duration_s:.3f} s" if duration_s >= 0.1 else f"{1000 * duration_s:.3g} ms"
