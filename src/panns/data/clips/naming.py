"""Names and numbers of clips in messages."""

from __future__ import annotations

from collections.abc import Sequence

_N_NAMED = 3


def some_of(names: Sequence[str]) -> str:
    """The first few names, and the number of the others.

    Examples:
        >>> some_of(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    more = f" and {len(names) - _N_NAMED:,} more" if len(names) > _N_NAMED else ""
    return ", ".join(names[:_N_NAMED]) + more


def n_clips(count: int) -> str:
    """A number of clips with its noun.

    Examples:
        >>> n_clips(1), n_clips(2000)
        ('1 clip', '2,000 clips')
    """
    return "1 clip" if count == 1 else f"{count:,} clips"
