"""`panns embed`: embeddings of sound files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.options.grouping import with_option_groups
from panns.cli.options.model_options import ModelOptions
from panns.cli.options.paths import Paths, expand_inputs
from panns.cli.terminal.file_results import process_with_bar, report_problems
from panns.cli.terminal.output import print_json, writing

if TYPE_CHECKING:
    from panns.results import Embedding


@with_option_groups
def embed(
    paths: Paths,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write all embeddings to one .npz or .parquet file with path, duration_s and embedding.",
        ),
    ] = None,
    *,
    model: ModelOptions,
    as_json: options.AsJson = False,
) -> None:
    """Compute embeddings of sound files.

    An embedding is one vector per sound, for search, clustering, or a classifier of your own.
    """
    if (output is None) == (not as_json):
        raise typer.BadParameter("give one of -o FILE and --json")
    if output is not None:
        options.check_output(output, ".npz", ".parquet")
        _check_writer(output)
    inputs = expand_inputs(paths)
    recognizer = model.load_for_files(len(inputs))
    if recognizer.manifest.config.embedding_dim is None:
        raise typer.BadParameter(
            f"{model.model} has no embedding; `panns models show NAME` shows which models have one"
        )

    embeddings: list[tuple[str, Embedding]] = []
    has_failed = False
    for one in process_with_bar(inputs, lambda source, on_progress: recognizer.embed(source, on_progress=on_progress)):
        report_problems(one)
        has_failed |= one.error is not None
        if as_json:
            print_json(one.to_dict())
        elif one.result is not None:
            embeddings.append((one.file, one.result))
    if output is not None and embeddings:
        _write(output, embeddings, model=recognizer.manifest.architecture)
    if has_failed:
        raise typer.Exit(1)


def _check_writer(output: Path) -> None:
    from panns.system.extras import require

    if output.suffix == ".parquet":
        require("pyarrow", what="writing .parquet", extra="parquet")


def _write(output: Path, embeddings: list[tuple[str, Embedding]], *, model: str) -> None:
    """Write all embeddings to an .npz or .parquet file."""
    import numpy as np

    # File names may contain bytes that are not text; neither format can hold them unescaped.
    files = [os.fsencode(file).decode("utf-8", "backslashreplace") for file, _ in embeddings]
    durations_s = np.array([one.duration_s for _, one in embeddings])
    vectors = np.stack([one.vector for _, one in embeddings])
    with writing(output) as partial:
        if output.suffix == ".npz":
            np.savez(partial, path=np.array(files), duration_s=durations_s, embedding=vectors, model=np.array(model))
        else:
            import pyarrow
            from pyarrow import parquet

            embedding = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
            columns = {"path": files, "duration_s": durations_s, "embedding": embedding}
            parquet.write_table(pyarrow.table(columns, metadata={"panns.model": model}), partial)
