"""`panns tag`: tags of sound files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from panns.cli import options
from panns.cli.options.clock_options import ClockOptions
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import ModelOptions
from panns.cli.options.paths import Paths, expand_inputs
from panns.cli.options.result_output import ResultFileOptions, compute_into, settings_of
from panns.cli.options.sound_limits import LimitOptions, naming_limit_options
from panns.cli.render.clock_cells import CSV_CLOCK_COLUMNS, csv_cells, head_text, line_text
from panns.cli.terminal.file_results import process_with_bar, report_problems
from panns.cli.terminal.output import print_csv, print_json, print_line

if TYPE_CHECKING:
    from panns.results import Tag, Tagging
    from panns.system.progress import OnProgress


@with_option_groups
def tag(
    paths: Paths,
    model: ModelOptions,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Maximum number of tags per sound.")] = 5,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, metavar="P", help="Minimum score of a tag (default none).")
    ] = None,
    lang: options.Language = options.LanguageChoice.en,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Print the tags of every window of a long sound as well.")
    ] = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    *,
    jobs: options.Jobs = None,
    clock: ClockOptions,
    results: ResultFileOptions,
    limits: LimitOptions,
) -> None:
    """Tag sound files.

    Prints the most probable classes of each sound, best first. Sounds longer than 30 s are split into windows of 10 s;
    the score of a class is its maximum over the windows.
    """
    options.refuse_two_formats(as_json, as_csv)
    results.check(*(() if as_csv else (".jsonl",)))
    clock.check()
    inputs = expand_inputs(paths)
    recognizer = model.load_for_files(len(inputs))
    decode_limits = limits.to_limits()
    selection: dict[str, Any] = {"top": top, "threshold": threshold, "timeline": timeline}

    def tag_file(source: str | BinaryIO, on_progress: OnProgress) -> Tagging:
        with naming_limit_options():
            return clock.apply(recognizer.tag(source, **selection, limits=decode_limits, on_progress=on_progress))

    if results.output is not None:
        from panns.batch.result_file import ResultFile

        settings = settings_of("tag", recognizer, **selection, **clock.settings)
        with ResultFile(results.output, settings, resume=results.resume) as file:
            has_failed = compute_into(file, inputs, tag_file, n_jobs=jobs)
        raise typer.Exit(int(has_failed))

    if as_csv:
        print_csv([CSV_COLUMNS + (CSV_CLOCK_COLUMNS if clock.clock else ())])
    has_failed = False
    for one in process_with_bar(inputs, tag_file, n_jobs=jobs):
        report_problems(one)
        has_failed |= one.error is not None
        if as_json:
            print_json(one.to_dict())
        elif one.result is not None:
            if as_csv:
                print_csv(_csv_rows(one.file, one.result))
            else:
                _print_table(one.file, one.result, lang)
    if has_failed:
        raise typer.Exit(1)


CSV_COLUMNS = ("file", "span", "onset_s", "offset_s", "index", "label", "label_zh", "score")


def _csv_rows(file: str, result: Tagging) -> list[tuple[object, ...]]:
    """One row per tag of the sound ("sound" in the column `span`), then one per tag of each window ("window")."""
    spans = [("sound", 0.0, result.duration_s, result.tags)]
    spans += [("window", window.onset_s, window.offset_s, window.tags) for window in result.windows]
    return [
        (
            *(file, span, onset_s, offset_s, one.index, one.label, one.label_zh, one.score),
            *csv_cells(result, onset_s, offset_s),
        )
        for span, onset_s, offset_s, tags in spans
        for one in tags
    ]


def _print_table(file: str, result: Tagging, language: options.LanguageChoice) -> None:
    """Print the tags of a sound, and of its windows if it has several."""
    print_line(f"{file}  {result.duration_s:.1f} s{head_text(result)}")
    _print_tags(result.tags, language)
    for window in result.windows if len(result.windows) > 1 else ():
        print_line(f"{line_text(result, window.onset_s)}  {window.onset_s:.0f} to {window.offset_s:.0f} s")
        _print_tags(window.tags, language)


def _print_tags(tags: tuple[Tag, ...], language: options.LanguageChoice) -> None:
    for one in tags:
        print_line(f"  {one.score:6.3f}  {one.label_zh if language == 'zh' else one.label}")
    if not tags:
        print_line("  nothing above the threshold")
