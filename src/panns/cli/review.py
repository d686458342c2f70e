"""`panns review`: from a reviewer's answers to a clip list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.output import complain, print_json, print_line, writing

if TYPE_CHECKING:
    from panns.data.review.reviewed_clips import Review


def review(
    folder: Annotated[Path, typer.Argument(metavar="CLIPS", help="Folder that `panns detect --clips` wrote.")],
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Annotations of the clips or of their recordings by Kaleidoscope, Raven, Audacity, Label Studio, "
            "ELAN, BirdNET-Analyzer or in RTTM.",
            show_default=False,
        ),
    ] = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="LIST.csv", help="Clip list to write: .csv, .tsv or .jsonl.")
    ],
    is_complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="The review is finished: a clip without a mark is right, and one that is gone from the folder or a "
            "table is wrong.",
        ),
    ] = False,
    rejected_label: Annotated[
        str,
        typer.Option(
            "--rejected-label",
            metavar="LABEL",
            help="Label of rejected clips, such as other. Default: none, which makes them negatives of every class.",
            show_default=False,
        ),
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Make a clip list of reviewed detections.

    Takes the answers from where reviewers leave them: clips sorted into the folders confirmed, rejected or that of
    another class; the column review of clips.csv; and tables of other programs. `panns finetune` and `panns evaluate`
    read the list. Clips that nobody decided on are counted and left out.
    """
    from panns.data.annotations import read_annotations
    from panns.data.clip_lists import write_clip_list
    from panns.data.review.reviewed_clips import review_clips

    options.check_output(output, ".csv", ".tsv", ".jsonl")
    annotations = [sound for table in tables or () for sound in read_annotations(table)]
    reviewed = review_clips(
        folder,
        annotations,
        output.resolve().parent,
        is_complete=is_complete,
        rejected_label=rejected_label.strip(),
    )
    with writing(output) as partial:
        write_clip_list(partial, reviewed.clips)
    _warn(reviewed)
    if as_json:
        print_json(_to_dict(reviewed, output))
        return
    print_line(f"{output}: {len(reviewed.clips):,} clips")
    for title, counts in (
        ("confirmed", reviewed.n_confirmed),
        ("rejected", reviewed.n_rejected),
        ("other class", reviewed.n_other),
    ):
        for label, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            print_line(f"  {title:<12}{n:6,}  {label}")
    if reviewed.n_open:
        print_line(f"  {'open':<12}{reviewed.n_open:6,}  not decided, left out")


def _warn(reviewed: Review) -> None:
    if reviewed.n_missing:
        complain(
            f"{reviewed.n_missing:,} clips are gone from the folder or a table and were left out; add --complete "
            "to count missing clips as rejected and unmarked clips as confirmed"
        )
    for names, problem in (
        (reviewed.unknown, "match neither a clip in the folder nor its recording; their annotations were left out"),
        (reviewed.unreviewed, "have no annotations by a person yet, only predictions, and were left out"),
        (
            reviewed.lost,
            "were left out: neither the clip nor its recording is there; put it back, or beside the folder",
        ),
        (reviewed.overlapping, "were left out, because a detection beside them is not decided; review that as well"),
    ):
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            complain(f"{', '.join(names[:3])}{more} {problem}")


def _to_dict(reviewed: Review, output: Path) -> dict[str, object]:
    return {
        "list": str(output),
        "n_clips": len(reviewed.clips),
        "confirmed": dict(reviewed.n_confirmed),
        "rejected": dict(reviewed.n_rejected),
        "other": dict(reviewed.n_other),
        "n_open": reviewed.n_open,
        "n_missing": reviewed.n_missing,
        "unknown": list(reviewed.unknown),
        "unreviewed": list(reviewed.unreviewed),
        "lost": list(reviewed.lost),
        "overlapping": list(reviewed.overlapping),
    }
