"""Shards: clips packed into tar files in the layout of WebDataset, with an index for random access."""

from __future__ import annotations

from panns.data.shards.audio import ShardAudio
from panns.data.shards.decoded import decode_once
from panns.data.shards.folder import ShardFolder, holds_shards
from panns.data.shards.settings import ShardSettings
from panns.data.shards.writer import PackingSummary, write_shards

__all__ = [
    "PackingSummary",
    "ShardAudio",
    "ShardFolder",
    "ShardSettings",
    "decode_once",
    "holds_shards",
    "write_shards",
]
