"""Place decoded sound by the time stamps of its packets: gaps become silence, overlaps are left out.

Cameras, broadcast and browsers store a time with every packet, start tracks late and lose packets. Counting samples
alone would shift everything after a gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from panns.audio.decoding.reader import block_frames
from panns.audio.decoding.samples import Waveform

# Deviation from the time stamps that is left alone, in seconds. Containers round to 1 ms, and packets last about 20 ms.
_TOLERANCE_S = 0.05
# Seconds that a deviation has to persist. Streams stamped at their arrival jitter by tenths of a second and catch up.
_PERSISTENCE_S = 2.0
# Samples times channels that wait for their successors, so that hundreds of channels take little memory.
_MAX_WAITING_VALUES = 2**21
# An overlap up to this is sound stored twice, or a fast sound card; a longer jump back is a clock that restarted.
_MAX_OVERLAP_S = 1.0
# Time stamps that stretch a file to fewer bytes a second are damaged: the lowest codecs need about 88. A short file may
# still hold this much silence.
_MIN_BYTES_PER_S = 100
_ALWAYS_ALLOWED_S = 60.0
# Late starts below this are usual in videos and only reported as silence.
_REPORTED_START_S = 0.5


class TimedFrames(NamedTuple):
    """Frames of one packet.

    Attributes:
        samples: `(samples, channels)`.
        sample_rate: Their sample rate, in Hz.
        time_s: Time of the first sample on the clock of the file, None if unknown.
    """

    samples: Waveform
    sample_rate: int
    time_s: float | None

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate


class MediaClock:
    """Places frames by their time stamps.

    Args:
        origin_s: Time stamp of the start of the recording, in seconds.
        n_bytes: Size of the file, which bounds the silence that its time stamps may ask for.
    """

    def __init__(self, origin_s: float, n_bytes: int) -> None:
        self._origin_s = origin_s
        self._silence_left_s = max(_ALWAYS_ALLOWED_S, n_bytes / _MIN_BYTES_PER_S)
        self._position_s = 0.0
        self._start_s = 0.0
        self._overlap_s = 0.0  # still to be left out
        self._gaps = _Tally()
        self._overlaps = _Tally()
        self._jumps = _Tally()

    def place(self, frames: Iterator[TimedFrames]) -> Iterator[TimedFrames]:
        """Yield the frames and the silence between them, each directly after the one before it."""
        waiting: deque[TimedFrames] = deque()
        n_values, waiting_s = 0, 0.0
        for piece in frames:
            waiting.append(piece)
            n_values += piece.samples.size
            waiting_s += piece.duration_s
            while waiting_s - waiting[0].duration_s > _PERSISTENCE_S or n_values > _MAX_WAITING_VALUES:
                n_values -= waiting[0].samples.size
                waiting_s -= waiting[0].duration_s
                yield from self._place_first(waiting)
                if not waiting:
                    break
        while waiting:
            yield from self._place_first(waiting)

    def _place_first(self, waiting: deque[TimedFrames]) -> Iterator[TimedFrames]:
        piece = waiting[0]
        deviation_s = -self._overlap_s or self._lasting_deviation(waiting)
        waiting.popleft()
        if deviation_s > 0:
            for silent in self._silence(deviation_s, piece):
                self._position_s += silent.duration_s
                yield silent
        elif deviation_s < 0:
            piece = self._without_overlap(-deviation_s, piece)
        if len(piece.samples):
            self._position_s += piece.duration_s
            yield piece

    def _lasting_deviation(self, waiting: deque[TimedFrames]) -> float:
        """Return the smallest deviation of the waiting frames from their time stamps; 0 if it is within tolerance."""
        lasting_s = 0.0
        position_s = self._position_s + self._origin_s
        for piece in waiting:
            if piece.time_s is not None:
                deviation_s = piece.time_s - position_s
                if abs(deviation_s) <= _TOLERANCE_S or deviation_s * lasting_s < 0:
                    return 0.0
                if not lasting_s or abs(deviation_s) < abs(lasting_s):
                    lasting_s = deviation_s
            elif not lasting_s:
                return 0.0
            position_s += piece.duration_s
        return lasting_s

    def _silence(self, gap_s: float, piece: TimedFrames) -> Iterator[TimedFrames]:
        if gap_s > self._silence_left_s:
            self._jump(gap_s)
            return
        self._silence_left_s -= gap_s
        if self._position_s:
            self._gaps.add(self._position_s, gap_s)
        else:
            self._start_s = gap_s
        n_channels = piece.samples.shape[1]
        n_silent, step = round(gap_s * piece.sample_rate), block_frames(n_channels)
        for start in range(0, n_silent, step):
            silent = np.zeros((min(step, n_silent - start), n_channels), dtype=np.float32)
            yield TimedFrames(silent, piece.sample_rate, None)

    def _without_overlap(self, overlap_s: float, piece: TimedFrames) -> TimedFrames:
        if overlap_s > _MAX_OVERLAP_S:
            self._jump(-overlap_s)
            return piece
        n_left_out = min(round(overlap_s * piece.sample_rate), len(piece.samples))
        is_rest_overlapping = n_left_out == len(piece.samples)
        self._overlap_s = max(overlap_s - n_left_out / piece.sample_rate, 0.0) if is_rest_overlapping else 0.0
        self._overlaps.add(self._position_s, n_left_out / piece.sample_rate)
        return piece._replace(samples=piece.samples[n_left_out:])

    def _jump(self, jump_s: float) -> None:
        """Go on without a break, and take the time stamps from here on relative to this place."""
        self._jumps.add(self._position_s, jump_s)
        self._origin_s += jump_s

    def describe_losses(self) -> list[str]:
        """Sentences about gaps, overlaps and jumps of the time stamps."""
        messages = []
        if self._start_s > _REPORTED_START_S:
            messages.append(f"the sound starts {self._start_s:.2f} s into the recording; silence precedes it")
        if self._gaps.n:
            at_s, longest_s = self._gaps.longest
            n_others = self._gaps.n - 1
            others = f" and in {n_others} shorter gap{'s' * (n_others > 1)}" if n_others else ""
            messages.append(
                f"no sound is stored from {at_s:.2f} to {at_s + longest_s:.2f} s{others}, "
                f"{self._gaps.total_s:.2f} s in all; silence replaces it"
            )
        if self._overlaps.n:
            messages.append(
                f"{self._overlaps.total_s:.2f} s of sound are left out, the first at {self._overlaps.first[0]:.2f} s, "
                f"because their time stamps overlap the sound before"
            )
        if self._jumps.n:
            at_s, jump_s = self._jumps.first
            times = "once" if self._jumps.n == 1 else f"{self._jumps.n} times"
            messages.append(
                f"the time stamps jump {times}, first by {jump_s:+,.2f} s at {at_s:.2f} s; the sound continues "
                f"without a break there"
            )
        return messages


class _Tally:
    """Number and total of deviations, with the first and the longest as `(place, length)` in seconds."""

    def __init__(self) -> None:
        self.n = 0
        self.total_s = 0.0
        self.first = self.longest = (0.0, 0.0)

    def add(self, at_s: float, length_s: float) -> None:
        self.n += 1
        self.total_s += length_s
        if self.n == 1:
            self.first = self.longest = (at_s, length_s)
        if length_s > self.longest[1]:
            self.longest = (at_s, length_s)
