"""`panns detect`: what sounds when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from panns.cli import options
from panns.cli.options import events as event_options
from panns.cli.render.event_formats import CSV_COLUMNS, RAVEN_COLUMNS, audacity_rows, csv_rows, raven_rows, table_lines
from panns.cli.terminal.answering import answer_all, inputs_of, load_for, report_problems
from panns.cli.terminal.output import print_csv, print_json, print_line, print_tsv
from panns.system.defaults import DEFAULT_MODEL


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
    threshold: event_options.EventThreshold = None,
    release: event_options.Release = None,
    median_s: event_options.Median = None,
    min_gap_s: event_options.MinGap = None,
    min_duration_s: event_options.MinDuration = None,
    window_s: event_options.Window = None,
    hop_s: event_options.Hop = None,
    lang: options.Language = options.LanguageChoice.en,
    output_format: Annotated[
        EventFormat,
        typer.Option(
            "--format", "-f", help="audacity: labels of one sound; raven: a selection table of all, in this order."
        ),
    ] = EventFormat.table,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Detect events: which class sounds, from when to when, in sounds of any length.

    A class sounds as long as its score is above a part of its threshold, if it reaches the threshold at least once. A
    model without frame scores hears windows that overlap.
    """
    options.refuse_two_formats(as_json, as_csv)
    if (as_json or as_csv) and output_format is not EventFormat.table:
        raise typer.BadParameter("give one of --format, --json and --csv, not several")
    chosen = EventFormat.json if as_json else EventFormat.csv if as_csv else output_format
    wanted = event_options.EventOptions(
        threshold=threshold,
        release=release,
        median_s=median_s,
        min_gap_s=min_gap_s,
        min_duration_s=min_duration_s,
        window_s=window_s,
        hop_s=hop_s,
    )
    inputs = inputs_of(paths)
    if chosen is EventFormat.audacity and len(inputs) > 1:
        raise typer.BadParameter(f"labels for Audacity are of one sound, and there are {len(inputs)}; use raven or csv")
    recognizer = load_for(inputs, model=model, weights=weights, backend=backend, device=device)
    settings = wanted.settings_of(recognizer)  # before the first file: the model must be able to hear so

    if chosen is EventFormat.csv:
        print_csv([CSV_COLUMNS])
    if chosen is EventFormat.raven:
        print_tsv([RAVEN_COLUMNS])
    n_events, duration_s, has_failed = 0, 0.0, False
    for answer in answer_all(
        inputs,
        lambda source, on_progress: recognizer.detect(source, **settings._asdict(), on_progress=on_progress),
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
                top_hz = recognizer.sample_rate / 2
                rows = raven_rows(answer.file, result, lang, first=n_events + 1, begin_s=duration_s, top_hz=top_hz)
                print_tsv(rows)
            elif chosen is EventFormat.audacity:
                print_tsv(audacity_rows(result, lang))
            else:
                for line in table_lines(answer.file, result, lang):
                    print_line(line)
            n_events += len(result)
            duration_s += result.duration_s
    if has_failed:
        raise typer.Exit(1)
