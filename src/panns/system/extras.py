"""Optional packages: a missing one is an error with the command that installs it."""

from __future__ import annotations

import importlib

from panns.errors import MissingExtra


def require(*packages: str, what: str, extra: str) -> None:
    """Check that optional packages can be imported.

    Args:
        packages: Import names.
        what: Feature that needs the packages; the subject of the error message ("drawing").
        extra: Extra of this distribution that installs the packages.

    Raises:
        MissingExtra: A package is not installed.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as exc:
            raise MissingExtra(what, package=exc.name or package, extra=extra) from exc
