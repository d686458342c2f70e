"""Reader and writer of the published segment lists of AudioSet.

# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=20371, num_segs=20371, num_unique_labels=527, num_positive_labels=51804
# YTID, start_seconds, end_seconds, positive_labels
--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_,/m/0bt9lr,/m/0jbk"
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Fold of each published list, by file name.
LISTS = {
    "balanced_train_segments.csv": "train",
    "unbalanced_train_segments.csv": "train",
    "eval_segments.csv": "test",
}

_COLUMNS = "# YTID, start_seconds, end_seconds, positive_labels"


@dataclass(frozen=True, slots=True)  # slots save memory for two million segments
class Segment:
    """Labelled segment of a video.

    Attributes:
        video: YouTube video ID, 11 characters.
        start_s: Start time in seconds.
        end_s: End time in seconds, usually 10 s later.
        mids: IDs of the classes.
    """

    video: str
    start_s: float
    end_s: float
    mids: tuple[str, ...]

    @property
    def stems(self) -> Iterator[str]:
        """Possible names of the sound file without suffix, most specific first; times in seconds or milliseconds."""
        start, end = ((f"{time:.3f}", f"{time:g}", f"{round(1000 * time)}") for time in (self.start_s, self.end_s))
        for name in (self.video, f"Y{self.video}"):
            yield from (f"{name}_{one}_{other}" for one, other in zip(start, end, strict=True))
            yield from (f"{name}_{one}" for one in start)
        yield from (self.video, f"Y{self.video}")


def read_segments(path: Path) -> Iterator[Segment]:
    """Read the segments of a published list.

    Raises:
        SystemExit: A line has another format.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, skipinitialspace=True)
        for row in rows:
            if not row or row[0].startswith("#"):
                continue
            try:
                video, start, end, mids = row
                yield Segment(video, float(start), float(end), tuple(mids.split(",")))
            except ValueError:
                raise SystemExit(
                    f"{path}, line {rows.line_num}: {','.join(row)[:100]!r} is not YTID, start_seconds, end_seconds, "
                    '"positive_labels"; give the published list unchanged'
                ) from None


def write_segments(path: Path, segments: Sequence[Segment]) -> None:
    """Write segments in the format of the published lists, with comments and quotation marks."""
    mids = [mid for segment in segments for mid in segment.mids]
    counts: Mapping[str, int] = {
        "num_ytids": len({segment.video for segment in segments}),
        "num_segs": len(segments),
        "num_unique_labels": len(set(mids)),
        "num_positive_labels": len(mids),
    }
    lines = [
        f"# Segments csv of {path.stem}",
        "# " + ", ".join(f"{name}={n}" for name, n in counts.items()),
        _COLUMNS,
        *(f'{one.video}, {one.start_s:.3f}, {one.end_s:.3f}, "{",".join(one.mids)}"' for one in segments),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
