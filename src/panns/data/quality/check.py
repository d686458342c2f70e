"""What is wrong with a data set, before a training finds it: every file is read once, copies a second time.

Errors keep a clip or the whole set from being learned from. Warnings are what a person should look at; leaks and copies
are among them, since splits keep what belongs together on one side (`split.leave_out`, `split.split_by_source`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from panns.data.clip_lists.clip_list import ClipList
from panns.data.clips.clip import Clip
from panns.data.quality.copies.compare import RATE as COMPARED_RATE
from panns.data.quality.copies.compare import find_copies
from panns.data.quality.copies.landmark_index import Candidate, LandmarkIndex
from panns.data.quality.findings import KINDS, CheckReport, Finding, n_clips, some_of
from panns.data.quality.inspect import Inspection
from panns.data.quality.listing import check_listing, place_of
from panns.data.quality.stores import FileStore, ShardStore, Sounds
from panns.data.sampling.groups import DisjointSets
from panns.data.shards.folder import ShardFolder
from panns.labels import LabelSet
from panns.system.cores import n_cores
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

Array = npt.NDArray[np.float32]

"""Called with what is being done, how much of it is done, and how much there is."""

__all__ = ["CheckReport", "Finding", "check_clips"]

# Shorter than any word or bark: a clip of a few samples is a slip of a cutting tool.
MIN_DURATION_S = 0.1
# Below this share of a model's rate, a sound lacks what the model was made to hear.
_LOW_RATE_SHARE = 0.7


def check_clips(
    clips: ClipList | ShardFolder,
    *,
    sample_rate: int | None = None,
    labels: LabelSet | None = None,
    min_duration_s: float = MIN_DURATION_S,
    min_clips_per_class: int = 5,
    n_threads: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> CheckReport:
    """Read every clip and say what is wrong.

    Copies are clips with the same samples, and clips whose first minute holds half a second or more of the same
    recording: encoded again, at another rate or level, cut, shifted or by another recorder. Not found are sounds at
    another speed or pitch, under other sounds, or with nothing between 300 Hz and 2 kHz.

    Memory: some 600 MB at most for copies, and 200 bytes a clip.

    Args:
        clips: Those of a manifest, or of packed shards.
        sample_rate: Of the model that is to learn; what is recorded far below it is warned of.
        labels: The classes that there are; None for those that the clips name.
        min_duration_s: Shorter clips are warned of.
        min_clips_per_class: Classes with fewer clips are warned of.
        n_threads: How many files are read at once; None for as many as there are cores.
        on_progress: Called with the clips read (stage "reading clips"), then with the comparisons made (stage
            "comparing clips").
    """
    sounds: Sounds = FileStore(clips) if isinstance(clips, ClipList) else ShardStore(clips)
    manifest = sounds.manifest
    n_threads = n_threads or n_cores()
    findings = list(check_listing(manifest, labels, min_clips_per_class=min_clips_per_class))
    heard, candidates = _hear(sounds, min_duration_s, n_threads, on_progress)
    findings += [finding for one in heard for finding in one.findings]
    if sample_rate is not None:
        findings += _low_rates(manifest.clips, heard, sample_rate)
    groups = _together(sounds, heard, candidates, n_threads, on_progress)
    findings += _copies(manifest, groups)
    findings.sort(key=lambda finding: KINDS.index(finding.kind))
    return CheckReport(
        len(manifest.clips), sum(one.duration_s for one in heard), tuple(findings), tuple(map(tuple, groups))
    )


def _hear(
    sounds: Sounds, min_duration_s: float, n_threads: int, on_progress: OnProgress
) -> tuple[list[Inspection], list[Candidate]]:
    """What is heard of every clip, and which may hold the same sound."""
    files = sounds.by_file

    def hear(number: int) -> list[Inspection]:
        return sounds.hear(files[number], min_duration_s)

    heard = [Inspection()] * len(sounds.manifest.clips)
    landmarks = LandmarkIndex()
    known: set[bytes] = set()
    n_read = 0
    for number, answers in enumerate(ordered_map(hear, range(len(files)), n_threads=n_threads, n_ahead=2 * n_threads)):
        for i, one in zip(files[number], answers, strict=True):
            if one.landmarks is not None and one.digest not in known:
                landmarks.add(i, one.landmarks)
                known.add(one.digest)
            heard[i] = replace(one, landmarks=None)
        n_read += len(answers)
        on_progress(Progress(n_read, len(heard), "clips", "reading clips"))
    return heard, landmarks.candidates()


def _low_rates(clips: Sequence[Clip], heard: Sequence[Inspection], sample_rate: int) -> Iterator[Finding]:
    of_rate: dict[int, list[str]] = defaultdict(list)
    for clip, one in zip(clips, heard, strict=True):
        if 0 < one.sample_rate < _LOW_RATE_SHARE * sample_rate:
            of_rate[one.sample_rate].append(clip.path)
    for rate, files in sorted(of_rate.items()):
        yield Finding(
            "low rate",
            tuple(files),
            f"{n_clips(len(files))} recorded at {rate:,} Hz ({some_of(files)}): nothing above {rate / 2_000:g} kHz is "
            f"in them, and the model hears up to {sample_rate / 2_000:g} kHz",
        )


def _together(
    sounds: Sounds,
    heard: Sequence[Inspection],
    candidates: Sequence[Candidate],
    n_threads: int,
    on_progress: OnProgress,
) -> list[list[int]]:
    """Groups of clips that hold the same sound: by the same samples, or by landmarks and then by comparing."""
    clips = sounds.manifest.clips
    first_of: dict[bytes, int] = {}
    groups = DisjointSets(len(clips))
    for i, one in enumerate(heard):
        if one.digest:
            groups.join(first_of.setdefault(one.digest, i), i)
    # Those of one source are known to be of one recording, and belong together anyway.
    unknown = [
        candidate
        for candidate in candidates
        if not clips[candidate.one].source or clips[candidate.one].source != clips[candidate.other].source
    ]

    def load(i: int) -> Array:
        return sounds.head(i, COMPARED_RATE)

    for pair in find_copies(unknown, load, n_threads=n_threads, on_progress=on_progress):
        groups.join(*pair)
    return groups.larger_than_one()


def _copies(manifest: ClipList, groups: Sequence[Sequence[int]]) -> Iterator[Finding]:
    for group in groups:
        # A stretch that is listed twice is told as such; clips of one source may well overlap.
        stretches = {place_of(manifest, manifest.clips[i]): i for i in group}
        several = [manifest.clips[i] for i in sorted(stretches.values())]
        if len(several) == 1 or (several[0].source and len({clip.source for clip in several}) == 1):
            continue
        files = tuple(clip.path for clip in several)
        same = f"{some_of(files)} hold the same sound"
        labels = sorted({", ".join(clip.labels) for clip in several})
        if len(labels) > 1:
            same += f" under other labels ({some_of([label or 'none' for label in labels])})"
        folds = sorted({clip.fold for clip in several} - {""})
        if len(folds) > 1:
            yield Finding(
                "copy in two folds", files, f"{same} in the folds {', '.join(folds)}; give them one source, or keep one"
            )
        else:
            yield Finding("copy", files, f"{same}; give them one source, or keep one")
