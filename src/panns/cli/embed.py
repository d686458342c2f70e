"""`panns embed`: sounds as vectors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.terminal.answering import answer_all, inputs_of, load_for, report_problems
from panns.cli.terminal.output import print_json, writing
from panns.system.defaults import DEFAULT_MODEL

if TYPE_CHECKING:
    from panns.results import Embedding


def embed(
    paths: options.Paths,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write all to an .npz or .parquet file: path, duration_s, embedding."
        ),
    ] = None,
    model: options.ModelName = DEFAULT_MODEL,
    weights: options.WeightsFile = None,
    backend: options.Backend = options.BackendChoice.onnx,
    device: options.Device = options.DeviceChoice.auto,
    as_json: options.AsJson = False,
) -> None:
    """Embed sounds: a vector each, for search, clustering or a classifier of your own."""
    if (output is None) == (not as_json):
        raise typer.BadParameter("give one of -o FILE and --json")
    if output is not None:
        options.check_output(output, ".npz", ".parquet")
        _check_writer(output)
    inputs = inputs_of(paths)
    recognizer = load_for(inputs, model=model, weights=weights, backend=backend, device=device)
    if recognizer.manifest.config.embedding_dim is None:
        raise typer.BadParameter(f"{model} has no embedding; `panns models list` shows the models with a dim")

    found: list[tuple[str, Embedding]] = []
    has_failed = False
    for answer in answer_all(inputs, lambda source, on_progress: recognizer.embed(source, on_progress=on_progress)):
        report_problems(answer)
        has_failed |= answer.error is not None
        if as_json:
            print_json(answer.to_dict())
        elif answer.result is not None:
            found.append((answer.file, answer.result))
    if output is not None and found:
        _write(output, found, model=recognizer.manifest.architecture)
    if has_failed:
        raise typer.Exit(1)


def _check_writer(output: Path) -> None:
    from panns.system.extras import require

    if output.suffix == ".parquet":
        require("pyarrow", what="writing .parquet", extra="parquet")


def _write(output: Path, found: list[tuple[str, Embedding]], *, model: str) -> None:
    """Write all rows, under the final name only when they are whole."""
    import numpy as np

    # The name of a file may be bytes that are no text, but neither format holds such a string.
    files = [os.fsencode(file).decode("utf-8", "backslashreplace") for file, _ in found]
    durations_s = np.array([one.duration_s for _, one in found])
    vectors = np.stack([one.vector for _, one in found])
    with writing(output) as partial:
        if output.suffix == ".npz":
            np.savez(partial, path=np.array(files), duration_s=durations_s, embedding=vectors, model=np.array(model))
        else:
            import pyarrow
            from pyarrow import parquet

            embedding = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
            columns = {"path": files, "duration_s": durations_s, "embedding": embedding}
            parquet.write_table(pyarrow.table(columns, metadata={"panns.model": model}), partial)
