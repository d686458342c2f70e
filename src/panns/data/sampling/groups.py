"""Groups of clips that must not be separated: duplicates, and disjoint sets to collect them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

DuplicateGroups: TypeAlias = Sequence[Sequence[int]]
"""Groups of clips that hold the same sound, each as indices of clips."""


class DisjointSets:
    """The numbers 0 to `n` - 1 in disjoint sets (union-find), each number at first in a set of its own.

    Examples:
        >>> sets = DisjointSets(5)
        >>> sets.join(3, 1)
        >>> sets.join(4, 3)
        >>> [sets.lowest(i) for i in range(5)]
        [0, 1, 2, 1, 1]
        >>> sets.larger_than_one()
        [[1, 3, 4]]
    """

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def lowest(self, i: int) -> int:
        """Lowest number in the set of `i`."""
        parent = self._parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(self, one: int, other: int) -> None:
        """Merge the sets of two numbers."""
        low, high = sorted((self.lowest(one), self.lowest(other)))
        self._parent[high] = low

    def larger_than_one(self) -> list[list[int]]:
        """Sets of at least two numbers; sets and members are in ascending order."""
        members: dict[int, list[int]] = defaultdict(list)
        for i in range(len(self._parent)):
            members[self.lowest(i)].append(i)
        return [group for group in members.values() if len(group) > 1]
