"""Messages for errors of the disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from panns.errors import PannsError


def storage_problem(exc: OSError) -> str:
    """The problem that an error of reading or writing stands for: a full disk, a missing permission, or another."""
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full"
    if exc.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"no permission to write ({exc})"
    return f"cannot be used ({exc})"


@contextmanager
def disk_errors(where: Path, remedy: str, *, names_file: bool = False) -> Iterator[None]:
    """Turn an `OSError` into a `PannsError` with the place, the problem and the remedy.

    Args:
        where: File or folder that is written.
        remedy: What the user can do.
        names_file: True to name the file of the error, if it has one, instead of `where`.
    """
    try:
        yield
    except OSError as exc:
        if isinstance(exc, PannsError):
            raise
        place = (names_file and exc.filename) or where
        raise PannsError(f"{place}: {storage_problem(exc)}; {remedy}") from exc
