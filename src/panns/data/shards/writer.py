"""Write clips to shards in parallel, and continue where an earlier call was interrupted."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from panns.data.clips.clip import ClipList
from panns.data.clips.skipped import SkippedClip, select_remaining
from panns.data.clips.stretches import StretchReader
from panns.data.shards.index import INDEX_FILE, Sample, sample_name, shard_name, write_index
from panns.data.shards.packing import pack
from panns.data.shards.record import ShardRecord, digest_clips, read_record
from panns.data.shards.settings import ShardSettings
from panns.data.shards.tar import TarWriter
from panns.errors import AudioDecodeError, DataError
from panns.system.cores import n_cores
from panns.system.files import replacing
from panns.system.locks import exclusive
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

_LOCK_FILE = ".lock"
_DEFAULTS = ShardSettings()


@dataclass(frozen=True)
class PackingSummary:
    """Contents of a folder of shards after writing.

    Attributes:
        n_clips: Number of clips in all shards.
        n_shards: Number of shards.
        n_bytes: Size of all shards.
        duration_s: Duration of all clips, in seconds.
        n_cut: Number of clips that were cut out of their files although files were to be copied.
        skipped: The unreadable clips.
    """

    n_clips: int
    n_shards: int
    n_bytes: int
    duration_s: float
    n_cut: int
    skipped: tuple[SkippedClip, ...]


def write_shards(
    clip_list: ClipList,
    folder: Path,
    settings: ShardSettings = _DEFAULTS,
    *,
    n_threads: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> PackingSummary:
    """Pack the clips of a list, in its order, into tar files that `ShardAudio` and WebDataset read.

    The bytes depend only on the clips and the settings. A shard gets its final name when it is complete. A repeated
    call keeps complete shards, so it continues an interrupted one and repairs damaged or missing shards. One process at
    a time writes to a folder; the others wait, and then find the shards complete.

    A copied file is opened but not decoded, so damage inside it appears only in later reads, unless
    `settings.skip_damaged` is set.

    Args:
        clip_list: The clips.
        folder: Folder for the shards; created if missing.
        settings: Coding, sample rate and size of shards.
        n_threads: Number of shards written at once; None for one per core.
        on_progress: Called with the number of clips written, in the stage "packing".

    Raises:
        AudioDecodeError: A clip is unreadable and `settings.skip_damaged` is not set.
        DataError: The list is empty, the folder holds shards of other clips or settings, or all clips of a class are
            unreadable.
    """
    if not clip_list.clips:
        raise DataError("the clip list is empty; give at least one clip to pack")
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive_folder(folder):
        records = _Writing(clip_list, folder, settings, on_progress).finish(n_threads or n_cores())
        keys = [sample.key for record in records for sample in record.samples]
        skipped = tuple(
            SkippedClip(key, clip_list.clips[key].path, reason) for record in records for key, reason in record.skipped
        )
        select_remaining(clip_list.clips, [one.index for one in skipped], where=str(folder))
        if not (folder / INDEX_FILE).is_file():
            shards = [(record.n_bytes, record.samples) for record in records]
            write_index(folder, shards, [clip_list.clips[key] for key in keys])
    return PackingSummary(
        n_clips=len(keys),
        n_shards=len(records),
        n_bytes=sum(record.n_bytes for record in records),
        duration_s=sum(sample.duration_s for record in records for sample in record.samples),
        n_cut=sum(not clip_list.clips[key].is_whole_file for key in keys) if settings.coding == "keep" else 0,
        skipped=skipped,
    )


class _Writing:
    """One call of `write_shards`."""

    def __init__(self, clip_list: ClipList, folder: Path, settings: ShardSettings, on_progress: OnProgress) -> None:
        self._clip_list = clip_list
        self._folder = folder
        self._settings = settings
        self._on_progress = on_progress
        n_clips, step = len(clip_list.clips), settings.clips_per_shard
        self._keys = [range(start, min(start + step, n_clips)) for start in range(0, n_clips, step)]
        self._inputs = [self._digest(keys) for keys in self._keys]
        self._n_done = 0
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()

    def finish(self, n_threads: int) -> list[ShardRecord]:
        """Write the missing shards, and return the records of all."""
        records = {}
        for number in range(len(self._keys)):
            record = self._record_if_complete(number)
            if record is not None:
                records[number] = record
        self._refuse_others()
        missing = [number for number in range(len(self._keys)) if number not in records]
        if missing:
            # Without an index, readers see that the folder is incomplete.
            (self._folder / INDEX_FILE).unlink(missing_ok=True)
            records |= self._write(missing, n_threads)
        return [records[number] for number in range(len(self._keys))]

    def _refuse_others(self) -> None:
        others = set(self._folder.glob("shard-*.tar")) - {self._shard(number) for number in range(len(self._keys))}
        if others:
            raise DataError(
                f"{min(others)} is not one of the {len(self._keys)} shards of these clips; remove it, or use another "
                "folder"
            )

    def _record_if_complete(self, number: int) -> ShardRecord | None:
        """The record of a shard; None if the shard must be written."""
        record = read_record(self._shard(number), settings=self._settings, inputs=self._inputs[number])
        if record is not None:
            if record.skipped and not self._settings.skip_damaged:
                raise AudioDecodeError(record.skipped[0][1])
            self._n_done += len(self._keys[number])
        return record

    def _write(self, numbers: list[int], n_threads: int) -> dict[int, ShardRecord]:
        try:
            written = ordered_map(
                self._write_shard, numbers, n_threads=n_threads, on_wait=self._report, waits_on_close=False
            )
            records = {number: record for number, record in zip(numbers, written, strict=True) if record is not None}
            self._report()
            return records
        finally:
            self._is_stopped.set()

    def _report(self) -> None:
        self._on_progress(Progress(self._n_done, len(self._clip_list.clips), "clips", "packing"))

    def _write_shard(self, number: int) -> ShardRecord | None:
        """Write a shard and return its record; None if another shard failed first, whose error follows."""
        if self._is_stopped.is_set():
            return None
        try:
            return self._pack_shard(number)
        except _Stopped:
            return None
        except BaseException:
            self._is_stopped.set()
            raise

    def _pack_shard(self, number: int) -> ShardRecord:
        shard = self._shard(number)
        shard.unlink(missing_ok=True)  # a damaged shard could match the size in the new record
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
                        if not self._settings.skip_damaged:
                            raise
                        skipped.append((key, str(exc)))
                    with self._lock:
                        self._n_done += 1
                tar.finish()
            record = ShardRecord(self._settings, self._inputs[number], tar.n_bytes, tuple(samples), tuple(skipped))
            record.write(shard)
        return record

    def _add(self, tar: TarWriter, key: int, stretches: StretchReader) -> Sample:
        clip = self._clip_list.clips[key]
        packed = pack(self._clip_list.file(clip), clip, self._settings, stretches)
        offset = tar.add(sample_name(key, packed.suffix), packed.sound)
        tar.add(sample_name(key, "json"), packed.description)
        crc32 = zlib.crc32(packed.sound)
        return Sample(key, packed.suffix, offset, len(packed.sound), packed.duration_s, packed.gain, crc32)

    def _shard(self, number: int) -> Path:
        return self._folder / shard_name(number)

    def _digest(self, keys: range) -> str:
        clips = [self._clip_list.clips[key] for key in keys]
        return digest_clips(clips, map(self._clip_list.file, clips))


class _Stopped(Exception):
    """Another shard failed, or the caller stopped."""


@contextmanager
def _exclusive_folder(folder: Path) -> Iterator[None]:
    """Hold the folder against other processes, and remove partial files of a killed one."""
    with exclusive(folder / _LOCK_FILE):
        for partial in [*folder.glob(".shard-*"), *folder.glob(".index.*")]:
            partial.unlink()
        yield
