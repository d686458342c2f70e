"""`panns data shard`: many clips as a few large files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain, print_line


class FormatChoice(StrEnum):
    """What becomes of the files of clips, by name."""

    keep = "keep"
    flac = "flac"
    wav = "wav"


def shard(
    manifest: Annotated[
        Path,
        typer.Argument(metavar="MANIFEST", help="A .csv, .tsv or .jsonl list of clips, or a folder of class folders."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the shards.")],
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="HZ", help="Decode and resample to this rate, mono.")
    ] = None,
    coding: Annotated[
        FormatChoice | None,
        typer.Option(
            "--format",
            help="keep copies the files; flac and wav decode them to mono of 16 bits.",
            show_default="keep, or flac with --rate",
        ),
    ] = None,
    clips_per_shard: Annotated[int, typer.Option(metavar="N", help="Clips in a shard.")] = 1000,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out clips that cannot be read; all are decoded.")
    ] = False,
) -> None:
    """Pack clips into tar files (WebDataset) with an index; asked again, it goes on where it stopped."""
    from panns.data.clip_lists import read_clip_list
    from panns.data.shards import ShardSettings, write_shards
    from panns.errors import AudioDecodeError, PannsError

    if coding is None:
        coding = FormatChoice.keep if rate is None else FormatChoice.flac
    try:
        settings = ShardSettings(coding.value, rate, clips_per_shard, skip_bad)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    try:
        with Bar() as bar:
            written = write_shards(read_clip_list(manifest), output, settings, on_progress=bar.show)
    except AudioDecodeError as exc:
        raise AudioDecodeError(f"{exc}; --skip-bad leaves out what cannot be read") from exc
    except OSError as exc:
        raise PannsError(
            f"{output} cannot be written ({exc.strerror or exc}); make room or use another folder; "
            "what is finished is kept"
        ) from exc
    for _, reason in written.skipped:
        complain(f"left out {reason}")
    if written.n_cut:
        complain(f"clips that are less than their file, cut out of it as FLAC, mono: {written.n_cut:,}")
    print_line(
        f"{output}: {written.n_clips:,} clips in {written.n_shards:,} shards, {written.n_bytes / 1e6:,.1f} MB, "
        f"{written.duration_s / 3600:,.2f} h"
    )
    if written.skipped:
        raise typer.Exit(1)
