"""`panns data check`: find faults of a data set before training."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import print_json, print_line

if TYPE_CHECKING:
    from panns.data.quality import CheckReport, Finding
    from panns.labels import LabelSet

N_SHOWN = 5


def check(
    clip_list: Annotated[
        Path,
        typer.Argument(
            metavar="CLIPS",
            help="Clips: a .csv, .tsv or .jsonl list, a folder of class folders, or a folder of shards.",
        ),
    ],
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate", metavar="HZ", min=1, help="Sample rate of the model; warns of clips with a much lower rate."
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", metavar="audioset|FILE", help="Allowed labels: audioset, or a file with one per line."
        ),
    ] = None,
    min_duration: Annotated[
        float, typer.Option("--min-duration", metavar="S", min=0.0, help="Warn of clips shorter than this, in seconds.")
    ] = 0.1,
    shows_all: Annotated[
        bool, typer.Option("--all", help="Print all findings, not only the first 5 of a kind.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Check clips for faults.

    Reads every clip once, and finds missing, damaged, silent, mislabelled and duplicate clips, and duplicates across
    folds. Errors, which would spoil training, set the exit status to 1; warnings leave it 0.
    """
    from panns.data.clip_lists import read_clip_list
    from panns.data.quality import check_clips
    from panns.data.shards import ShardFolder, holds_shards

    with Bar() as bar:
        report = check_clips(
            ShardFolder(clip_list) if holds_shards(clip_list) else read_clip_list(clip_list),
            sample_rate=rate,
            labels=None if labels is None else _label_set(labels),
            min_duration_s=min_duration,
            on_progress=bar.show,
        )
    if as_json:
        print_json({"clip_list": str(clip_list), **report.to_dict()})
    else:
        print_report(report, n_shown=None if shows_all else N_SHOWN)
    if report.errors:
        raise typer.Exit(1)


def print_report(report: CheckReport, *, n_shown: int | None) -> None:
    """Print the number of findings of each kind, and the first of them as text."""
    print_line(f"{report.n_clips} clips, {report.duration_s / 3600:.2f} h")
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_kind[finding.kind].append(finding)
    for kind, findings in by_kind.items():
        print_line(f"{'ERROR' if findings[0].is_error else 'warning'}  {kind}: {len(findings)}")
        for finding in findings[:n_shown]:
            print_line(f"   {finding.message}")
        if n_shown is not None and len(findings) > n_shown:
            print_line(f"   ... and {len(findings) - n_shown} more; --all shows them")
    if not report.findings:
        print_line("no problems found")


def _label_set(given: str) -> LabelSet:
    from panns.errors import DataError
    from panns.labels import LabelSet as Labels
    from panns.labels import audioset

    if given == "audioset":
        return audioset()
    try:
        names = [line.strip() for line in Path(given).read_text(encoding="utf-8").splitlines() if line.strip()]
        return Labels.from_names(Path(given).stem, names)
    except (OSError, ValueError) as exc:
        raise DataError(f"--labels {given}: {exc}; give audioset, or a text file with one label per line") from exc
