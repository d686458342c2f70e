"""The most pairs that can be formed between two groups when not everyone fits everyone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def n_matched(fits: npt.NDArray[np.bool_]) -> int:
    """How many pairs the largest one-to-one matching has.

    Each left one is placed by a search for an augmenting path: whoever is in the way moves over if there is room.

    Args:
        fits: `(left, right)`, who may be paired with whom.

    Source: Berge 1957, "Two theorems in graph theory": a matching is largest when no augmenting path is left.

    Example:
        >>> n_matched(np.array([[True, True], [True, False]]))
        2
    """
    choices = [np.flatnonzero(row).tolist() for row in fits]
    partner_of_right: dict[int, int] = {}
    return sum(_place(left, choices, partner_of_right) for left in range(len(choices)))


def _place(left: int, choices: list[list[int]], partner_of_right: dict[int, int]) -> bool:
    came_from: dict[int, int] = {}  # right: the left one that wants it
    queue = [left]
    for wanting in queue:
        for right in choices[wanting]:
            if right in came_from:
                continue
            came_from[right] = wanting
            if right in partner_of_right:
                queue.append(partner_of_right[right])
                continue
            _move_over(right, left, came_from, partner_of_right)
            return True
    return False


def _move_over(free: int, left: int, came_from: dict[int, int], partner_of_right: dict[int, int]) -> None:
    """Give the free place to whoever wants it, the place that this leaves to the next, back to `left`."""
    right_of_left = {mover: right for right, mover in partner_of_right.items()}
    while True:
        mover = came_from[free]
        partner_of_right[free] = mover
        if mover == left:
            return
        free = right_of_left[mover]
