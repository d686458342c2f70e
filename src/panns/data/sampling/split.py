"""Splits into training and held-out clips that keep every recording on one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip
from panns.data.sampling.groups import DisjointSets, DuplicateGroups
from panns.errors import DataError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Training and held-out clips, as indices in ascending order.

    Attributes:
        train: Clips to train on.
        held_out: Clips to test or validate on.
        unused: Clips on neither side: outside the held-out fold, but of a recording in it.
    """

    train: Indices
    held_out: Indices
    unused: Indices


def hold_out_fold(clips: Sequence[Clip], fold: str, *, duplicates: DuplicateGroups = ()) -> Split:
    """Hold out a fold, and leave clips of its recordings out of training.

    Args:
        clips: All clips.
        fold: Name of the fold to hold out.
        duplicates: Groups of clips that hold the same sound although their sources differ, such as those that
            `check_clips` finds; each group counts as one recording.

    Raises:
        DataError: The fold has no clips, or no clips remain to train on.
    """
    is_held_out = np.array([clip.fold == fold != "" for clip in clips], dtype=bool)
    if not is_held_out.any():
        known = sorted({clip.fold for clip in clips if clip.fold}, key=_by_number)
        hint = f"the folds are {', '.join(map(repr, known))}" if known else "the clips have no folds; give them some"
        raise DataError(f"fold {fold!r} has no clips; {hint}")
    groups = _groups(clips, duplicates)
    is_related = np.isin(groups, groups[is_held_out])
    if is_related.all():
        raise DataError(
            f"all {len(clips)} clips are in fold {fold!r} or share a source with it, which leaves none to train on; "
            "give some of them another fold, or their own sources"
        )
    return Split(np.flatnonzero(~is_related), np.flatnonzero(is_held_out), np.flatnonzero(is_related & ~is_held_out))


def split_by_source(clips: Sequence[Clip], *, share: float, seed: int, duplicates: DuplicateGroups = ()) -> Split:
    """Hold out about a share of the clips of every label, whole recordings at a time.

    The same clips and seed give the same split. A clip without a source is a recording of its own. Every label stays in
    training; a label with at least two recordings is also held out, if recordings with several labels allow it. Rare
    labels choose first (iterative stratification: K. Sechidis et al., "On the stratification of multi-label data",
    ECML PKDD 2011).

    Args:
        clips: All clips.
        share: Share of the clips to hold out, above 0 and below 1.
        seed: Random seed.
        duplicates: Groups of clips that hold the same sound; see `hold_out_fold`.

    Raises:
        DataError: Every label has a single recording, so no clip can be held out.
    """
    if not 0 < share < 1:
        raise ValueError(f"share={share} must be above 0 and below 1; 0.2 holds out every fifth clip")
    groups = _groups(clips, duplicates)
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    counts = _label_counts(clips, groups, n_groups)
    is_held_out = _choose(counts, share, np.random.default_rng(seed).permutation(n_groups))
    if not is_held_out.any():
        raise DataError(
            f"none of the {len(clips)} clips can be held out, because every label has a single recording; "
            "add clips of other recordings, or assign folds yourself"
        )
    is_held_out = is_held_out[groups]
    return Split(np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out), np.zeros(0, np.int64))


def _choose(counts: list[Counter[str]], share: float, order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Choose recordings to hold out: one bool each.

    Args:
        counts: Number of clips by label, for every recording.
        share: Share of the clips of each label to hold out.
        order: Order in which recordings are considered.
    """
    of_label: dict[str, list[int]] = defaultdict(list)
    for group in order:
        for label in counts[group]:
            of_label[label].append(int(group))
    wanted = {label: share * sum(counts[group][label] for group in of_label[label]) for label in of_label}
    n_held_out: Counter[str] = Counter()
    n_in_training = Counter({label: len(its_groups) for label, its_groups in of_label.items()})
    is_held_out = np.zeros(len(counts), dtype=bool)

    def hold_out(group: int) -> None:
        is_held_out[group] = True
        n_held_out.update(counts[group])
        n_in_training.subtract(counts[group].keys())

    for label in sorted(of_label, key=lambda name: (len(of_label[name]), name)):
        for group in of_label[label]:
            missing = wanted[label] - n_held_out[label]
            # Round to the nearest: overshooting is fine if it misses the share by less than stopping short would.
            fits = counts[group][label] < 2 * missing
            if fits and not is_held_out[group] and all(n_in_training[name] > 1 for name in counts[group]):
                hold_out(group)
        if not n_held_out[label]:
            free = [group for group in of_label[label] if all(n_in_training[name] > 1 for name in counts[group])]
            if free:
                hold_out(min(free, key=lambda group: counts[group][label]))
    return is_held_out


def _label_counts(clips: Sequence[Clip], groups: Indices, n_groups: int) -> list[Counter[str]]:
    """Number of clips by label, for every recording; clips without labels count under ""."""
    counts: list[Counter[str]] = [Counter() for _ in range(n_groups)]
    for clip, group in zip(clips, groups, strict=True):
        counts[group].update(clip.labels or ("",))
    return counts


def _groups(clips: Sequence[Clip], duplicates: DuplicateGroups) -> Indices:
    """Number of the recording of every clip; the recording of the first clip is 0."""
    recordings = DisjointSets(len(clips))
    first_of: dict[str, int] = {}
    for i, clip in enumerate(clips):
        if clip.source:
            recordings.join(first_of.setdefault(clip.source, i), i)
    for group in duplicates:
        for one in group[1:]:
            recordings.join(group[0], one)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(recordings.lowest(i), len(numbers)) for i in range(len(clips))], dtype=np.int64)


def _by_number(fold: str) -> tuple[int, str]:
    """Sort key that puts fold 10 after fold 2."""
    return (int(fold), "") if fold.isdecimal() else (-1, fold)
