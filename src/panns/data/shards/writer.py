"""Packing clips into shards, in parallel; a writing that was stopped goes on where it stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from panns.data.clip_lists.clip_list import ClipList
from panns.data.clips.stretches import StretchReader
from panns.data.shards.index import INDEX_FILE, Sample, sample_name, shard_name, write_index
from panns.data.shards.packing import pack
from panns.data.shards.record import ShardRecord, digest_of, read_record
from panns.data.shards.settings import ShardSettings
from panns.data.shards.tar import TarWriter
from panns.errors import AudioDecodeError, DataError
from panns.system.cores import n_cores
from panns.system.files import replacing
from panns.system.locks import exclusive
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

_LOCK_FILE = ".lock"
# How often progress is told and an interrupt is heard.
_AS_THEY_ARE = ShardSettings()


@dataclass(frozen=True)
class PackingSummary:
    """What lies in a folder now.

    Attributes:
        n_clips: In all shards.
        n_shards: How many there are.
        n_bytes: Of all shards.
        duration_s: Of all clips.
        n_cut: Clips that were cut out of their files though files were to be kept.
        skipped: Path and reason of every clip that could not be read.
    """

    n_clips: int
    n_shards: int
    n_bytes: int
    duration_s: float
    n_cut: int
    skipped: tuple[tuple[str, str], ...]


def write_shards(
    manifest: ClipList,
    folder: Path,
    settings: ShardSettings = _AS_THEY_ARE,
    *,
    n_threads: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> PackingSummary:
    """Pack the clips of a manifest, in its order, into tar files that `ShardAudio` and WebDataset read.

    The bytes depend on nothing but the clips and the settings. A shard has its final name when it is whole. What is
    finished is kept when the same is asked again; so a writing that was stopped goes on, and shards that were damaged
    or removed are made again. One process at a time writes to a folder; others wait, and then find it done.

    A file that is copied is opened and not decoded, so damage inside it shows when it is heard; unless bad ones are to
    be skipped.

    Args:
        manifest: The clips.
        folder: Where to; made if need be.
        settings: How.
        n_threads: Shards that are written at once; None for as many as there are cores.
        on_progress: Called with the clips that are done.

    Raises:
        AudioDecodeError: A clip cannot be read, and bad ones are not to be skipped.
        DataError: There are no clips, or the folder holds shards of other clips or settings.
    """
    if not manifest.clips:
        raise DataError("there are no clips to pack; give a manifest with at least one")
    folder.mkdir(parents=True, exist_ok=True)
    with _only_writer(folder):
        records = _Writing(manifest, folder, settings, on_progress).finish(n_threads or n_cores())
        keys = [sample.key for record in records for sample in record.samples]
        if not (folder / INDEX_FILE).is_file():
            shards = [(record.n_bytes, record.samples) for record in records]
            write_index(folder, shards, [manifest.clips[key] for key in keys])
    return PackingSummary(
        n_clips=len(keys),
        n_shards=len(records),
        n_bytes=sum(record.n_bytes for record in records),
        duration_s=sum(sample.duration_s for record in records for sample in record.samples),
        n_cut=sum(not manifest.clips[key].is_whole_file for key in keys) if settings.coding == "keep" else 0,
        skipped=tuple((manifest.clips[key].path, reason) for record in records for key, reason in record.skipped),
    )


class _Writing:
    """One run over a folder."""

    def __init__(self, manifest: ClipList, folder: Path, settings: ShardSettings, on_progress: OnProgress) -> None:
        self._manifest = manifest
        self._folder = folder
        self._settings = settings
        self._on_progress = on_progress
        n_clips, step = len(manifest.clips), settings.clips_per_shard
        self._keys = [range(start, min(start + step, n_clips)) for start in range(0, n_clips, step)]
        self._inputs = [self._digest(keys) for keys in self._keys]
        self._n_done = 0
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()

    def finish(self, n_threads: int) -> list[ShardRecord]:
        """Write what is missing; the records of all shards."""
        records = {}
        for number in range(len(self._keys)):
            record = self._kept(number)
            if record is not None:
                records[number] = record
        self._refuse_others()
        missing = [number for number in range(len(self._keys)) if number not in records]
        if missing:
            # Whoever opens the folder before it is finished gets to know that.
            (self._folder / INDEX_FILE).unlink(missing_ok=True)
            records |= self._write(missing, n_threads)
        return [records[number] for number in range(len(self._keys))]

    def _refuse_others(self) -> None:
        others = set(self._folder.glob("shard-*.tar")) - {self._shard(number) for number in range(len(self._keys))}
        if others:
            raise DataError(
                f"{min(others)} is none of the {len(self._keys)} shards that these clips make; use another folder, or "
                f"remove it"
            )

    def _kept(self, number: int) -> ShardRecord | None:
        """The record of a shard if it is finished."""
        record = read_record(self._shard(number), settings=self._settings, inputs=self._inputs[number])
        if record is not None:
            if record.skipped and not self._settings.skip_bad:
                raise AudioDecodeError(record.skipped[0][1])
            self._n_done += len(self._keys[number])
        return record

    def _write(self, numbers: list[int], n_threads: int) -> dict[int, ShardRecord]:
        try:
            written = ordered_map(
                self._write_shard, numbers, n_threads=n_threads, on_wait=self._tell, waits_on_close=False
            )
            return {number: record for number, record in zip(numbers, written, strict=True) if record is not None}
        finally:
            self._is_stopped.set()

    def _tell(self) -> None:
        self._on_progress(Progress(self._n_done, len(self._manifest.clips), "clips", "packing"))

    def _write_shard(self, number: int) -> ShardRecord | None:
        """The record of a shard that was written; None if another one failed meanwhile, whose error is to come."""
        if self._is_stopped.is_set():
            return None
        try:
            return self._written(number)
        except _Stopped:
            return None
        except BaseException:
            self._is_stopped.set()
            raise

    def _written(self, number: int) -> ShardRecord:
        shard = self._shard(number)
        shard.unlink(missing_ok=True)  # a damaged one, whose size could be what the record is about to say
        samples: list[Sample] = []
        skipped: list[tuple[int, str]] = []
        with replacing(shard) as partial:
            with StretchReader() as stretches, partial.open("wb") as file:
                tar = TarWriter(file)
                for key in self._keys[number]:
                    if self._is_stopped.is_set():
                        raise _Stopped
                    try:
                        samples.append(self._add(tar, key, stretches))
                    except AudioDecodeError as exc:
                        if not self._settings.skip_bad:
                            raise
                        skipped.append((key, str(exc)))
                    with self._lock:
                        self._n_done += 1
                tar.finish()
            record = ShardRecord(self._settings, self._inputs[number], tar.n_bytes, tuple(samples), tuple(skipped))
            record.write(shard)
        return record

    def _add(self, tar: TarWriter, key: int, stretches: StretchReader) -> Sample:
        clip = self._manifest.clips[key]
        packed = pack(self._manifest.file(clip), clip, self._settings, stretches)
        offset = tar.add(sample_name(key, packed.suffix), packed.sound)
        tar.add(sample_name(key, "json"), packed.description)
        return Sample(key, packed.suffix, offset, len(packed.sound), packed.duration_s, packed.gain)

    def _shard(self, number: int) -> Path:
        return self._folder / shard_name(number)

    def _digest(self, keys: range) -> str:
        clips = [self._manifest.clips[key] for key in keys]
        return digest_of(clips, map(self._manifest.file, clips))


class _Stopped(Exception):
    """Another shard has failed, or the program is to end."""


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes to the folder, and remove what one that was killed has left half done."""
    with exclusive(folder / _LOCK_FILE):
        for partial in [*folder.glob(".shard-*"), *folder.glob(".index.*")]:
            partial.unlink()
        yield
