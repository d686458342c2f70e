"""`panns data synthesize`: synthetic soundscapes with known event times."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options import wrong_usage
from panns.cli.options.folds import Folds, select_folds
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain, print_line

_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})(?:-({_NUMBER}))?")


def synthesize(
    clip_list: Annotated[
        Path,
        typer.Argument(
            metavar="CLIPS", help="Labelled clips: a .csv, .tsv or .jsonl list, or a folder of class folders."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write the soundscapes to.")
    ],
    n_soundscapes: Annotated[int, typer.Option("--n", metavar="N", min=1, help="Number of soundscapes.")] = 100,
    duration: Annotated[
        float, typer.Option("--duration", metavar="S", help="Duration of a soundscape, in seconds.")
    ] = 10.0,
    rate: Annotated[int, typer.Option("--rate", metavar="HZ", help="Sample rate of the soundscapes.")] = 32_000,
    events: Annotated[
        str, typer.Option("--events", metavar="N-N", help="Number of events per soundscape: a range (1-4) or a number.")
    ] = "1-4",
    snr: Annotated[
        str,
        typer.Option(
            "--snr", metavar="DB-DB", help="Level of a clip above the background, in dB: a range (3-30) or a number."
        ),
    ] = "3-30",
    max_overlap: Annotated[
        int, typer.Option("--max-overlap", metavar="N", help="Maximum number of simultaneous clips.")
    ] = 2,
    background: Annotated[
        Path | None,
        typer.Option(
            "--background",
            metavar="FOLDER|CLIPS",
            help="Background recordings; events in them are not listed.",
            show_default="synthetic noise",
        ),
    ] = None,
    folds: Folds = None,
    skip_damaged: options.SkipDamaged = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Random seed.")] = 0,
) -> None:
    """Mix clips into soundscapes with known events.

    Writes the sounds, and a table of their events (events.tsv, in the format of DCASE).
    """
    from panns.augment.noise import coloured_noise
    from panns.data.clip_lists import read_clip_list
    from panns.data.clips.skipped import describe_skipped
    from panns.data.soundscapes import (
        NoiseBackgrounds,
        RecordedBackgrounds,
        SoundscapeConfig,
        read_recordings,
        write_soundscapes,
    )
    from panns.data.soundscapes.write import AUDIO_FOLDER, EVENTS_FILE
    from panns.errors import PannsError

    snr_db = _parse_range("--snr", snr)
    min_events, max_events = _parse_range("--events", events)
    if min_events != int(min_events) or max_events != int(max_events):
        raise typer.BadParameter(f"--events {events} must be whole numbers, such as 1-4")
    with wrong_usage():
        config = SoundscapeConfig(
            duration_s=duration, n_events=(int(min_events), int(max_events)), max_overlap=max_overlap, snr_db=snr_db
        )
    if not 100 <= rate <= 655_350:
        raise typer.BadParameter(f"--rate {rate} is out of range; use 100 to 655350 Hz, such as 32000")
    clips = select_folds(read_clip_list(clip_list), clip_list, folds)
    try:
        with Bar() as bar:
            written = write_soundscapes(
                clips,
                output,
                config,
                NoiseBackgrounds(coloured_noise)
                if background is None
                else RecordedBackgrounds(read_recordings(background)),
                n_soundscapes=n_soundscapes,
                sample_rate=rate,
                seed=seed,
                skip_damaged=skip_damaged,
                on_progress=bar.show,
            )
    except OSError as exc:
        raise PannsError(
            f"{output} cannot be written ({exc.strerror or exc}); make room or use another folder"
        ) from exc
    if written.skipped:
        complain(describe_skipped([one.path for one in written.skipped], len(clips.clips)))
        for one in written.skipped:
            complain(one.reason)
    if written.n_silent_clips:
        complain(f"silent clips skipped: {written.n_silent_clips:,}")
    print_line(
        f"{output / AUDIO_FOLDER}: {written.n_soundscapes:,} soundscapes of {duration:g} s, "
        f"from {written.n_clips:,} of {len(clips.clips):,} clips"
    )
    print_line(f"{output / EVENTS_FILE}: {written.n_events:,} events of {written.n_classes:,} classes")


def _parse_range(option: str, text: str) -> tuple[float, float]:
    """Lower and upper number of a range; a single number is both.

    >>> _parse_range("--snr", "-5-10"), _parse_range("--events", "3")
    ((-5.0, 10.0), (3.0, 3.0))
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{option} {text} is not a range; give the lower and the higher number, such as 1-4")
    low, high = float(match[1]), float(match[2] or match[1])
    if low > high:
        raise typer.BadParameter(f"{option} {text} is reversed; give the lower number first: {match[2]}-{match[1]}")
    return low, high
