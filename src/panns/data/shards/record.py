"""What a shard was made from and what is in it, in a file beside it, so that a writing that was stopped goes on.

The record is written before the shard takes its name. So a shard with a record of its size is finished, and one
without a record is somebody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from panns.data.clips.clip import Clip
from panns.data.shards.index import Sample
from panns.data.shards.settings import ShardSettings
from panns.errors import DataError
from panns.system.files import replacing

_FORMAT = 1


@dataclass(frozen=True)
class ShardRecord:
    """One shard.

    Attributes:
        settings: How it was packed.
        inputs: Digest of the clips, and of the sizes and times of their files.
        n_bytes: Size of the shard.
        samples: What is in it.
        skipped: Numbers of clips that could not be read, and why.
    """

    settings: ShardSettings
    inputs: str
    n_bytes: int
    samples: tuple[Sample, ...]
    skipped: tuple[tuple[int, str], ...]

    def write(self, shard: Path) -> None:
        """Write the record of a shard."""
        record = {"format": _FORMAT, **asdict(self)}
        with replacing(_beside(shard)) as partial:
            partial.write_text(json.dumps(record, separators=(",", ":")), encoding="utf-8")


def read_record(shard: Path, *, settings: ShardSettings, inputs: str) -> ShardRecord | None:
    """The record of a shard that is finished; None where it is yet to be written, as far as is asked for.

    Args:
        shard: Where it is, or will be.
        settings: How it is to be packed.
        inputs: What from, as `digest_of` tells.

    Raises:
        DataError: What is there was packed in another way, from something else, or by somebody else.
    """
    if not shard.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(_beside(shard).read_text(encoding="utf-8"))
        record = ShardRecord(
            ShardSettings(**found["settings"]),
            found["inputs"],
            found["n_bytes"],
            tuple(Sample(*values) for values in found["samples"]),
            tuple((key, reason) for key, reason in found["skipped"]),
        )
        is_ours = found["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError):  # none, or one that another program wrote
        is_ours = False
    if not is_ours:
        raise DataError(f"{shard} is there and was not written by this program; use another folder, or remove it")
    if record.n_bytes != shard.stat().st_size:
        return None
    for name, wanted in asdict(settings).items():
        was = getattr(record.settings, name)
        if was != wanted and name != "skip_bad":
            raise DataError(
                f"{shard} was packed with {name}={was!r}, and {wanted!r} is asked for; use another folder, or remove "
                f"this one"
            )
    if settings.skip_bad and settings.coding == "keep" and not record.settings.skip_bad:
        return None  # nobody has looked into these files for damage
    if record.inputs != inputs:
        raise DataError(
            f"{shard} was packed from other clips, or their files have changed since; use another folder, or remove it "
            f"to have it packed anew"
        )
    return record


def digest_of(clips: Iterable[Clip], files: Iterable[Path]) -> str:
    """Tells whether clips or their files have changed."""
    digest = hashlib.sha256()
    for clip, file in zip(clips, files, strict=True):
        digest.update(f"{clip!r} {size_and_time(file)}\n".encode())
    return digest.hexdigest()


def size_and_time(file: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in ns; (-1, -1) for a file that is not to be found."""
    try:
        stat = file.stat()
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _beside(shard: Path) -> Path:
    return shard.with_suffix(".json")
