"""Inspect the sound of clips: defects, digest and landmarks from one pass over each file, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from panns.audio import resample
from panns.audio.sound_files import is_pipe_or_device
from panns.data.clips.clip import Clip
from panns.data.clips.sound_file import open_clip_file
from panns.data.clips.stretches import END_TOLERANCE_S, StretchReader
from panns.data.quality.duplicates.fingerprint import RATE, Landmarks, find_landmarks
from panns.data.quality.findings import Finding, Kind
from panns.errors import PannsError
from panns.system.arrays import Array

SILENT_PEAK = 1e-3  # -60 dB; encoded padding stays below
# Above the 0.7 % of samples at the highest value in a 16-bit tone at half of full scale, where rounding puts them.
_CLIPPED_SHARE = 0.01
_CLIPPED_PEAK, _FULL_SCALE = 0.5, 0.999
HEAD_S = 60.0  # the part of a clip that is compared with others


@dataclass(frozen=True, eq=False, slots=True)
class Inspection:
    """Result of inspecting one clip.

    Attributes:
        findings: Defects of the clip.
        duration_s: Duration in seconds; 0 if the clip is unreadable.
        sample_rate: Sample rate of the recording, in Hz; 0 if the clip is unreadable.
        digest: Digest of the samples; empty for silent and unreadable clips, which are not copies of each other.
        landmarks: Landmarks to find copies by; None for silent and unreadable clips.
        problem: The reason why the clip is unreadable; empty for a readable one.
    """

    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0
    sample_rate: int = 0
    digest: bytes = b""
    landmarks: Landmarks | None = None
    problem: str = ""


def inspect_file(file: Path, clips: Sequence[Clip], *, min_duration_s: float) -> list[Inspection]:
    """Inspect the clips of one file.

    Args:
        file: The file that holds the clips.
        clips: The clips by ascending onset, so that one pass is enough.
        min_duration_s: Minimum duration of a clip, in seconds.
    """
    if not file.is_file() and not is_pipe_or_device(str(file)):
        problem = f"{file} is missing; correct its path, or remove it"
        finding = Finding("missing file", (clips[0].path,), problem)
        return [Inspection((finding,), problem=problem), *(Inspection(problem=problem) for _ in clips[1:])]
    inspections: list[Inspection] = []
    with StretchReader() as stretches:
        for clip in clips:
            try:
                if clip.is_whole_file:
                    inspections.append(inspect_whole(file, clip, min_duration_s=min_duration_s))
                else:
                    waveform, sample_rate = stretches.read(file, clip)
                    meter = _Meter(sample_rate)
                    meter.add(waveform)
                    inspections.append(meter.result(clip, (), min_duration_s))
            except PannsError as exc:
                inspections.append(report_unreadable(clip, exc))
    return inspections


def inspect_whole(sound: Path | BinaryIO, clip: Clip, *, min_duration_s: float, gain: float = 1.0) -> Inspection:
    """Inspect a clip that is a whole file, with its samples multiplied by `gain`.

    Raises:
        AudioDecodeError: The file is unreadable.
    """
    with open_clip_file(sound, sample_rate=None) as opened:
        meter = _Meter(opened.sample_rate)
        for block in opened:
            meter.add(block if gain == 1 else block * np.float32(gain))
        return meter.result(clip, opened.warnings, min_duration_s)


def report_unreadable(clip: Clip, problem: PannsError) -> Inspection:
    """The inspection of an unreadable clip."""
    return Inspection((Finding("unreadable", (clip.path,), str(problem)),), problem=str(problem))


def load_head(file: Path, clip: Clip, sample_rate: int) -> Array:
    """Load the first `HEAD_S` seconds of a clip, `(samples,)`."""
    if not clip.is_whole_file:
        with StretchReader() as stretches:
            waveform, own_rate = stretches.read(file, clip)
        return resample(waveform[: round(HEAD_S * own_rate)], own_rate, sample_rate)
    return load_head_of_file(file, sample_rate)


def load_head_of_file(sound: Path | BinaryIO, sample_rate: int) -> Array:
    """Load the first `HEAD_S` seconds of a file, `(samples,)`."""
    blocks: list[Array] = []
    n_samples, n_wanted = 0, round(HEAD_S * sample_rate)
    with open_clip_file(sound, sample_rate=sample_rate) as opened:
        for block in opened:
            blocks.append(block)
            n_samples += len(block)
            if n_samples >= n_wanted:
                break
    return np.concatenate(blocks)[:n_wanted]


class _Meter:
    """Measures the blocks of one clip, and keeps only its head."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._digest = hashlib.blake2b(sample_rate.to_bytes(4, "little"), digest_size=16)
        self._head: list[Array] = []
        self._n_head = 0
        self._n_samples = 0
        self._n_full = 0
        # The highest and the lowest value, and the number of samples that have them.
        self._high, self._low = -np.inf, np.inf
        self._n_high = self._n_low = 0

    def add(self, block: Array) -> None:
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
        n_missing = round(HEAD_S * self._sample_rate) - self._n_head
        if n_missing > 0:
            self._head.append(block[:n_missing])
            self._n_head += len(self._head[-1])

    def result(self, clip: Clip, warnings: Sequence[str], min_duration_s: float) -> Inspection:
        duration_s = self._n_samples / self._sample_rate
        findings = tuple(
            Finding(kind, (clip.path,), f"{clip.path}: {message}")
            for kind, message in self._findings(clip, warnings, duration_s, min_duration_s)
        )
        if self._peak < SILENT_PEAK:
            return Inspection(findings, duration_s, self._sample_rate)
        head = resample(np.concatenate(self._head), self._sample_rate, RATE)
        return Inspection(findings, duration_s, self._sample_rate, self._digest.digest(), find_landmarks(head))

    @property
    def _peak(self) -> float:
        return max(self._high, -self._low)

    def _findings(
        self, clip: Clip, warnings: Sequence[str], duration_s: float, min_duration_s: float
    ) -> Iterator[tuple[Kind, str]]:
        for message in warnings:
            yield "incomplete or unusual", message
        if duration_s < min_duration_s:
            yield (
                "too short",
                f"lasts {_format_duration(duration_s)}, less than {min_duration_s:g} s; cut it again, or remove it",
            )
        if self._peak < SILENT_PEAK:
            yield "silent", f"peaks at {self._peak:.1e} of full scale; listen to it, and remove it if it is silent"
        # In a sound of clicks, the silence between the clicks is also at the lowest value; it does not count.
        n_at_limits = self._n_high * (self._high > _CLIPPED_PEAK) + self._n_low * (-self._low > _CLIPPED_PEAK)
        share = max(self._n_full, n_at_limits) / self._n_samples
        if share > _CLIPPED_SHARE:
            yield "clipped", f"{share:.0%} of its samples are at the highest value; record it at a lower level"
        late = [event for event in clip.events if event.offset_s > duration_s + END_TOLERANCE_S]
        if late:
            event = f"the event {late[0].label} ends at {late[0].offset_s:g} s"
            yield "event outside", f"{event}, after the end of the clip at {duration_s:.3f} s; correct its times"


def _format_duration(duration_s: float) -> str:
    """A duration in seconds, such as "1.250 s", or in milliseconds if it is a few samples, such as "0.45 ms"."""
    return f"{duration_s:.3f} s" if duration_s >= 0.1 else f"{1000 * duration_s:.3g} ms"
