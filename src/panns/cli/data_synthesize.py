"""`panns data synthesize`: soundscapes from clips, with what is heard in them when."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from panns.cli.options.folds import OnlyFolds, clips_of
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain, print_line

_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})(?:-({_NUMBER}))?")


def synthesize(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST", help="Labelled clips: a .csv, .tsv or .jsonl list, or a folder of class folders."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the soundscapes.")],
    n_soundscapes: Annotated[int, typer.Option("--n", metavar="N", min=1, help="How many soundscapes.")] = 100,
    duration: Annotated[float, typer.Option("--duration", metavar="S", help="Length of each in seconds.")] = 10.0,
    rate: Annotated[int, typer.Option("--rate", metavar="HZ", help="Sample rate of what is written.")] = 32_000,
    events: Annotated[
        str, typer.Option("--events", metavar="N-N", help="How many clips sound in each, from and to.")
    ] = "1-4",
    snr: Annotated[
        str, typer.Option("--snr", metavar="DB-DB", help="How far a clip is above the background, from and to.")
    ] = "3-30",
    max_overlap: Annotated[
        int, typer.Option("--max-overlap", metavar="N", help="How many clips sound at once, at most.")
    ] = 2,
    background: Annotated[
        Path | None,
        typer.Option(
            "--background",
            metavar="FOLDER|MANIFEST",
            help="Recordings for the background; what sounds in them is not listed.",
            show_default="noise that is made",
        ),
    ] = None,
    folds: OnlyFolds = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of chance; the same gives the same.")] = 0,
) -> None:
    """Mix clips into soundscapes, and write down what is heard in them when (events.tsv, as of DCASE)."""
    from panns.augment.noise import coloured_noise
    from panns.data.clip_lists import read_clip_list
    from panns.data.soundscapes import (
        NoiseBackgrounds,
        RecordedBackgrounds,
        SoundscapeConfig,
        read_recordings,
        write_soundscapes,
    )
    from panns.data.soundscapes.write import AUDIO_FOLDER, EVENTS_FILE
    from panns.errors import PannsError

    snr_db = _range_in("--snr", snr)
    fewest, most = _range_in("--events", events)
    if fewest != int(fewest) or most != int(most):
        raise typer.BadParameter(f"--events {events} is no number of clips; give whole ones, such as 1-4")
    try:
        config = SoundscapeConfig(
            duration_s=duration, n_events=(int(fewest), int(most)), max_overlap=max_overlap, snr_db=snr_db
        )
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    if not 100 <= rate <= 655_350:
        raise typer.BadParameter(f"--rate {rate} is not possible; use 100 to 655350 Hz, such as 32000")
    listed = clips_of(read_clip_list(manifest), manifest, folds or [])
    try:
        with Bar() as bar:
            written = write_soundscapes(
                listed,
                output,
                config,
                NoiseBackgrounds(coloured_noise)
                if background is None
                else RecordedBackgrounds(read_recordings(background)),
                n_soundscapes=n_soundscapes,
                sample_rate=rate,
                seed=seed,
                on_progress=bar.show,
            )
    except OSError as exc:
        raise PannsError(
            f"{output} cannot be written ({exc.strerror or exc}); make room or use another folder"
        ) from exc
    if written.n_silent_clips:
        complain(f"clips in which nothing sounds, left out: {written.n_silent_clips:,}")
    print_line(
        f"{output / AUDIO_FOLDER}: {written.n_soundscapes:,} soundscapes of {duration:g} s, "
        f"from {written.n_clips:,} of {len(listed.clips):,} clips"
    )
    print_line(f"{output / EVENTS_FILE}: {written.n_events:,} events of {written.n_classes:,} classes")


def _range_in(option: str, text: str) -> tuple[float, float]:
    """The two numbers of a range, or the one twice.

    >>> _range_in("--snr", "-5-10"), _range_in("--events", "3")
    ((-5.0, 10.0), (3.0, 3.0))
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{option} {text} is no range; give the lower and the higher number, such as 1-4")
    low, high = float(match[1]), float(match[2] or match[1])
    if low > high:
        raise typer.BadParameter(f"{option} {text} falls; the lower number comes first: {match[2]}-{match[1]}")
    return low, high
