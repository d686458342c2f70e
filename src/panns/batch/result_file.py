"""A file of results as JSON lines, written while they are computed, so that a stopped run can continue."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from panns.errors import PannsError
from panns.system.files import replacing_output, sync
from panns.system.json_files import parse_json, to_json
from panns.system.locks import exclusive_or_skip
from panns.system.storage import disk_errors

_LOG = logging.getLogger(__name__)

# Longest time for which results may be in the memory of the system alone.
_SYNC_S = 5.0

_REMEDY = "the results before are safe: continue with --resume"


class ResultFile:
    """Results of many sounds, one line each.

    Each line also holds a digest of the settings, so that results of different settings never mix.

    Args:
        path: The file.
        settings: Everything that decides the results; values that differ between runs.
        resume: Go on with the file: keep its results, without those of sounds that failed and damaged lines.

    Attributes:
        path: The file.
        done: Paths of the sounds with a result.

    Raises:
        PannsError: The file exists, and `resume` is False; it holds results of other settings, or something else;
            another run writes to it; or it cannot be written.
    """

    def __init__(self, path: Path, settings: Mapping[str, object], *, resume: bool) -> None:
        self.path = path
        self._digest = hashlib.sha256(to_json(settings, sorts_keys=True).encode()).hexdigest()[:16]
        self.done: set[str] = set()
        self._synced_s = time.monotonic()
        with ExitStack() as stack, disk_errors(self.path, _REMEDY):
            if not stack.enter_context(exclusive_or_skip(_lock_of(path))):
                raise PannsError(f"another run writes to {path}; wait until it has ended, or give another file")
            if path.exists():
                if not path.is_file():
                    raise PannsError(f"{path} is not a regular file; give the name of a file")
                if not resume:
                    raise PannsError(f"{path} exists already; add --resume to continue it, or remove it to begin anew")
                self._keep_results()
            self._file = stack.enter_context(path.open("a", encoding="utf-8"))
            self._held = stack.pop_all()

    def _keep_results(self) -> None:
        with replacing_output(self.path) as partial, partial.open("w", encoding="utf-8") as kept:
            for record in self._records():
                if record["settings"] != self._digest:
                    raise PannsError(
                        f"{self.path} holds results of another model or other options; give those, or another file"
                    )
                if "error" not in record:
                    self.done.add(record["file"])
                    kept.write(to_json(record) + "\n")

    def _records(self) -> Iterator[dict[str, Any]]:
        """The intact lines. A stopped run may leave a part of one, and a power cut also zeros."""
        n_intact = n_damaged = 0
        is_zeros = True
        with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                try:
                    # A line that follows lost ones in a block of zeros is whole.
                    record = parse_json(line.lstrip("\0")) if line.endswith("\n") else None
                except ValueError:
                    record = None
                if isinstance(record, dict) and {"file", "settings"} <= record.keys():
                    n_intact += 1
                    n_damaged += line.startswith("\0")
                    yield record
                elif isinstance(record, dict):
                    raise self._foreign()
                else:
                    n_damaged += line.endswith("\n") or "\0" in line
                    is_zeros &= not line.strip("\0\n")
        if n_damaged and not n_intact and not is_zeros:
            raise self._foreign()
        if n_damaged:
            _LOG.warning("%s: %d damaged lines are left out; their sounds are computed again", self.path, n_damaged)

    def _foreign(self) -> PannsError:
        return PannsError(f"{self.path} is not a file of results of this command; give another one")

    def add(self, record: Mapping[str, Any]) -> None:
        """Write the result of one sound; it stays if the process is killed, and after 5 s if power is cut."""
        with disk_errors(self.path, _REMEDY):
            self._file.write(to_json({**record, "settings": self._digest}) + "\n")
            self._file.flush()
            if time.monotonic() - self._synced_s >= _SYNC_S:
                sync(self.path)
                self._synced_s = time.monotonic()

    def results(self) -> Iterator[dict[str, Any]]:
        """The results in the file, without those of sounds that failed, in the order in which they were computed."""
        self._file.flush()
        return (record for record in self._records() if "error" not in record)

    def close(self) -> None:
        """Close the file, once it is on the disk."""
        if not self._file.closed:
            with disk_errors(self.path, _REMEDY), self._held:
                self._file.flush()
                sync(self.path)

    def __enter__(self) -> ResultFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock_of(path: Path) -> Path:
    """The lock of a file, beside the file that a link leads to."""
    target = path.resolve()
    return target.with_name(f".{target.name}.lock")
