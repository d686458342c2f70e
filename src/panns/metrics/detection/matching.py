"""Maximum bipartite matching."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def count_matches(fits: npt.NDArray[np.bool_]) -> int:
    """Number of pairs in the largest one-to-one matching.

    A search for an augmenting path places each left item, and moves items that are in the way to a free partner.

    Args:
        fits: `(left, right)`, True where two items may be paired.

    Source: Berge 1957, "Two theorems in graph theory": a matching is largest when no augmenting path is left.

    Examples:
        >>> count_matches(np.array([[True, True], [True, False]]))
        2
    """
    choices = [np.flatnonzero(row).tolist() for row in fits]
    partner_of_right: dict[int, int] = {}
    return sum(_place(left, choices, partner_of_right) for left in range(len(choices)))


def _place(left: int, choices: list[list[int]], partner_of_right: dict[int, int]) -> bool:
    came_from: dict[int, int] = {}  # right item: the left item that requests it
    queue = [left]
    for current in queue:
        for right in choices[current]:
            if right in came_from:
                continue
            came_from[right] = current
            if right in partner_of_right:
                queue.append(partner_of_right[right])
                continue
            _shift(right, left, came_from, partner_of_right)
            return True
    return False


def _shift(free: int, left: int, came_from: dict[int, int], partner_of_right: dict[int, int]) -> None:
    """Shift the partners along the augmenting path, from the free right item back to `left`."""
    right_of_left = {mover: right for right, mover in partner_of_right.items()}
    while True:
        mover = came_from[free]
        partner_of_right[free] = mover
        if mover == left:
            return
        free = right_of_left[mover]
