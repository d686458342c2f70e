"""`panns detect`: events in sound files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from panns.cli import options
from panns.cli.options.clip_output import ClipOutputOptions, with_clips
from panns.cli.options.clock_options import ClockOptions
from panns.cli.options.events import EventOptions, EventThreshold, parse_threshold
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import EventModelOptions
from panns.cli.options.paths import Paths, expand_inputs
from panns.cli.options.result_output import (
    EventFileOptions,
    are_for_later,
    compute_into,
    end_results,
    growing_file,
    settings_of,
    write_table,
)
from panns.cli.options.sound_limits import LimitOptions, naming_limit_options
from panns.cli.render.event_printers import EventFormat, EventPrinter, event_printer
from panns.cli.terminal.file_results import process_with_bar, report_problems
from panns.cli.terminal.output import print_text, writing

if TYPE_CHECKING:
    from panns.results import Detection
    from panns.system.progress import OnProgress


# Names of files may hold bytes that are not text; stdout has the same rule.
_ERRORS = "backslashreplace"
_OF_ONE_SOUND = {
    EventFormat.audacity: ("an Audacity label track", "raven or csv"),
    EventFormat.elan: ("an ELAN document", "label-studio or csv, or call the command for each sound"),
}


@with_option_groups
def detect(
    paths: Paths,
    model: EventModelOptions,
    threshold: EventThreshold = None,
    *,
    events: EventOptions,
    lang: options.Language = options.LanguageChoice.en,
    output_format: Annotated[
        EventFormat,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="Output format: table, json, csv; audacity: label track of one sound; raven: selection table of all "
            "sounds in the order given; kaleidoscope: CSV with a column for the reviewer; rttm: NIST's SPEAKER lines; "
            "label-studio: JSON of tasks with predictions; elan: document of one sound.",
        ),
    ] = EventFormat.table,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    jobs: options.Jobs = None,
    clock: ClockOptions,
    results: EventFileOptions,
    clip_output: ClipOutputOptions,
    limits: LimitOptions,
) -> None:
    """Detect events in sound files.

    Prints the class, onset and offset of each event, for sounds of any length. An event starts when the score of a
    class rises above `release x threshold`, and counts only if the score also reaches the threshold itself. Models
    without frame scores are applied to overlapping windows.
    """
    output_format = _select_format(output_format, as_json=as_json, as_csv=as_csv)
    results.check(*output_format.suffixes)
    clock.check()
    clip_output.check()
    if clock.clock and not output_format.has_clock_times:
        raise typer.BadParameter(
            f"{output_format} has no clock times; use csv, json, raven or kaleidoscope, or leave out --clock"
        )
    parsed_threshold = parse_threshold(threshold)
    inputs = expand_inputs(paths)
    if output_format in _OF_ONE_SOUND and len(inputs) > 1:
        name, others = _OF_ONE_SOUND[output_format]
        raise typer.BadParameter(f"{name} holds one sound, not {len(inputs)}; use {others}")
    recognizer = model.load_for_files(len(inputs))
    settings = events.for_model(recognizer, parsed_threshold)

    decode_limits = limits.to_limits()
    files = [one.file for one in inputs]

    def detect_in_file(source: str | BinaryIO, on_progress: OnProgress) -> Detection:
        with naming_limit_options():
            detection = recognizer.detect(source, **settings._asdict(), limits=decode_limits, on_progress=on_progress)
        return clock.apply(detection)

    detected_by = settings_of("detect", recognizer, **settings._asdict(), **clock.settings)
    open_clips = partial(
        clip_output.open_folder, files, detected_by=detected_by, limits=decode_limits, has_clock=clock.clock
    )
    printer_to = partial(
        event_printer, output_format, files, lang, has_clock=clock.clock, max_hz=recognizer.sample_rate / 2
    )

    if results.output is not None:
        from panns.batch.result_file import ResultFile

        described = {**detected_by, **{name: repr(value) for name, value in clip_output.described.items()}}
        with (
            ResultFile(growing_file(results.output), described, resume=results.resume) as file,
            open_clips(done=file.done if results.resume else None) as folder,
        ):
            has_failed = compute_into(
                file,
                inputs,
                with_clips(detect_in_file, folder),
                n_jobs=jobs,
                on_result=None if folder is None else folder.add_rows,
            )
            write_table(results.output, file, inputs, partial(_write_events, results.output, printer_to))
            keeps = are_for_later(file, has_failed=has_failed)
        end_results(results.output, keeps=keeps)
        raise typer.Exit(int(has_failed))

    has_failed = False
    with open_clips(done=None) as folder:
        printer = printer_to(write=print_text)
        printer.begin()
        for one in process_with_bar(inputs, with_clips(detect_in_file, folder), n_jobs=jobs):
            report_problems(one)
            if folder is not None and one.result is not None:
                folder.add_rows(one.file, one.result)
            has_failed |= one.error is not None
            printer.add(one)
        printer.end()
    if has_failed:
        raise typer.Exit(1)


def _write_events(output: Path, printer_to: Callable[..., EventPrinter], records: list[dict[str, Any]]) -> None:
    """Write stored results to a file in the format of a printer."""
    from panns.batch.stored_detection import stored_detection

    with writing(output) as partial_path, partial_path.open("w", encoding="utf-8", newline="", errors=_ERRORS) as file:
        printer = printer_to(write=file.write)
        printer.begin()
        for record in records:
            printer.add_detection(record["file"], stored_detection(record))
        printer.end()


def _select_format(output_format: EventFormat, *, as_json: bool, as_csv: bool) -> EventFormat:
    options.refuse_two_formats(as_json, as_csv)
    if (as_json or as_csv) and output_format is not EventFormat.table:
        raise typer.BadParameter("give one of --format, --json and --csv, not several")
    return EventFormat.json if as_json else EventFormat.csv if as_csv else output_format
