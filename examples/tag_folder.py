"""Tag every sound of a folder in parallel and write the tags to a CSV file.

Usage: python examples/tag_folder.py FOLDER TAGS.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import panns
from panns.batch import expand_paths, process_files


def main(folder: str, output: str) -> None:
    """Tag the sounds in `folder`, one thread per core; a file that fails is reported and skipped."""
    recognizer = panns.load("builtin", n_threads=1)  # the files run side by side, so one thread each
    with Path(output).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "score"])
        results = process_files(
            expand_paths([folder]),
            lambda source, on_progress: recognizer.tag(source, top=3, on_progress=on_progress),
        )
        for one in results:
            if one.result is None:
                print(one.error, file=sys.stderr)
                continue
            rows.writerows([one.file, tag.label, f"{tag.score:.3f}"] for tag in one.result.tags)
    print(f"wrote {output}")


if __name__ == "__main__":
    main(*sys.argv[1:])
