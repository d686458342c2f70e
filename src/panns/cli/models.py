"""`panns models`: what exists, what is known of it, and fetching it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panns.cli import options

if TYPE_CHECKING:
    from panns.models import ModelEntry

models_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List the models, show what is known of one, fetch its weights."
)


@models_app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List every registered model, and whether its weights are on this machine."""
    from panns.models import list_models

    rows = [_describe(entry) for entry in list_models()]
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    print(f"{'model':<26} {'rate':>6}  {'frames':>7}  {'dim':>4}  {'mAP':>5}  {'weights':<12} about")
    for row in rows:
        frames = "-" if row["frame_hop_s"] is None else f"{row['frame_hop_s']:.2f} s"
        mean_ap = "-" if row["value"] is None else f"{row['value']:.3f}"
        print(
            f"{row['name']:<26} {row['sample_rate']:>6}  {frames:>7}  {row['embedding_dim'] or '-':>4}  {mean_ap:>5}  "
            f"{row['weights']:<12} {row['about']}"
        )


@models_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name from `panns models list`.")], as_json: options.AsJson = False
) -> None:
    """Show everything that is known of a model: its settings, its published weights and how they can be checked."""
    from panns.config import config_to_dict
    from panns.models import find_model

    entry = find_model(name)
    record = _describe(entry) | {"config": config_to_dict(entry.config)}
    if entry.weights is not None:
        record |= {
            "url": entry.weights.url,
            "file": entry.weights.file,
            "n_bytes": entry.weights.n_bytes,
            "sha256": entry.weights.sha256,
            "md5": entry.weights.md5,
            "source": entry.weights.source,
            "check": entry.weights.describe_check(),
        }
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
        return
    for key, value in _flatten(record):
        print(f"{key:<28} {value}")


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name from `panns models list`.")],
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Take this file instead of the network; it is checked all the same."
        ),
    ] = None,
) -> None:
    """Fetch the published weights of a model into the cache, check them, and make them ready to run."""
    from panns.errors import MissingExtra, WeightsMissing
    from panns.export.prepare import prepare
    from panns.models import find_model
    from panns.models.download import fetch as fetch_weights

    entry = find_model(name)
    if entry.shipped is not None:
        print(f"{name} is ready: it came with this package")
        return
    if entry.weights is None:
        raise WeightsMissing(
            f"no weights of {name!r} were ever published; run your own with `panns tag --model {name} --weights FILE`"
        )
    print(f"panns: licence of the weights: {entry.weights.licence}; {entry.weights.describe_check()}", file=sys.stderr)
    with _DownloadBar() as bar:
        path = fetch_weights(entry.weights, name=name, from_file=from_file, progress=bar.update)
    try:
        checkpoint = prepare(name)
    except MissingExtra as error:
        print(f"panns: {path} is fetched and checked; to run it, {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{name} is ready: {checkpoint.path}")


def _describe(entry: ModelEntry) -> dict[str, Any]:
    from panns.models.cache import checkpoints_dir, downloads_dir
    from panns.models.checkpoint import MANIFEST_FILE, open_checkpoint
    from panns.models.registry import shipped_checkpoint

    config, weights = entry.config, entry.weights
    licence = None if weights is None else weights.licence
    if entry.shipped is not None:
        state = "inside"
        licence = open_checkpoint(shipped_checkpoint(entry.shipped)).manifest.licence
    elif (checkpoints_dir() / entry.name / MANIFEST_FILE).is_file():
        state = "ready"
    elif weights is not None:
        state = "fetched" if (downloads_dir() / weights.file).is_file() else "to fetch"
    else:
        state = "unpublished"
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        "sample_rate": config.frontend.sample_rate,
        "n_classes": config.n_classes,
        "frame_hop_s": config.frame_hop_s,
        "embedding_dim": config.embedding_dim,
        "min_input_samples": config.min_input_samples,
        "weights": state,
        "licence": licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
    }


def _flatten(record: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in record.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, "-" if value is None else value))
    return rows


class _DownloadBar:
    """Bytes so far, on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None  # rich.progress.Progress, imported only when there is something to show
        self._task: Any = None

    def update(self, n_bytes: int, n_total: int | None) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=n_total)
        self._bar.update(self._task, completed=n_bytes, total=n_total)

    def __enter__(self) -> _DownloadBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
