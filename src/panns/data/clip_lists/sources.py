"""Sources of clips, guessed from file names, so that a split keeps pieces of one recording on one side."""

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


def guess_sources(clips: Sequence[Clip]) -> list[Clip]:
    """Fill in missing sources of clips from their file names.

    The first rule that matches the name, without its suffix, decides:

    1. `<fold>-<source>-<take>` or `<fold>-<source>-<take>-<class>`, such as 1-100032-A-0: numbers, and a capital
       letter for the take. The source is the second number.
    2. `<source>-<class>-<n>-<n>`, such as 101415-3-0-2: four numbers without leading zeros (which excludes dates). The
       source is the first number.
    3. `<stem>_<number>`, `<stem>-part2`, `<stem> (2)`: a numbered piece. A space, `_`, `-` or `.` separates stem and
       number, optionally with one of the words part, pt, segment, seg, chunk, piece, slice, clip, take. The source is
       the stem if another clip is a piece of the same stem, or has the stem as its whole name. A stem that all clips of
       a class share, two or more, is ignored: its numbers count the clips of the class (dog_1, dog_2, ...).

    Rule 3 treats numbered recordings of one place or speaker as one source. That leaves the split a little less choice;
    a missed source would test a model on recordings it was trained on.

    Examples:
        >>> [clip.source for clip in guess_sources([Clip("a/1-17-B-3.wav"), Clip("b/hall_1.wav"), Clip("b/hall_2.wav"),
        ...                                         Clip("b/rain.wav")])]
        ['17', 'hall', 'hall', '']
    """
    names = [PurePath(clip.path).stem for clip in clips]
    coded = [_source_in_code(name) for name in names]
    stems = ["" if source else _stem(name) for name, source in zip(names, coded, strict=True)]
    _keep_sources(stems, names, clips)
    return [
        clip if clip.source or not (source or stem) else replace(clip, source=source or stem)
        for clip, source, stem in zip(clips, coded, stems, strict=True)
    ]


def _source_in_code(name: str) -> str:
    """The source in a name that follows rule 1 or 2; "" for other names."""
    match = _FOLD_SOURCE_TAKE.fullmatch(name) or _SOURCE_CLASS_N_N.fullmatch(name)
    return match[1] if match else ""


def _stem(name: str) -> str:
    """The part of a piece's name before its number; "" for other names."""
    match = _PIECE.fullmatch(name)
    return match["stem"].strip() if match else ""


def _keep_sources(stems: list[str], names: Sequence[str], clips: Sequence[Clip]) -> None:
    """Clear the stems that are not sources, in place; a whole name that is the stem of other clips becomes a stem."""
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
