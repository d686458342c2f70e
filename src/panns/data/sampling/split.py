"""Clips to train on and clips to hold out, so that nothing of one recording stands on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip
from panns.data.clips.subset import ClipSubset
from panns.data.sampling.groups import DisjointSets, DuplicateGroups
from panns.errors import DataError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Two sides, as indices of clips in ascending order.

    Attributes:
        train: To train on.
        held_out: To test or validate with.
        left_out: On neither side: of a recording that is held out, though in another part of the data.
        undivided: Labels that stand on one side only: their clips cannot be divided without parting a recording, or
            without parting another label's.
    """

    train: Indices
    held_out: Indices
    left_out: Indices
    undivided: tuple[str, ...] = ()


def leave_out(clips: Sequence[Clip], fold: str, *, duplicates: DuplicateGroups = ()) -> Split:
    """Hold out a fold; what shares a recording with it is not trained on either.

    Args:
        clips: All clips.
        fold: The one to hold out.
        duplicates: Groups of clips, as indices, that are of one recording although their sources do not say so, such as
            the copies that `check_clips` finds.

    Raises:
        DataError: No clip is in that fold, or none is left to train on.
    """
    is_held_out = np.array([clip.fold == fold != "" for clip in clips], dtype=bool)
    if not is_held_out.any():
        known = sorted({clip.fold for clip in clips if clip.fold}, key=_by_number)
        hint = f"there are {', '.join(map(repr, known))}" if known else "the clips have no folds; give them some"
        raise DataError(f"no clip is in fold {fold!r}; {hint}")
    groups = _groups(clips, duplicates)
    is_related = np.isin(groups, groups[is_held_out])
    if is_related.all():
        raise DataError(
            f"without fold {fold!r} and what shares a source with it, none of the {len(clips)} clips is left to train "
            "on; give some of them another fold, or their own sources"
        )
    train = np.flatnonzero(~is_related)
    return Split(
        train,
        np.flatnonzero(is_held_out),
        np.flatnonzero(is_related & ~is_held_out),
        _one_sided(clips, train, np.flatnonzero(is_held_out)),
    )


def split_by_source(clips: Sequence[Clip], *, share: float, seed: int, duplicates: DuplicateGroups = ()) -> Split:
    """Hold out about a share of the clips of every label, whole recordings at a time.

    The same clips and seed give the same split. A clip without a source is a recording of its own. Every label is
    trained on; one with at least two recordings is also held out, as far as recordings with several labels allow it.
    Rare labels choose first (iterative stratification: K. Sechidis et al., "On the stratification of multi-label
    data", ECML PKDD 2011).

    Args:
        clips: All clips.
        share: To hold out, above 0 and below 1.
        seed: Of the choice among equals.
        duplicates: As of `leave_out`.

    Raises:
        DataError: All clips are of one recording, so that none can be held out.
    """
    if not 0 < share < 1:
        raise ValueError(f"share={share} must be above 0 and below 1; 0.2 holds out every fifth clip")
    groups = _groups(clips, duplicates)
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    counts = _label_counts(clips, groups, n_groups)
    is_held_out = _choose(counts, share, np.random.default_rng(seed).permutation(n_groups))
    if not is_held_out.any():
        raise DataError(
            f"none of the {len(clips)} clips can be held out: every label is of one recording; "
            "add clips of others, or name the parts yourself as folds"
        )
    train, held_out = np.flatnonzero(~is_held_out[groups]), np.flatnonzero(is_held_out[groups])
    return Split(train, held_out, np.zeros(0, np.int64), _one_sided(clips, train, held_out))


def _choose(counts: list[Counter[str]], share: float, order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which recordings to hold out; `counts` are the clips of each label in each, `order` is that of the choice."""
    of_label: dict[str, list[int]] = defaultdict(list)
    for group in order:
        for label in counts[group]:
            of_label[label].append(int(group))
    wanted = {label: share * sum(counts[group][label] for group in of_label[label]) for label in of_label}
    held: Counter[str] = Counter()
    n_trained_on = Counter({label: len(its_groups) for label, its_groups in of_label.items()})
    is_held_out = np.zeros(len(counts), dtype=bool)

    def hold_out(group: int) -> None:
        is_held_out[group] = True
        held.update(counts[group])
        n_trained_on.subtract(counts[group].keys())

    for label in sorted(of_label, key=lambda name: (len(of_label[name]), name)):
        for group in of_label[label]:
            lacking = wanted[label] - held[label]
            # To the nearest: what overshoots by less than it would lack is taken.
            fits = counts[group][label] < 2 * lacking
            if fits and not is_held_out[group] and all(n_trained_on[name] > 1 for name in counts[group]):
                hold_out(group)
        if not held[label]:
            free = [group for group in of_label[label] if all(n_trained_on[name] > 1 for name in counts[group])]
            if free:
                hold_out(min(free, key=lambda group: counts[group][label]))
    return is_held_out


def _label_counts(clips: Sequence[Clip], groups: Indices, n_groups: int) -> list[Counter[str]]:
    """How many clips of each label each recording has; clips without labels are a kind of their own."""
    counts: list[Counter[str]] = [Counter() for _ in range(n_groups)]
    for clip, group in zip(clips, groups, strict=True):
        counts[group].update(clip.labels or ("",))
    return counts


def _groups(clips: Sequence[Clip], duplicates: DuplicateGroups) -> Indices:
    """The number of the recording of every clip, 0 for that of the first clip, and so on."""
    joined = DisjointSets(len(clips))
    first_of: dict[str, int] = {}
    for i, clip in enumerate(clips):
        if clip.source:
            joined.join(first_of.setdefault(clip.source, i), i)
    for group in duplicates:
        for one in group[1:]:
            joined.join(group[0], one)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(joined.lowest(i), len(numbers)) for i in range(len(clips))], dtype=np.int64)


def _one_sided(clips: Sequence[Clip], train: Indices, held_out: Indices) -> tuple[str, ...]:
    one, other = ({label for clip in ClipSubset(clips, side) for label in clip.labels} for side in (train, held_out))
    return tuple(sorted(one ^ other))


def _by_number(fold: str) -> tuple[int, str]:
    """Fold 10 comes after fold 2."""
    return (int(fold), "") if fold.isdecimal() else (-1, fold)
