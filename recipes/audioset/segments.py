"""The lists of segments that AudioSet is published as, read and written.

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

# The published lists by file name, and the part of the data that each is.
LISTS = {
    "balanced_train_segments.csv": "train",
    "unbalanced_train_segments.csv": "train",
    "eval_segments.csv": "test",
}

_COLUMNS = "# YTID, start_seconds, end_seconds, positive_labels"


@dataclass(frozen=True, slots=True)  # slots, for there are two million
class Segment:
    """A stretch of a video, and what is heard in it.

    Attributes:
        video: YouTube's 11 characters.
        start_s: Where it begins.
        end_s: Where it ends, usually 10 s later.
        mids: Ids of its classes.
    """

    video: str
    start_s: float
    end_s: float
    mids: tuple[str, ...]

    @property
    def stems(self) -> Iterator[str]:
        """What its file may be called, the more exact names first; times are in seconds or in milliseconds."""
        start, end = ((f"{time:.3f}", f"{time:g}", f"{round(1000 * time)}") for time in (self.start_s, self.end_s))
        for name in (self.video, f"Y{self.video}"):
            yield from (f"{name}_{one}_{other}" for one, other in zip(start, end, strict=True))
            yield from (f"{name}_{one}" for one in start)
        yield from (self.video, f"Y{self.video}")


def read_segments(path: Path) -> Iterator[Segment]:
    """The segments of a published list.

    Raises:
        SystemExit: A line is none; the sentence names it.
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
                    '"positive_labels"; give the list as it was published'
                ) from None


def write_segments(path: Path, segments: Sequence[Segment]) -> None:
    """Write segments as the published lists have them, comments and quotation marks included."""
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
