"""`panns tag`: what is in these sounds."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.answer import Answer, answer_all, load_for, report_problems
from panns.cli.inputs import expand_paths
from panns.defaults import DEFAULT_MODEL

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
    files = list(expand_paths(paths))
    recognizer = load_for(files, model=model, weights=weights, backend=backend, device=device)

    write = _write_json if as_json else _CsvWriter() if as_csv else _TableWriter(lang)
    has_failed = False
    for answer in answer_all(
        files,
        lambda source, on_progress: recognizer.tag(
            source, top=top, threshold=threshold, has_timeline=timeline, on_progress=on_progress
        ),
    ):
        report_problems(answer)
        write(answer)
        has_failed |= answer.error is not None
    if has_failed:
        raise typer.Exit(1)


def _write_json(answer: Answer[Tagging]) -> None:
    plain = {"file": answer.file, "error": answer.error} if answer.result is None else answer.result.to_dict()
    print(json.dumps(plain | {"file": answer.file}, ensure_ascii=False), flush=True)


class _CsvWriter:
    """A row per tag; with a timeline a row per tag and window, and of the whole sound too."""

    def __init__(self) -> None:
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(["file", "onset_s", "offset_s", "index", "label", "label_zh", "score"])

    def __call__(self, answer: Answer[Tagging]) -> None:
        if answer.result is None:
            return
        result = answer.result
        spans = [(0.0, result.duration_s, result.tags)]
        spans += [(window.onset_s, window.offset_s, window.tags) for window in result.windows]
        for onset_s, offset_s, tags in spans:
            for one in tags:
                self._writer.writerow([answer.file, onset_s, offset_s, one.index, one.label, one.label_zh, one.score])
        sys.stdout.flush()


class _TableWriter:
    """For people: a block per file."""

    def __init__(self, language: options.LanguageChoice) -> None:
        self._language = language

    def __call__(self, answer: Answer[Tagging]) -> None:
        if answer.result is None:
            return
        result = answer.result
        print(f"{answer.file}  {result.duration_s:.1f} s")
        self._print_tags(result.tags)
        for window in result.windows:
            print(f"  {window.onset_s:.0f} to {window.offset_s:.0f} s")
            self._print_tags(window.tags)
        sys.stdout.flush()

    def _print_tags(self, tags: tuple[Tag, ...]) -> None:
        for one in tags:
            print(f"  {one.score:6.3f}  {one.label_zh if self._language == 'zh' else one.label}")
        if not tags:
            print("  nothing above the threshold")
