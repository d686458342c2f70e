"""Optional packages: present, or a sentence with the line that installs them."""

from __future__ import annotations

import importlib

from panns.errors import MissingExtra


def require(*packages: str, what: str, extra: str) -> None:
    """Make sure that packages can be imported.

    Args:
        packages: Their import names.
        what: What needs them, as the beginning of a sentence.
        extra: The extra of this distribution that brings them.

    Raises:
        MissingExtra: One of them is not installed.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as exc:
            raise MissingExtra(what, package=exc.name or package, extra=extra) from exc
