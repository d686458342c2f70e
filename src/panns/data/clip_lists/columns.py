"""Column names of clip lists, in tables and in JSON, and the spelling mistakes among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from panns.errors import DataError

_N_SHOWN, _LONGEST_NAME = 20, 40  # of the names in a message
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


# Names that other data sets use. They count only where no name above fills the field, because tables have columns of
# their own.
_USUAL_NAMES = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "fname", "slice_file_name"),
    "label": ("class", "category", "class_name"),
}


def find_columns(names: Sequence[str]) -> dict[str, int]:
    """Find the known columns among these names, ignoring case.

    Where `path` or a label is missing, names that other data sets use count: `file`, `filename`, `category`, `class`.
    Unknown names are ignored, because tables have columns of their own. An unknown name that is one typing mistake away
    from a missing column is an error, because the column would silently have no effect.

    Returns:
        Position of each column by field of `Clip`; `label` for a column of single labels.

    Raises:
        DataError: A name is repeated or misspelt, or `path` or both of `labels` and `label` are missing.

    Examples:
        >>> find_columns(["Path", "speaker", "label", "source_id"])
        {'path': 0, 'label': 2, 'source': 3}
        >>> find_columns(["filename", "fold", "target", "category"])
        {'path': 0, 'fold': 1, 'label': 3}
    """
    keys = [name.strip().lower() for name in names]
    for key, n_times in Counter(keys).items():
        if key and n_times > 1:
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
    _add_usual_names(found, keys)
    missing = _missing_names(found)
    lengths = {len(name) + more for name in missing for more in (-1, 0, 1)}
    for key in keys:
        if len(key) not in lengths or key in _MEANINGS:
            continue
        if (near := next((one for one in missing if _is_near(key, one)), None)) is not None:
            raise DataError(f"the column {key!r} is unknown; did you mean {near!r}? Rename it, or remove it")
    if "path" not in found:
        raise DataError(f"the column 'path' is missing among {list_names(names)}; rename a column, or add it")
    if not found.keys() & {"labels", "label"}:
        raise DataError(
            f"the column 'labels' or 'label' is missing among {list_names(names)}; rename a column, or add it. Columns "
            "of 0 and 1 for each class become one in pandas: table['labels'] = table[classes].apply(lambda row: "
            "'|'.join(row.index[row == 1]), axis=1)"
        )
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _add_usual_names(found: dict[str, int], keys: Sequence[str]) -> None:
    """Fill the missing path and label from the names that other data sets use."""
    for meaning, usual in _USUAL_NAMES.items():
        if meaning in found or (meaning == "label" and "labels" in found):
            continue
        places = [place for place, key in enumerate(keys) if key in usual]
        if len(places) > 1:
            raise DataError(
                f"the columns {list_names([keys[place] for place in places])} may all be the {meaning}; rename one of "
                f"them to {meaning!r}"
            )
        if places:
            found[meaning] = places[0]


def list_names(names: Sequence[str]) -> str:
    """The first column names, in words.

    Examples:
        >>> list_names(["a", "b"]), list_names([str(i) for i in range(100)]).endswith("'19' and 80 more")
        ("'a', 'b'", True)
    """
    shown = ", ".join(repr(name[:_LONGEST_NAME]) for name in names[:_N_SHOWN])
    return f"{shown} and {len(names) - _N_SHOWN:,} more" if len(names) > _N_SHOWN else shown


def _missing_names(found: Collection[str]) -> list[str]:
    """Names of the columns that are not there."""
    has_labels = not {"label", "labels"}.isdisjoint(found)
    return [
        name
        for name, meaning in _MEANINGS.items()
        if meaning not in found and not (has_labels and meaning in {"label", "labels"})
    ]


def _is_near(one: str, other: str) -> bool:
    """True if two names differ by one letter that is missing or wrong, or by two that changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    short, long = sorted((one[start:], other[start:]), key=len)
    is_missing = short == long[1:]
    is_wrong = len(short) == len(long) and short[1:] == long[1:]
    is_swapped = short[:2] == long[1::-1] and short[2:] == long[2:]
    return is_missing or is_wrong or is_swapped
