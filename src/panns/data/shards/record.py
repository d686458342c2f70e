"""Record of a shard in a JSON file beside it: inputs, settings and contents, to continue an interrupted writing.

The record is written before the shard gets its final name. A shard with a record of its size is therefore complete, and
a shard without a record was written by another program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from panns.data.clips.clip import Clip
from panns.data.shards.index import FORMAT, Sample
from panns.data.shards.settings import ShardSettings
from panns.errors import DataError
from panns.system.json_files import read_json_object, write_json


@dataclass(frozen=True)
class ShardRecord:
    """Record of one shard.

    Attributes:
        settings: Settings that the shard was packed with.
        inputs: Digest of the clips, and of the sizes and times of their files.
        n_bytes: Size of the shard.
        samples: Clips in the shard.
        skipped: Index and error message of every unreadable clip.
    """

    settings: ShardSettings
    inputs: str
    n_bytes: int
    samples: tuple[Sample, ...]
    skipped: tuple[tuple[int, str], ...]

    def write(self, shard: Path) -> None:
        """Write the record beside a shard."""
        record = {"format": FORMAT, **asdict(self)}
        write_json(_beside(shard), record, indent=None, is_compact=True)


def read_record(shard: Path, *, settings: ShardSettings, inputs: str) -> ShardRecord | None:
    """Read the record of a complete shard; None if the shard must be written.

    Args:
        shard: Path of the shard.
        settings: Settings to pack with.
        inputs: Digest of the clips to pack (`digest_clips`).

    Raises:
        DataError: The shard was packed with other settings, from other clips, or by another program.
    """
    if not shard.is_file():
        return None
    try:
        found = read_json_object(_beside(shard))
        if found["format"] in range(1, FORMAT):
            return None  # of an earlier version
        record = ShardRecord(
            _read_settings(found["settings"]),
            found["inputs"],
            found["n_bytes"],
            tuple(Sample(*values) for values in found["samples"]),
            tuple((key, reason) for key, reason in found["skipped"]),
        )
        is_ours = found["format"] == FORMAT
    except (ValueError, KeyError, TypeError):  # missing, or of another program
        is_ours = False
    if not is_ours:
        raise DataError(f"{shard} exists and was not written by panns; use another folder, or remove it")
    if record.n_bytes != shard.stat().st_size:
        return None
    for name, wanted in asdict(settings).items():
        was = getattr(record.settings, name)
        if was != wanted and name != "skip_damaged":
            raise DataError(
                f"{shard} was packed with {name}={was!r}, not {wanted!r}; use another folder, or remove this one"
            )
    if settings.skip_damaged and settings.coding == "keep" and not record.settings.skip_damaged:
        return None  # the files were copied without a check for damage
    if record.inputs != inputs:
        raise DataError(
            f"{shard} was packed from other clips, or their files have changed since; use another folder, or remove it "
            f"to pack it again"
        )
    return record


def _read_settings(plain: dict[str, Any]) -> ShardSettings:
    """Settings in a record; earlier versions had another name for one of them."""
    return ShardSettings(**{"skip_damaged" if name == "skip_bad" else name: value for name, value in plain.items()})


def digest_clips(clips: Iterable[Clip], files: Iterable[Path]) -> str:
    """Digest that changes with the clips, and with the sizes and times of their files."""
    digest = hashlib.sha256()
    for clip, file in zip(clips, files, strict=True):
        digest.update(f"{clip!r} {size_and_time(file)}\n".encode())
    return digest.hexdigest()


def size_and_time(file: Path) -> tuple[int, int]:
    """Size of a file in bytes, and time of its last change in ns; (-1, -1) for a missing file."""
    try:
        stat = file.stat()
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _beside(shard: Path) -> Path:
    return shard.with_suffix(".json")
