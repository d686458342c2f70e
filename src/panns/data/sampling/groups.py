"""What belongs together, directly or through others."""

from __future__ import annotations

from collections import defaultdict


class Groups:
    """The numbers 0, 1, 2, ... in groups, each at first alone.

    Example:
        >>> groups = Groups(5)
        >>> groups.join(3, 1)
        >>> groups.join(4, 3)
        >>> [groups.first(i) for i in range(5)]
        [0, 1, 2, 1, 1]
        >>> groups.of_several()
        [[1, 3, 4]]
    """

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def first(self, i: int) -> int:
        """The lowest number of the group of `i`."""
        parent = self._parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(self, one: int, other: int) -> None:
        """Make the groups of two numbers one."""
        low, high = sorted((self.first(one), self.first(other)))
        self._parent[high] = low

    def of_several(self) -> list[list[int]]:
        """All groups of more than one, in rising order."""
        members: dict[int, list[int]] = defaultdict(list)
        for i in range(len(self._parent)):
            members[self.first(i)].append(i)
        return [group for group in members.values() if len(group) > 1]
