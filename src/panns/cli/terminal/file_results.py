"""Processing many files with a progress bar; problems go to stderr."""

from __future__ import annotations

from collections.abc import Iterator

from panns.batch import FileResult, Input, ProcessFile, process_files
from panns.batch.process import ResultT
from panns.cli.terminal.bars import Bar
from panns.cli.terminal.output import complain


def process_with_bar(
    inputs: list[Input], function: ProcessFile[ResultT], *, n_jobs: int | None
) -> Iterator[FileResult[ResultT]]:
    """Results of all inputs, in order, `n_jobs` at a time, with a progress bar while they are computed."""
    with Bar() as bar:
        yield from process_files(inputs, function, n_jobs=n_jobs, on_progress=bar.show)


def report_problems(result: FileResult[ResultT]) -> None:
    """Print the error of a file, or the warnings about it, on stderr."""
    if result.result is None:
        complain(str(result.error))
        return
    for warning in getattr(result.result, "warnings", ()):
        complain(f"warning: {result.file}: {warning}")
