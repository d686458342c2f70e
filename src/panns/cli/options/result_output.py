"""Options `--output` and `--resume`: results in a file that grows, in place of stdout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from panns.cli.options import check_output
from panns.cli.terminal.file_results import process_with_bar, report_problems
from panns.cli.terminal.output import complain

if TYPE_CHECKING:
    from panns.batch import Input, ProcessFile
    from panns.batch.process import ResultT
    from panns.batch.result_file import ResultFile
    from panns.recognizer import Recognizer

Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the file of -o: skip sounds that have a result in it.")
]


@dataclass(frozen=True)
class ResultFileOptions:
    """File of results; a group of options."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.jsonl",
            help="Write JSON to this file instead of printing, one line per sound as soon as it is known.",
        ),
    ] = None
    resume: Resume = False
    _hint: ClassVar[str] = ""

    def check(self, *suffixes: str) -> None:
        """Refuse a file that cannot be written, or with another suffix, before anything is computed."""
        if self.output is not None and not suffixes:
            raise typer.BadParameter("-o writes JSON; leave out the other format")
        if self.output is not None:
            check_output(self.output, *suffixes, hint=self._hint)
        elif self.resume:
            raise typer.BadParameter("--resume needs -o FILE, the result file to continue")


@dataclass(frozen=True)
class EventFileOptions(ResultFileOptions):
    """File of events, in any format; a group of options."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file instead of printing: JSON (.jsonl), one line per sound as soon as it is known, or "
            "the --format (.csv, .txt, ...) at the end.",
        ),
    ] = None
    _hint: ClassVar[str] = ", or the --format of that suffix"


def growing_file(output: Path) -> Path:
    """The file that takes each result as soon as it is known: beside a table, which is written at the end."""
    return output if output.suffix == ".jsonl" else output.with_name(f"{output.name}.jsonl")


def write_table(
    output: Path, file: ResultFile, inputs: list[Input], write: Callable[[list[dict[str, Any]]], object]
) -> None:
    """Write the table of all results, which are given in the order of the inputs; a file of JSON lines has them."""
    if output.suffix != ".jsonl":
        records = {record["file"]: record for record in file.results()}
        write([records[one.file] for one in inputs if one.file in records])


def are_for_later(file: ResultFile, *, has_failed: bool) -> bool:
    """True if there are results, and sounds that failed and can be tried again."""
    return has_failed and any(file.results())


def end_results(output: Path, *, keeps: bool) -> None:
    """Remove the results beside a table that is written, unless they are for later."""
    growing = growing_file(output)
    if growing == output:
        return
    if keeps:
        complain(f"{growing} keeps the results, so that --resume tries only the sounds that failed; else remove it")
    else:
        growing.unlink()


def compute_into(
    file: ResultFile,
    inputs: list[Input],
    function: ProcessFile[ResultT],
    *,
    n_jobs: int | None,
    on_result: Callable[[str, ResultT], object] | None = None,
) -> bool:
    """Compute the results that a file lacks, and add each as soon as it is known; returns True if a sound failed.

    `n_jobs` is the number of files at a time. `on_result` is called with the path and the result of a sound before its
    result is in the file.
    """
    has_failed = False
    try:
        open_inputs = [one for one in inputs if one.file not in file.done]
        for one in process_with_bar(open_inputs, function, n_jobs=n_jobs):
            report_problems(one)
            has_failed |= one.error is not None
            if on_result is not None and one.result is not None:
                on_result(one.file, one.result)
            file.add(one.to_dict())
    except KeyboardInterrupt:
        complain(f"the results so far are in {file.path}; continue with --resume")
        raise
    return has_failed


def settings_of(command: str, recognizer: Recognizer, **options: object) -> dict[str, str]:
    """Everything that decides the results of a command, as texts."""
    texts = {name: repr(value) for name, value in options.items()}
    return {"command": command, "model": recognizer.fingerprint, **texts}
