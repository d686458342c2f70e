"""What the columns of a manifest are called, in a table and in JSON, and which names are slips of the pen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from panns.errors import DataError

# Name: what it stands for, a field of `Clip` but for 'label', which is one label.
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
    """Where among these names each known column stands, whatever the case; names of no known one are passed over.

    Real tables have columns of their own, so these are no mistake. A name that one slip turns into a known one is, if
    that one is not there otherwise: it would silently be without effect.

    Returns:
        Place by field of `Clip`; one label alone is `label`.

    Raises:
        DataError: A name is there twice or a slip, or there is no path, or not one of `labels` and `label`.

    Example:
        >>> find_columns(["Path", "speaker", "label", "source_id"])
        {'path': 0, 'label': 2, 'source': 3}
    """
    keys = [name.strip().lower() for name in names]
    for key in keys:
        if key and keys.count(key) > 1:
            raise DataError(f"{key!r} is there twice; keep one of them")
    found: dict[str, int] = {}
    for place, key in enumerate(keys):
        meaning = _MEANINGS.get(key)
        if meaning in found:
            raise DataError(f"{names[found[meaning]]!r} and {names[place]!r} mean the same; keep one of them")
        if meaning is not None:
            found[meaning] = place
    if "label" in found and "labels" in found:
        raise DataError("'label' (one) and 'labels' (any number) are both there; keep one of them")
    for key in keys:
        if key not in _MEANINGS and (near := _slip_of(key, found)) is not None:
            raise DataError(f"{key!r} is unknown; did you mean {near!r}? Rename it, or remove it")
    for needed, is_there in (("path", "path" in found), ("labels' or 'label", found.keys() & {"labels", "label"})):
        if not is_there:
            given = ", ".join(map(repr, names))
            raise DataError(f"there is no '{needed}' among {given}; rename what is meant, or add it")
    return found


def _slip_of(key: str, found: Collection[str]) -> str | None:
    """The known name that is meant by a key, unless a column of its meaning is there."""
    for name, meaning in _MEANINGS.items():
        is_there = meaning in found or (meaning in {"label", "labels"} and not {"label", "labels"}.isdisjoint(found))
        if not is_there and _is_one_slip(key, name):
            return name
    return None


def _is_one_slip(one: str, other: str) -> bool:
    """Whether two names differ by one letter that is missing or wrong, or by two that changed places."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    short, long = sorted((one[start:], other[start:]), key=len)
    is_missing = short == long[1:]
    is_wrong = len(short) == len(long) and short[1:] == long[1:]
    is_swapped = short[:2] == long[1::-1] and short[2:] == long[2:]
    return is_missing or is_wrong or is_swapped
