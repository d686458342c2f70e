"""Clips packed into tar files, in the layout of WebDataset, with an index by which each is found."""

from __future__ import annotations

from panns.data.shards.audio import ShardAudio
from panns.data.shards.folder import ShardFolder, holds_shards
from panns.data.shards.settings import ShardSettings
from panns.data.shards.writer import write_shards

__all__ = ["ShardAudio", "ShardFolder", "ShardSettings", "holds_shards", "write_shards"]
