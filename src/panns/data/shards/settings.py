"""Settings of packing: coding, sample rate, clips per shard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from panns.audio.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from panns.data.shards.pcm16 import MAX_FLAC_RATE

Coding = Literal["keep", "flac", "wav"]


@dataclass(frozen=True)
class ShardSettings:
    """Settings of packing.

    Attributes:
        coding: "keep" copies the files; a clip that is a part of its file is cut out as mono FLAC at the rate of the
            file. "flac" and "wav" decode every clip to 16-bit mono, which reads faster: FLAC takes half the space, WAV
            a tenth of the time.
        sample_rate: Sample rate to resample to, in Hz; None for the rate of each file.
        clips_per_shard: Number of clips in a shard.
        skip_damaged: True to leave out unreadable clips, False to stop at the first. True also decodes the files that
            "keep" copies, to find damage.
    """

    coding: Coding = "keep"
    sample_rate: int | None = None
    clips_per_shard: int = 1000
    skip_damaged: bool = False

    def __post_init__(self) -> None:
        if self.coding not in ("keep", "flac", "wav"):
            raise ValueError(f"coding={self.coding!r} is unknown; use 'keep', 'flac' or 'wav'")
        if self.sample_rate is not None:
            self._check_rate(self.sample_rate)
        if self.clips_per_shard < 1:
            raise ValueError(f"clips_per_shard={self.clips_per_shard} is too small; use 1 or more")

    def _check_rate(self, sample_rate: int) -> None:
        if self.coding == "keep":
            raise ValueError(
                f"sample_rate={sample_rate} needs coding 'flac' or 'wav', because 'keep' copies files at their own rate"
            )
        highest = MAX_FLAC_RATE if self.coding == "flac" else MAX_SAMPLE_RATE
        if not MIN_SAMPLE_RATE <= sample_rate <= highest:
            raise ValueError(
                f"sample_rate={sample_rate} is out of range; use {MIN_SAMPLE_RATE} to {highest} Hz, such as 32_000"
            )
