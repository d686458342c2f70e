"""`panns data shard`: pack clips into large tar files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options import wrong_usage
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain, print_line


class FormatChoice(StrEnum):
    """Codings of the clips in shards, by name."""

    keep = "keep"
    flac = "flac"
    wav = "wav"


def shard(
    clip_list: Annotated[
        Path,
        typer.Argument(metavar="CLIPS", help="Clips: a .csv, .tsv or .jsonl list, or a folder of class folders."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write the shards to.")],
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="HZ", help="Decode to mono and resample to this rate.")
    ] = None,
    coding: Annotated[
        FormatChoice | None,
        typer.Option(
            "--format",
            help="keep copies the files; flac and wav store 16-bit mono.",
            show_default="keep, or flac with --rate",
        ),
    ] = None,
    clips_per_shard: Annotated[int, typer.Option(metavar="N", help="Number of clips per shard.")] = 1000,
    skip_damaged: options.SkipDamaged = False,
) -> None:
    """Pack clips into tar files (WebDataset).

    Writes an index beside the tar files. The same command continues an interrupted run. With --skip-damaged, every clip
    is decoded.
    """
    from panns.data.clip_lists import read_clip_list
    from panns.data.clips.skipped import describe_skipped
    from panns.data.shards import ShardSettings, write_shards
    from panns.errors import AudioDecodeError, PannsError

    if coding is None:
        coding = FormatChoice.keep if rate is None else FormatChoice.flac
    with wrong_usage():
        settings = ShardSettings(coding.value, rate, clips_per_shard, skip_damaged)
    try:
        with Bar() as bar:
            written = write_shards(read_clip_list(clip_list), output, settings, on_progress=bar.show)
    except AudioDecodeError as exc:
        raise AudioDecodeError(f"{exc}; --skip-damaged skips clips that cannot be read") from exc
    except OSError as exc:
        raise PannsError(
            f"{output} cannot be written ({exc.strerror or exc}); make room or use another folder; "
            "finished shards are kept"
        ) from exc
    if written.skipped:
        paths = [one.path for one in written.skipped]
        total = written.n_clips + len(paths)
        complain(f"{describe_skipped(paths, total)}; the .json file of each shard has the reasons")
    if written.n_cut:
        complain(f"clips cut out of longer files, as mono FLAC: {written.n_cut:,}")
    print_line(
        f"{output}: {written.n_clips:,} clips in {written.n_shards:,} shards, {written.n_bytes / 1e6:,.1f} MB, "
        f"{written.duration_s / 3600:,.2f} h"
    )
