"""`panns detect`: what sounds when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.answer import answer_all, load_for, report_problems
from panns.cli.event_formats import CSV_COLUMNS, RAVEN_COLUMNS, audacity_rows, csv_rows, raven_rows, table_lines
from panns.cli.inputs import expand_paths
from panns.cli.output import print_csv, print_json, print_line, print_tsv
from panns.defaults import DEFAULT_MODEL


class EventFormat(StrEnum):
    """What events are printed as."""

    table = "table"
    json = "json"
    csv = "csv"
    audacity = "audacity"
    raven = "raven"


def detect(
    paths: options.Paths,
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            help="The probability from which a class sounds; by default the model's own for each class, or 0.5.",
            show_default=False,
        ),
    ] = None,
    release: Annotated[
        float, typer.Option(metavar="SHARE", help="Part of the threshold below which it has ended.")
    ] = 0.5,
    median_s: Annotated[float, typer.Option("--median", metavar="S", help="Length of the median filter.")] = 0.0,
    min_gap_s: Annotated[
        float, typer.Option("--min-gap", metavar="S", help="What sounds again sooner has not ended.")
    ] = 0.2,
    min_duration_s: Annotated[
        float, typer.Option("--min-duration", metavar="S", help="What is shorter is no event.")
    ] = 0.1,
    window_s: Annotated[
        float | None,
        typer.Option(
            "--window",
            metavar="S",
            help="What a model hears at once, unless it streams: with frame scores its usual 10 s, else 1 s.",
            show_default=False,
        ),
    ] = None,
    hop_s: Annotated[
        float | None,
        typer.Option(
            "--hop",
            metavar="S",
            help="From one window to the next, for a model without frame scores: 0.1 s.",
            show_default=False,
        ),
    ] = None,
    lang: options.Language = options.LanguageChoice.en,
    output_format: Annotated[
        EventFormat, typer.Option("--format", "-f", help="audacity: labels of one sound; raven: a selection table.")
    ] = EventFormat.table,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Detect events: which class sounds, from when to when, in sounds of any length.

    A class sounds from where its score reaches the threshold to where it falls below a part of it. A model without
    frame scores hears windows that overlap.
    """
    options.refuse_two_formats(as_json, as_csv)
    if (as_json or as_csv) and output_format is not EventFormat.table:
        raise typer.BadParameter("give one of --format, --json and --csv, not several")
    chosen = EventFormat.json if as_json else EventFormat.csv if as_csv else output_format
    from panns.events import EventConfig
    from panns.runtime.hearing import HearingConfig

    try:
        config = EventConfig(release, median_s, min_gap_s, min_duration_s)
        hearing = HearingConfig(window_s, hop_s)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    inputs = expand_paths(paths)
    if chosen is EventFormat.audacity and len(inputs) > 1:
        raise typer.BadParameter(f"labels for Audacity are of one sound, and there are {len(inputs)}; use raven or csv")
    recognizer = load_for(inputs, model=model, weights=weights, backend=backend, device=device)
    try:
        recognizer.stream(hearing=hearing)  # before the first file: the windows must be such that the model can hear
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    if chosen is EventFormat.csv:
        print_csv([CSV_COLUMNS])
    if chosen is EventFormat.raven:
        print_tsv([RAVEN_COLUMNS])
    n_events, has_failed = 0, False
    for answer in answer_all(
        inputs,
        lambda source, on_progress: recognizer.detect(
            source, threshold=threshold, config=config, hearing=hearing, on_progress=on_progress
        ),
    ):
        report_problems(answer)
        has_failed |= answer.error is not None
        if chosen is EventFormat.json:
            print_json(answer.to_dict())
        elif answer.result is not None:
            result = answer.result
            if chosen is EventFormat.csv:
                print_csv(csv_rows(answer.file, result))
            elif chosen is EventFormat.raven:
                print_tsv(raven_rows(answer.file, result, lang, first=n_events + 1, top_hz=recognizer.sample_rate / 2))
            elif chosen is EventFormat.audacity:
                print_tsv(audacity_rows(result, lang))
            else:
                for line in table_lines(answer.file, result, lang):
                    print_line(line)
            n_events += len(result)
    if has_failed:
        raise typer.Exit(1)
