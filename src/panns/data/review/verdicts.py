"""Verdicts of reviewers on clips: words in a table, folders that clips were sorted into, and annotation files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from panns.data.review.detected_clips import DetectedClip
from panns.errors import DataError

# With the folders of BirdNET-Analyzer's review, positive and negative, and the numbers that pandas writes for 1 and 0.
CONFIRMED = frozenset({"confirmed", "confirm", "correct", "right", "yes", "y", "true", "1", "1.0", "ok", "positive"})
REJECTED = frozenset({"rejected", "reject", "incorrect", "wrong", "no", "n", "false", "0", "0.0", "negative"})
UNSURE = frozenset({"unsure", "maybe", "?", "skip"})
# Kaleidoscope's names for a recording without the class.
NOTHING = frozenset({"noise", "noid"})


@dataclass(frozen=True)
class Verdict:
    """What a reviewer found in a clip.

    Attributes:
        labels: Classes in the clip; none if the detection was wrong.
    """

    labels: tuple[str, ...]


class KnownClasses:
    """The detected classes, found by the names that people and programs give them: in any case, in either language.

    Examples:
        >>> known = KnownClasses({"Dog": "狗"})
        >>> known.name("dog "), known.name("狗"), known.name("Owl"), "dog" in known
        ('Dog', 'Dog', 'Owl', False)
    """

    def __init__(self, labels: Iterable[str] | Mapping[str, str]) -> None:
        """`labels` may map classes to their names in another language."""
        self._labels = dict(labels) if isinstance(labels, Mapping) else dict.fromkeys(labels, "")
        self._by_name: dict[str, str] = {}
        # Names have priority over translations, and the case counts where two classes differ in nothing else.
        for name, label in (
            *((label, label) for label in self._labels),
            *((label.casefold(), label) for label in self._labels),
            *((other.casefold(), label) for label, other in self._labels.items() if other),
        ):
            self._by_name.setdefault(name, label)

    def __contains__(self, label: object) -> bool:
        return label in self._labels

    def name(self, label: str) -> str:
        """The detected class that a label means; the label itself if it is another class."""
        label = label.strip()
        return self._by_name.get(label) or self._by_name.get(label.casefold(), label)


def parse_verdict(text: str, detected: str, known: KnownClasses) -> Verdict | None:
    """The verdict in a cell or in the name of a folder; None for a clip that nobody has decided on.

    Args:
        text: "confirmed", "rejected" and the like, in any case; or the right classes, separated by `|`, in which
            "confirmed" means the detected class.
        detected: The detected class.
        known: All detected classes, which have priority over the words.

    Examples:
        >>> known = KnownClasses({"Dog"})
        >>> parse_verdict("Yes", "Dog", known), parse_verdict("Cat|yes", "Dog", known)
        (Verdict(labels=('Dog',)), Verdict(labels=('Cat', 'Dog')))
        >>> parse_verdict("rejected", "Dog", known), parse_verdict("?", "Dog", known)
        (Verdict(labels=()), None)
    """
    parts = [part.strip() for part in text.split("|") if part.strip()]
    words = ["" if part in known else part.casefold() for part in parts]
    if not parts or not UNSURE.isdisjoint(words):
        return None
    labels = (
        detected if word in CONFIRMED else known.name(part)
        for part, word in zip(parts, words, strict=True)
        if word not in REJECTED | NOTHING
    )
    return Verdict(tuple(dict.fromkeys(labels)))


def sorted_verdicts(
    folder: Path, clips: Mapping[str, DetectedClip], known: KnownClasses, folder_names: Mapping[str, str]
) -> tuple[dict[str, Path], dict[str, Verdict]]:
    """Where the clips lie now, and the verdicts of those that were sorted into folders.

    A clip in `confirmed`, `rejected` or the folder of a class has a verdict. The innermost folder counts.

    Args:
        folder: The folder of clips.
        clips: The detected clips by name.
        known: All detected classes.
        folder_names: Labels by the names that their folders have.

    Raises:
        DataError: A clip lies in two places.
    """
    places: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.wav")):
        if path.name not in clips or path.name.startswith("."):
            continue
        if path.name in places:
            raise DataError(f"{path.name} lies in {places[path.name].parent} and in {path.parent}; remove one of them")
        places[path.name] = path
    verdicts = {}
    for name, path in places.items():
        parent = path.parent
        if parent != folder:
            word = folder_names.get(parent.name, parent.name)
            verdict = parse_verdict(word, clips[name].label, known)
            if verdict is not None:
                verdicts[name] = verdict
    return places, verdicts
