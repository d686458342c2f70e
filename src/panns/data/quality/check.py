"""Check a data set before training: every file is read once, and possible copies a second time.

Errors keep a clip or the whole data set from training. Warnings need a person's judgement; copies and leaks between
folds are warnings, because splits keep clips of one recording on one side (`hold_out_fold`, `split_by_source`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from panns.data.clips.clip import Clip, ClipList
from panns.data.clips.naming import n_clips, some_of
from panns.data.clips.skipped import SkippedClip
from panns.data.quality.duplicates.compare import RATE as COMPARED_RATE
from panns.data.quality.duplicates.compare import find_duplicates
from panns.data.quality.duplicates.landmark_index import Candidate, LandmarkIndex
from panns.data.quality.findings import KINDS, CheckReport, Finding
from panns.data.quality.inspect import Inspection
from panns.data.quality.listing import check_listing, place_of
from panns.data.quality.stores import ClipStore, FileStore, ShardStore
from panns.data.sampling.groups import DisjointSets, DuplicateGroups
from panns.data.shards.folder import ShardFolder
from panns.labels import LabelSet
from panns.system.arrays import Array
from panns.system.cores import n_cores
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

# Shorter than any word or bark: a clip of a few samples is a mistake of a cutting tool.
MIN_DURATION_S = 0.1
# A recording below this share of the model's sample rate lacks frequencies that the model uses.
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
    """Read every clip, and report errors and warnings.

    Copies are clips with the same samples, or whose first minutes share half a second or more of one recording: encoded
    again, at another sample rate or level, cut, shifted, or recorded by another device. Not found are copies at another
    speed or pitch, under other sounds, or without content from 300 Hz to 2 kHz.

    Memory: some 600 MB at most for copies, and 200 bytes per clip.

    Args:
        clips: A clip list, or a folder of shards.
        sample_rate: Sample rate of the model to train, in Hz, to warn of recordings far below it; None for no warning.
        labels: Known classes; None for all classes that the clips name.
        min_duration_s: Minimum duration of a clip, in seconds; shorter clips give a warning.
        min_clips_per_class: Minimum number of clips of a class; smaller classes give a warning.
        n_threads: Number of files read at once; None for one per core.
        on_progress: Called with the number of clips read (stage "reading clips"), then with the number of comparisons
            made (stage "comparing clips").
    """
    store: ClipStore = FileStore(clips) if isinstance(clips, ClipList) else ShardStore(clips)
    clip_list = store.clip_list
    n_threads = n_threads or n_cores()
    findings = list(check_listing(clip_list, labels, min_clips_per_class=min_clips_per_class))
    inspections, candidates = _inspect_clips(store, min_duration_s, n_threads, on_progress)
    findings += [finding for one in inspections for finding in one.findings]
    if sample_rate is not None:
        findings += _find_low_rates(clip_list.clips, inspections, sample_rate)
    duplicates = _find_duplicates(store, inspections, candidates, n_threads, on_progress)
    findings += _report_copies(clip_list, duplicates)
    findings.sort(key=lambda finding: KINDS.index(finding.kind))
    return CheckReport(
        n_clips=len(clip_list.clips),
        duration_s=sum(one.duration_s for one in inspections),
        findings=tuple(findings),
        duplicates=tuple(map(tuple, duplicates)),
        unreadable=tuple(
            SkippedClip(i, clip_list.clips[i].path, one.problem) for i, one in enumerate(inspections) if one.problem
        ),
    )


def _inspect_clips(
    store: ClipStore, min_duration_s: float, n_threads: int, on_progress: OnProgress
) -> tuple[list[Inspection], list[Candidate]]:
    """Inspect every clip, and find the pairs that may hold the same sound."""
    files = store.by_file

    def inspect(number: int) -> list[Inspection]:
        return store.inspect(files[number], min_duration_s)

    inspections = [Inspection()] * len(store.clip_list.clips)
    landmarks = LandmarkIndex()
    known: set[bytes] = set()
    n_read = 0
    results = ordered_map(inspect, range(len(files)), n_threads=n_threads, n_ahead=2 * n_threads)
    for indices, of_file in zip(files, results, strict=True):
        for i, one in zip(indices, of_file, strict=True):
            if one.landmarks is not None and one.digest not in known:
                landmarks.add(i, one.landmarks)
                known.add(one.digest)
            inspections[i] = replace(one, landmarks=None)
        n_read += len(of_file)
        on_progress(Progress(n_read, len(inspections), "clips", "reading clips"))
    return inspections, landmarks.candidates()


def _find_low_rates(clips: Sequence[Clip], inspections: Sequence[Inspection], sample_rate: int) -> Iterator[Finding]:
    of_rate: dict[int, list[str]] = defaultdict(list)
    for clip, one in zip(clips, inspections, strict=True):
        if 0 < one.sample_rate < _LOW_RATE_SHARE * sample_rate:
            of_rate[one.sample_rate].append(clip.path)
    for rate, files in sorted(of_rate.items()):
        yield Finding(
            "low rate",
            tuple(files),
            f"{n_clips(len(files))} recorded at {rate:,} Hz ({some_of(files)}) end at {rate / 2_000:g} kHz, while the "
            f"model uses frequencies up to {sample_rate / 2_000:g} kHz; use the original recordings if they go higher",
        )


def _find_duplicates(
    store: ClipStore,
    inspections: Sequence[Inspection],
    candidates: Sequence[Candidate],
    n_threads: int,
    on_progress: OnProgress,
) -> DuplicateGroups:
    """Group clips that hold the same sound: clips with equal samples, and candidates with similar waveforms."""
    clips = store.clip_list.clips
    first_of: dict[bytes, int] = {}
    groups = DisjointSets(len(clips))
    for i, one in enumerate(inspections):
        if one.digest:
            groups.join(first_of.setdefault(one.digest, i), i)
    # Clips of one source need no comparison, because splits keep them on one side anyway.
    unknown = [
        candidate
        for candidate in candidates
        if not clips[candidate.one].source or clips[candidate.one].source != clips[candidate.other].source
    ]

    def load(i: int) -> Array:
        return store.head(i, COMPARED_RATE)

    for pair in find_duplicates(unknown, load, n_threads=n_threads, on_progress=on_progress):
        groups.join(*pair)
    return groups.larger_than_one()


def _report_copies(clip_list: ClipList, duplicates: DuplicateGroups) -> Iterator[Finding]:
    for group in duplicates:
        # A stretch that is listed twice has a finding of its own, and clips of one source may overlap.
        stretches = {place_of(clip_list, clip_list.clips[i]): i for i in group}
        several = [clip_list.clips[i] for i in sorted(stretches.values())]
        if len(several) == 1 or (several[0].source and len({clip.source for clip in several}) == 1):
            continue
        files = tuple(clip.path for clip in several)
        same = f"{some_of(files)} hold the same sound"
        labels = sorted({", ".join(clip.labels) for clip in several})
        if len(labels) > 1:
            same += f" with different labels ({some_of([label or 'none' for label in labels])})"
        folds = sorted({clip.fold for clip in several} - {""})
        if len(folds) > 1:
            yield Finding(
                "copy in two folds", files, f"{same} in the folds {', '.join(folds)}; give them one source, or keep one"
            )
        else:
            yield Finding("copy", files, f"{same}; give them one source, or keep one")
