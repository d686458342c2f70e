"""Column names of clip lists, in tables and in JSON, and the spelling mistakes among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from panns.errors import DataError

# Accepted names, each with the field of `Clip` that it fills; 'label' is a single label.
_MEANINGS = {
    "path": "path",
    "labels": "labels",
    "label": "label",
    "fold": "fold",
    "source": "source",
    "source_id": "source",
    "onset_s": "onset_s",
    "onset": "onset_s",
    "offset_s": "offset_s",
    "offset": "offset_s",
    "events": "events",
    "licence": "licence",
    "license": "licence",
    "attribution": "attribution",
}


def find_columns(names: Sequence[str]) -> dict[str, int]:
    """Find the known columns among these names, ignoring case.

    Unknown names are ignored, because tables have columns of their own. An unknown name that is one typing mistake away
    from a missing column is an error, because the column would silently have no effect.

    Returns:
        Position of each column by field of `Clip`; `label` for a column of single labels.

    Raises:
        DataError: A name is repeated or misspelt, or `path` or both of `labels` and `label` are missing.

    Example:
        >>> find_columns(["Path", "speaker", "label", "source_id"])
        {'path': 0, 'label': 2, 'source': 3}
    """
    keys = [name.strip().lower() for name in names]
    for key in keys:
        if key and keys.count(key) > 1:
            raise DataError(f"the column {key!r} is repeated; keep one of them")
    found: dict[str, int] = {}
    for place, key in enumerate(keys):
        meaning = _MEANINGS.get(key)
        if meaning in found:
            raise DataError(
                f"the columns {names[found[meaning]]!r} and {names[place]!r} mean the same; keep one of them"
            )
        if meaning is not None:
            found[meaning] = place
    if "label" in found and "labels" in found:
        raise DataError("the columns 'label' (one) and 'labels' (any number) exclude each other; keep one of them")
    for key in keys:
        if key not in _MEANINGS and (near := _nearest_missing(key, found)) is not None:
            raise DataError(f"the column {key!r} is unknown; did you mean {near!r}? Rename it, or remove it")
    for needed, is_found in (("path", "path" in found), ("labels' or 'label", found.keys() & {"labels", "label"})):
        if not is_found:
            given = ", ".join(map(repr, names))
            raise DataError(f"the column '{needed}' is missing among {given}; rename a column, or add it")
    return found


def _nearest_missing(key: str, found: Collection[str]) -> str | None:
    """The name of a missing column that is one typing mistake away."""
    for name, meaning in _MEANINGS.items():
        is_found = meaning in found or (meaning in {"label", "labels"} and not {"label", "labels"}.isdisjoint(found))
        if not is_found and _is_one_mistake_away(key, name):
            return name
    return None


def _is_one_mistake_away(one: str, other: str) -> bool:
    """True if two names differ by one letter that is missing or wrong, or by two that changed places."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    short, long = sorted((one[start:], other[start:]), key=len)
    is_missing = short == long[1:]
    is_wrong = len(short) == len(long) and short[1:] == long[1:]
    is_swapped = short[:2] == long[1::-1] and short[2:] == long[2:]
    return is_missing or is_wrong or is_swapped
