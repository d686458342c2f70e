"""`panns embed`: embeddings of sound files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from panns.cli import options
from panns.cli.options.clock_options import ClockOptions
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import ModelOptions
from panns.cli.options.paths import Paths, expand_inputs
from panns.cli.options.result_output import (
    Resume,
    are_for_later,
    compute_into,
    end_results,
    growing_file,
    settings_of,
    write_table,
)
from panns.cli.options.sound_limits import LimitOptions, naming_limit_options
from panns.cli.terminal.file_results import process_with_bar, report_problems
from panns.cli.terminal.output import print_json, writing

if TYPE_CHECKING:
    from panns.batch import Input, ProcessFile
    from panns.recognizer import Recognizer
    from panns.results import Embedding
    from panns.system.progress import OnProgress


@with_option_groups
def embed(
    paths: Paths,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write all embeddings to one .npz or .parquet file with path, duration_s and embedding, or to a "
            ".jsonl file with one line per sound.",
        ),
    ] = None,
    *,
    resume: Resume = False,
    model: ModelOptions,
    as_json: options.AsJson = False,
    jobs: options.Jobs = None,
    clock: ClockOptions,
    limits: LimitOptions,
) -> None:
    """Compute embeddings of sound files.

    An embedding is one vector per sound, for search, clustering, or a classifier of your own.
    """
    if (output is None) == (not as_json):
        raise typer.BadParameter("give one of -o FILE and --json")
    if resume and output is None:
        raise typer.BadParameter("--resume needs -o FILE, the result file to continue")
    if output is not None:
        options.check_output(output, ".npz", ".parquet", ".jsonl")
        _check_writer(output)
    clock.check()
    inputs = expand_inputs(paths)
    recognizer = model.load_for_files(len(inputs))
    if recognizer.manifest.config.embedding_dim is None:
        raise typer.BadParameter(
            f"{model.model} has no embedding; `panns models show NAME` shows which models have one"
        )

    decode_limits = limits.to_limits()

    def embed_file(source: str | BinaryIO, on_progress: OnProgress) -> Embedding:
        with naming_limit_options():
            return clock.apply(recognizer.embed(source, limits=decode_limits, on_progress=on_progress))

    if output is not None:
        has_failed = _embed_into(output, inputs, embed_file, recognizer, clock, n_jobs=jobs, resume=resume)
    else:
        has_failed = False
        for one in process_with_bar(inputs, embed_file, n_jobs=jobs):
            report_problems(one)
            has_failed |= one.error is not None
            print_json(one.to_dict())
    if has_failed:
        raise typer.Exit(1)


def _embed_into(
    output: Path,
    inputs: list[Input],
    function: ProcessFile[Embedding],
    recognizer: Recognizer,
    clock: ClockOptions,
    *,
    n_jobs: int | None,
    resume: bool,
) -> bool:
    """Write embeddings to a file; returns True if a sound failed."""
    from panns.batch.result_file import ResultFile

    def write(embeddings: list[dict[str, Any]]) -> None:
        if embeddings:
            _write(output, embeddings, model=recognizer.manifest.architecture)

    settings = settings_of("embed", recognizer, **clock.settings)
    with ResultFile(growing_file(output), settings, resume=resume) as file:
        has_failed = compute_into(file, inputs, function, n_jobs=n_jobs)
        write_table(output, file, inputs, write)
        keeps = are_for_later(file, has_failed=has_failed)
    end_results(output, keeps=keeps)
    return has_failed


def _check_writer(output: Path) -> None:
    from panns.system.extras import require

    if output.suffix == ".parquet":
        require("pyarrow", what="writing .parquet", extra="parquet")


def _write(output: Path, embeddings: list[dict[str, Any]], *, model: str) -> None:
    """Write all embeddings to an .npz or .parquet file."""
    import numpy as np

    # File names may contain bytes that are not text; neither format can hold them unescaped.
    files = [os.fsencode(one["file"]).decode("utf-8", "backslashreplace") for one in embeddings]
    durations_s = np.array([one["duration_s"] for one in embeddings])
    vectors = np.array([one["embedding"] for one in embeddings], dtype=np.float32)
    # ISO 8601; "" for sounds whose clock is unknown. Only with --clock.
    starts = {"recorded_at": [one["recorded_at"] or "" for one in embeddings]} if "recorded_at" in embeddings[0] else {}
    with writing(output) as partial:
        if output.suffix == ".npz":
            texts: dict[str, Any] = {name: np.array(column) for name, column in {"path": files, **starts}.items()}
            np.savez(partial, **texts, duration_s=durations_s, embedding=vectors, model=np.array(model))
        else:
            import pyarrow
            from pyarrow import parquet

            embedding = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
            columns = {"path": files, **starts, "duration_s": durations_s, "embedding": embedding}
            parquet.write_table(pyarrow.table(columns, metadata={"panns.model": model}), partial)
