"""`panns tag`: what is in these sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.answering import answer_all, inputs_of, load_for, report_problems
from panns.cli.terminal.output import print_csv, print_json, print_line
from panns.system.defaults import DEFAULT_MODEL

if TYPE_CHECKING:
    from panns.results import Tag, Tagging


def tag(
    paths: options.Paths,
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    top: Annotated[int, typer.Option(min=1, help="At most so many tags.")] = 5,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, metavar="P", help="Leave out what is less probable.")
    ] = None,
    lang: options.Language = options.LanguageChoice.en,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also the tags of every window of a long sound.")
    ] = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
) -> None:
    """Tag sounds: the most probable of the model's classes, best first.

    A sound of more than 30 s is heard in windows of 10 s; its scores are the maximum over them.
    """
    options.refuse_two_formats(as_json, as_csv)
    inputs = inputs_of(paths)
    recognizer = load_for(inputs, model=model, weights=weights, backend=backend, device=device)

    if as_csv:
        print_csv([CSV_COLUMNS])
    has_failed = False
    for answer in answer_all(
        inputs,
        lambda source, on_progress: recognizer.tag(
            source, top=top, threshold=threshold, timeline=timeline, on_progress=on_progress
        ),
    ):
        report_problems(answer)
        has_failed |= answer.error is not None
        if as_json:
            print_json(answer.to_dict())
        elif answer.result is not None:
            print_csv(_csv_rows(answer.file, answer.result)) if as_csv else _print_table(
                answer.file, answer.result, lang
            )
    if has_failed:
        raise typer.Exit(1)


CSV_COLUMNS = ("file", "span", "onset_s", "offset_s", "index", "label", "label_zh", "score")


def _csv_rows(file: str, result: Tagging) -> list[tuple[object, ...]]:
    """A row per tag of the sound, and with a timeline one per tag of every window, which `span` tells apart."""
    spans = [("sound", 0.0, result.duration_s, result.tags)]
    spans += [("window", window.onset_s, window.offset_s, window.tags) for window in result.windows]
    return [
        (file, span, onset_s, offset_s, one.index, one.label, one.label_zh, one.score)
        for span, onset_s, offset_s, tags in spans
        for one in tags
    ]


def _print_table(file: str, result: Tagging, language: options.LanguageChoice) -> None:
    """For people: a block per file."""
    print_line(f"{file}  {result.duration_s:.1f} s")
    _print_tags(result.tags, language)
    for window in result.windows if len(result.windows) > 1 else ():  # a single one is the sound again
        print_line(f"  {window.onset_s:.0f} to {window.offset_s:.0f} s")
        _print_tags(window.tags, language)


def _print_tags(tags: tuple[Tag, ...], language: options.LanguageChoice) -> None:
    for one in tags:
        print_line(f"  {one.score:6.3f}  {one.label_zh if language == 'zh' else one.label}")
    if not tags:
        print_line("  nothing above the threshold")
