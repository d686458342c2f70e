"""Sentences for errors of the disk."""

from __future__ import annotations

import errno


def storage_problem(exc: OSError) -> str:
    """The problem that an error of reading or writing stands for: a full disk, a missing permission, or another."""
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full"
    if exc.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"no permission to write ({exc})"
    return f"cannot be used ({exc})"
