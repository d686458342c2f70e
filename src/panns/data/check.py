"""What is wrong with a data set, before a training finds it: every clip is read once.

Errors keep a clip or the whole set from being learned from. Warnings are what a person should look at; leaks and copies
are among them, since splits keep what belongs together on one side (`split.leave_out`, `split.split_by_source`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.audio import open_audio, resample
from panns.data.clip import Clip
from panns.data.clips import is_whole_file
from panns.data.fingerprint import RATE, Fingerprint, find_copies
from panns.data.manifest import Manifest
from panns.data.stretches import StretchReader
from panns.errors import PannsError, UnknownLabel
from panns.labels import LabelSet

Array = npt.NDArray[np.float32]
Kind: TypeAlias = Literal[
    "missing file", "unreadable", "unknown label", "empty class", "labels differ",
    "truncated", "silent", "clipped", "low rate", "no label", "few clips", "copy", "copy in two folds",
    "source in two folds",
]  # fmt: skip
ERRORS: frozenset[Kind] = frozenset({"missing file", "unreadable", "unknown label", "empty class", "labels differ"})

_SILENT_PEAK = 1e-3  # -60 dB, under which padding lies that was encoded
_CLIPPED_SHARE = 0.01  # of all samples at the highest value
_FEW_CLIPS = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: What.
        files: Which files, as the manifest names them; none for what is of no file.
        sentence: What was found, and what to do.
    """

    kind: Kind
    files: tuple[str, ...]
    sentence: str

    @property
    def is_error(self) -> bool:
        """Whether it keeps from learning."""
        return self.kind in ERRORS

    def to_dict(self) -> dict[str, Any]:
        """JSON of it."""
        severity = "error" if self.is_error else "warning"
        return {"kind": self.kind, "severity": severity, "files": list(self.files), "sentence": self.sentence}


@dataclass(frozen=True)
class CheckReport:
    """What was found.

    Attributes:
        n_clips: How many clips there are.
        duration_s: Of all that can be read.
        findings: What is wrong, by kind.
        together: Groups of clips, as indices, that hold one sound.
    """

    n_clips: int
    duration_s: float
    findings: tuple[Finding, ...]
    together: tuple[tuple[int, ...], ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps from learning."""
        return tuple(one for one in self.findings if one.is_error)

    def to_dict(self) -> dict[str, Any]:
        """JSON of the report."""
        return {
            "n_clips": self.n_clips,
            "duration_s": self.duration_s,
            "n_errors": len(self.errors),
            "n_warnings": len(self.findings) - len(self.errors),
            "findings": [one.to_dict() for one in self.findings],
        }


def check_clips(
    manifest: Manifest,
    *,
    sample_rate: int | None = None,
    labels: LabelSet | None = None,
    n_threads: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Read every clip and say what is wrong.

    Memory grows by about 2 kB for a clip of 5 s, for its fingerprint.

    Args:
        manifest: The clips.
        sample_rate: Of the model that is to learn; what is recorded at less than half of it is warned of.
        labels: The classes that there are; None for those that the clips name.
        n_threads: How many clips are read at once.
        on_progress: Called with the clips read and all.
    """
    findings = [*_of_labels(manifest, labels)]
    heard: list[_Heard] = []
    with ThreadPoolExecutor(n_threads, thread_name_prefix="check") as pool:
        for one in pool.map(lambda clip: _hear(manifest.file(clip), clip, sample_rate), manifest.clips):
            heard.append(one)
            findings += one.findings
            if on_progress:
                on_progress(len(heard), len(manifest.clips))
    groups = _groups(manifest.clips, heard)
    findings += _of_groups(manifest.clips, groups)
    findings += _of_sources(manifest.clips)
    order = {kind: place for place, kind in enumerate(Kind.__args__)}  # type: ignore[attr-defined] # of a Literal
    findings.sort(key=lambda one: order[one.kind])
    return CheckReport(
        len(manifest.clips), float(sum(one.duration_s for one in heard)), tuple(findings), tuple(map(tuple, groups))
    )


@dataclass(frozen=True, eq=False)
class _Heard:
    findings: tuple[Finding, ...]
    duration_s: float = 0.0
    digest: bytes = b""
    fingerprint: Fingerprint | None = None


def _hear(file: Path, clip: Clip, sample_rate: int | None) -> _Heard:
    """Read one clip."""
    if not file.is_file():
        return _Heard((Finding("missing file", (clip.path,), f"{file} is not there; correct its path"),))
    try:
        waveform, own_rate, warnings = _read(file, clip)
    except PannsError as exc:
        return _Heard((Finding("unreadable", (clip.path,), str(exc)),))
    found = [Finding("truncated", (clip.path,), f"{clip.path}: {sentence}") for sentence in warnings]
    peak = float(np.abs(waveform).max())
    if peak < _SILENT_PEAK:
        found.append(
            Finding("silent", (clip.path,), f"{clip.path}: nothing in it is louder than {peak:.1e} of full scale")
        )
    elif (share := float((np.abs(waveform) >= 0.999 * peak).mean())) > _CLIPPED_SHARE and peak > 0.5:
        found.append(
            Finding("clipped", (clip.path,), f"{clip.path}: {share:.0%} of its samples are at the highest value")
        )
    if sample_rate is not None and own_rate < sample_rate / 2:
        what = f"{clip.path}: recorded at {own_rate} Hz, so nothing above {own_rate / 2_000:g} kHz is in it"
        found.append(
            Finding("low rate", (clip.path,), f"{what}, and the model hears up to {sample_rate / 2_000:g} kHz")
        )
    if peak < _SILENT_PEAK:  # two silences are no copies
        return _Heard(tuple(found), len(waveform) / own_rate)
    digest = hashlib.sha256(np.round(waveform * 32_767).astype(np.int16).tobytes()).digest()
    return _Heard(tuple(found), len(waveform) / own_rate, digest, Fingerprint(resample(waveform, own_rate, RATE)))


def _read(file: Path, clip: Clip) -> tuple[Array, int, tuple[str, ...]]:
    """A clip at its own rate, and what its file lacks."""
    if not is_whole_file(clip):
        with StretchReader() as stretches:
            return *stretches.read(file, clip), ()
    with open_audio(file, sample_rate=RATE) as stream:
        own_rate = stream.native_sample_rate
    with open_audio(file, sample_rate=own_rate) as stream:
        return np.concatenate(list(stream)), own_rate, stream.warnings


def _of_labels(manifest: Manifest, labels: LabelSet | None) -> Iterator[Finding]:
    clips = manifest.clips
    counts = Counter(label for clip in clips for label in clip.labels)
    of_file: dict[tuple[str, float | None, float | None], set[str]] = {}
    for clip in clips:
        if not clip.labels:
            yield Finding(
                "no label", (clip.path,), f"{clip.path}: has no label; is nothing of the classes heard in it?"
            )
        key = (clip.path, clip.onset_s, clip.offset_s)
        if of_file.setdefault(key, set(clip.labels)) != set(clip.labels):
            yield Finding(
                "labels differ", (clip.path,), f"{clip.path}: is listed twice with other labels; list it once"
            )
    if labels is not None:
        for name in counts:
            try:
                labels.find(name)
            except UnknownLabel as exc:
                files = tuple(clip.path for clip in clips if name in clip.labels)
                yield Finding("unknown label", files, f"{exc} ({counts[name]} clips have it)")
    for name in manifest.classes:
        if not counts[name]:
            yield Finding("empty class", (), f"the folder {name} holds no sound; add some, or remove it")
    for name, n_clips in counts.items():
        if n_clips < _FEW_CLIPS:
            yield Finding(
                "few clips", (), f"{name} has {n_clips} clips; some {2 * _FEW_CLIPS} are the least to learn from"
            )


def _groups(clips: Sequence[Clip], heard: Sequence[_Heard]) -> list[list[int]]:
    """Clips that hold one sound, by the same samples or by their fingerprints."""
    parent = list(range(len(clips)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first_of: dict[bytes, int] = {}
    pairs = find_copies([one.fingerprint for one in heard])
    pairs += [(first_of.setdefault(one.digest, i), i) for i, one in enumerate(heard) if one.digest]
    for one, other in pairs:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(clips)):
        members[root(i)].append(i)
    return [group for group in members.values() if len(group) > 1]


def _of_groups(clips: Sequence[Clip], groups: list[list[int]]) -> Iterator[Finding]:
    for group in groups:
        # Clips of one source are known to be of one recording, and may overlap.
        if len({clips[i].source or str(i) for i in group}) == 1:
            continue
        files = tuple(clips[i].path for i in group)
        folds = sorted({clips[i].fold for i in group})
        same = f"{', '.join(files)} hold the same sound"
        if len(folds) > 1:
            yield Finding("copy in two folds", files, f"{same} in the folds {', '.join(folds)}; give them one source")
        else:
            yield Finding("copy", files, f"{same}; give them one source, or keep one")


def _of_sources(clips: Sequence[Clip]) -> Iterator[Finding]:
    of_source: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.source:
            of_source[clip.source].append(clip)
    for source, its in of_source.items():
        folds = sorted({clip.fold for clip in its})
        if len(folds) > 1:
            sentence = (
                f"the source {source} is in the folds {', '.join(folds)}; its clips are left out of training for these"
            )
            yield Finding("source in two folds", tuple(clip.path for clip in its), sentence)
