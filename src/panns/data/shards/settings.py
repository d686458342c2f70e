"""How clips are packed into shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from panns.audio.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from panns.data.shards.pcm16 import MAX_FLAC_RATE

Coding = Literal["keep", "flac", "wav"]


@dataclass(frozen=True)
class ShardSettings:
    """How clips are packed.

    Attributes:
        coding: What becomes of their files. "keep" copies them; a clip that is less than its file is cut out as FLAC,
            mono, at the file's own rate. "flac" and "wav" decode all to mono of 16 bits, once and for all, so that they
            are read quickly: FLAC takes half the room, WAV a tenth of the time.
        sample_rate: What they are resampled to; None for each file's own rate.
        clips_per_shard: How many clips of the manifest make a shard.
        skip_bad: Leave out a clip that cannot be read, instead of ending there. Files that are copied are then decoded
            too, to know.
    """

    coding: Coding = "keep"
    sample_rate: int | None = None
    clips_per_shard: int = 1000
    skip_bad: bool = False

    def __post_init__(self) -> None:
        if self.coding not in ("keep", "flac", "wav"):
            raise ValueError(f"coding={self.coding!r} is not known; use 'keep', 'flac' or 'wav'")
        if self.sample_rate is not None:
            self._check_rate(self.sample_rate)
        if self.clips_per_shard < 1:
            raise ValueError(f"clips_per_shard={self.clips_per_shard} is no shard; use 1 or more")

    def _check_rate(self, sample_rate: int) -> None:
        if self.coding == "keep":
            raise ValueError(f"sample_rate={sample_rate} needs coding 'flac' or 'wav'; files that are kept keep theirs")
        highest = MAX_FLAC_RATE if self.coding == "flac" else MAX_SAMPLE_RATE
        if not MIN_SAMPLE_RATE <= sample_rate <= highest:
            raise ValueError(
                f"sample_rate={sample_rate} is not possible; use {MIN_SAMPLE_RATE} to {highest} Hz, such as 32_000"
            )
