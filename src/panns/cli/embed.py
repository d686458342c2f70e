"""`panns embed`: sounds as vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panns.cli import options
from panns.cli.answer import answer_all, load_for, report_problems
from panns.cli.inputs import expand_paths
from panns.defaults import DEFAULT_MODEL
from panns.errors import MissingExtra

if TYPE_CHECKING:
    from panns.results import Embedding

FORMATS = (".npz", ".parquet")


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
        _check_output(output)
    files = list(expand_paths(paths))
    recognizer = load_for(files, model=model, weights=weights, backend=backend, device=device)
    if recognizer.manifest.config.embedding_dim is None:
        raise typer.BadParameter(f"{model} has no embedding; `panns models list` shows the models with a dim")

    found: list[tuple[str, Embedding]] = []
    has_failed = False
    for answer in answer_all(files, lambda source, on_progress: recognizer.embed(source, on_progress=on_progress)):
        report_problems(answer)
        has_failed |= answer.error is not None
        if as_json:
            plain = {"file": answer.file, "error": answer.error} if answer.result is None else answer.result.to_dict()
            print(json.dumps(plain | {"file": answer.file}, ensure_ascii=False), flush=True)
        elif answer.result is not None:
            found.append((answer.file, answer.result))
    if output is not None and found:
        _write(output, found, model=recognizer.manifest.architecture)
    if has_failed:
        raise typer.Exit(1)


def _check_output(output: Path) -> None:
    """Refuse before hours of work what could not be written after them."""
    if output.suffix not in FORMATS:
        raise typer.BadParameter(f"-o {output} ends in {output.suffix or 'nothing'}; use one of {', '.join(FORMATS)}")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"-o {output}: there is no folder {output.absolute().parent}; make it first")
    if output.is_dir():
        raise typer.BadParameter(f"-o {output} is a folder; give the name of a file")
    if output.suffix == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as exc:
            raise MissingExtra("writing .parquet", package="pyarrow", extra="parquet") from exc


def _write(output: Path, found: list[tuple[str, Embedding]], *, model: str) -> None:
    """Write all rows, under the final name only when they are whole."""
    import numpy as np

    files = [file for file, _ in found]
    durations_s = np.array([one.duration_s for _, one in found])
    vectors = np.stack([one.vector for _, one in found])
    partial = output.with_name(f".{output.name}.part{output.suffix}")
    try:
        if output.suffix == ".npz":
            np.savez(partial, path=np.array(files), duration_s=durations_s, embedding=vectors, model=np.array(model))
        else:
            import pyarrow
            from pyarrow import parquet

            embedding = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
            columns = {"path": files, "duration_s": durations_s, "embedding": embedding}
            parquet.write_table(pyarrow.table(columns, metadata={"panns.model": model}), partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
