"""What clips were cut from, where their names tell it: pieces of one recording must not be parted by a split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from panns.data.clips.clip import Clip

_WHOLE_NUMBER = r"(?:0|[1-9]\d*)"
_FOLD_SOURCE_TAKE = re.compile(rf"\d+-(\d+)-[A-Z](?:-{_WHOLE_NUMBER})?")
_SOURCE_CLASS_N_N = re.compile(rf"({_WHOLE_NUMBER})-{_WHOLE_NUMBER}-{_WHOLE_NUMBER}-{_WHOLE_NUMBER}")
_PIECE = re.compile(
    r"(?P<stem>.*?[^ _.-])(?:[ _.-]+(?:(?:part|pt|segment|seg|chunk|piece|slice|clip|take)[ _.-]?)?\d+| ?\(\d+\))",
    re.IGNORECASE,
)


def with_sources(clips: Sequence[Clip]) -> list[Clip]:
    """The same clips; those whose source is not known get the one that their file name (without its suffix) tells.

    The rules, of which the first that fits decides:

    1. `<fold>-<source>-<take>` or `<fold>-<source>-<take>-<class>`, such as 1-100032-A-0: numbers, and a capital
       letter for the take. The source is the second number.
    2. `<source>-<class>-<n>-<n>`, such as 101415-3-0-2: four numbers without leading zeros (so no dates). The source is
       the first.
    3. `<stem>_<number>`, `<stem>-part2`, `<stem> (2)`: a piece. Between stem and number stands a space, `_`, `-` or
       `.`, and maybe one of the words part, pt, segment, seg, chunk, piece, slice, clip, take. The source is the stem,
       if another clip is a piece of that stem too or has it for its whole name; but not if all clips of some class, two
       or more, have this stem, for then the number only counts the clips of that class (dog_1, dog_2, ...).

    Rule 3 takes numbered recordings of one place or speaker for one source. That costs a little freedom in the split;
    to miss a source would let a model be tested on what it was trained on.

    Example:
        >>> [clip.source for clip in with_sources([Clip("a/1-17-B-3.wav"), Clip("b/hall_1.wav"), Clip("b/hall_2.wav"),
        ...                                        Clip("b/rain.wav")])]
        ['17', 'hall', 'hall', '']
    """
    names = [PurePath(clip.path).stem for clip in clips]
    told = [_told_source(name) for name in names]
    stems = ["" if source else _stem(name) for name, source in zip(names, told, strict=True)]
    _keep_pieces(stems, names, clips)
    return [
        clip if clip.source or not (source or stem) else replace(clip, source=source or stem)
        for clip, source, stem in zip(clips, told, stems, strict=True)
    ]


def _told_source(name: str) -> str:
    match = _FOLD_SOURCE_TAKE.fullmatch(name) or _SOURCE_CLASS_N_N.fullmatch(name)
    return match[1] if match else ""


def _stem(name: str) -> str:
    """Of a piece what stands before its number, of any other name nothing."""
    match = _PIECE.fullmatch(name)
    return match["stem"].strip() if match else ""


def _keep_pieces(stems: list[str], names: Sequence[str], clips: Sequence[Clip]) -> None:
    """Leave only the stems that tell a source; a whole name that is a stem of others becomes one."""
    known = set(stems)
    for i, name in enumerate(names):
        if not stems[i] and name.strip() in known:
            stems[i] = name.strip()
    sizes = Counter(stems)
    of_class: dict[tuple[str, ...], Counter[str]] = {}
    for clip, stem in zip(clips, stems, strict=True):
        of_class.setdefault(clip.labels, Counter())[stem] += 1
    counting = {stem for counts in of_class.values() if len(counts) == 1 for stem, n in counts.items() if n > 1}
    for i, stem in enumerate(stems):
        if sizes[stem] < 2 or stem in counting:
            stems[i] = ""
