"""Options `--output` and `--resume`: results in a file that grows, in place of stdout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

    def check(self, *, is_json: bool) -> None:
        """Refuse a file that cannot be written, or another format for it, before anything is computed."""
        if self.output is not None and not is_json:
            raise typer.BadParameter("-o writes JSON; leave out the other format")
        if self.output is not None:
            check_output(self.output, ".jsonl")
        elif self.resume:
            raise typer.BadParameter("--resume needs -o FILE, the result file to continue")


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
