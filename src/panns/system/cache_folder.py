"""The folder of everything that panns keeps for itself: `PANNS_CACHE`, else the default of this system.

Importing this module reads no environment variables and creates no folders.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from panns.errors import DownloadError


def cache_dir() -> Path:
    """Folder of the cache: `PANNS_CACHE`, else the default of this system. It may not exist yet."""
    chosen = os.environ.get("PANNS_CACHE", "").strip()
    try:
        folder = Path(chosen).expanduser().absolute() if chosen else _platform_default()
        is_file = folder.is_file()
    except (RuntimeError, OSError) as exc:  # no home folder, or one without permission
        raise DownloadError(f"cannot find a cache folder ({exc}); set PANNS_CACHE to a writable folder") from exc
    if is_file:
        raise DownloadError(f"the cache path {folder} is a file; set PANNS_CACHE to a folder")
    return folder


def _platform_default() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "panns" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "panns"
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "panns"
