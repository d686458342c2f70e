"""`panns models`: what exists, what is known of it, and fetching it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panns.cli import options
from panns.cli.output import complain, print_json, print_line
from panns.cli.progress import Bar, doing

if TYPE_CHECKING:
    from panns.models import ModelEntry

models_app = typer.Typer(rich_markup_mode=None)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models (also without a command), show what is known of one, fetch its weights."""
    if context.invoked_subcommand is None:
        list_()


@models_app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List every registered model, and whether its weights are on this machine."""
    from panns.models import list_models

    rows = [_describe(entry) for entry in list_models()]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_line(f"{'model':<26} {'rate':>6}  {'frames':>7}  {'dim':>4}  {'mAP':>5}  weights")
    for row in rows:
        rate = f"{row['sample_rate'] / 1000:g} kHz"
        frames = "-" if row["frame_hop_s"] is None else f"{row['frame_hop_s']:.2f} s"
        mean_ap = "-" if row["value"] is None else f"{row['value']:.3f}"
        dim = row["embedding_dim"] or "-"
        print_line(f"{row['name']:<26} {rate:>6}  {frames:>7}  {dim:>4}  {mean_ap:>5}  {row['weights']}")


@models_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name from `panns models list`.")], as_json: options.AsJson = False
) -> None:
    """Show everything that is known of a model: its settings, its published weights and how they can be checked."""
    from panns.config import config_to_dict
    from panns.models import find_model
    from panns.models.checkpoint import open_checkpoint
    from panns.models.registry import shipped_checkpoint

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
    if entry.shipped is not None:
        manifest = open_checkpoint(shipped_checkpoint(entry.shipped)).manifest
        metrics = [config_to_dict(metric) for metric in manifest.metrics]
        record |= {"licence": manifest.licence, "source": manifest.source, "training_data": manifest.training_data}
        record |= {"metrics": metrics}
    if as_json:
        print_json(record)
        return
    for title, lines in _in_words(record).items():
        print_line(title)
        for key, value in lines.items():
            print_line(f"  {key:<13}  {value}")


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
    from panns.export.prepare import renew
    from panns.models import find_model
    from panns.models.download import fetch as fetch_weights

    entry = find_model(name)
    if entry.shipped is not None:
        print_line(f"{name} is ready: it came with this package")
        return
    if entry.weights is None:
        raise WeightsMissing(
            f"no weights of {name!r} were ever published; run your own with `panns tag --model {name} --weights FILE`"
        )
    complain(f"licence of the weights: {entry.weights.licence}; {entry.weights.describe_check()}")
    with Bar("bytes") as bar:
        path = fetch_weights(entry.weights, name=name, from_file=from_file, progress=bar.show)
    try:
        with doing(f"making {name} ready"):
            checkpoint = renew(entry)
    except MissingExtra as error:
        complain(f"{path} is fetched and checked; to run it, {error}")
        raise typer.Exit(1) from None
    print_line(f"{name} is ready: {checkpoint.path}")


def _describe(entry: ModelEntry) -> dict[str, Any]:
    from panns.export.prepare import state_of

    config, weights = entry.config, entry.weights
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        "sample_rate": config.frontend.sample_rate,
        "n_classes": config.n_classes,
        "frame_hop_s": config.frame_hop_s,
        "embedding_dim": config.embedding_dim,
        "min_input_samples": config.min_input_samples,
        "weights": state_of(entry),
        "licence": None if weights is None else weights.licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
    }


def _in_words(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What is known of a model, for people: groups by title, of lines by key."""
    rate, config = record["sample_rate"], record["config"]
    mel = config["frontend"]
    hop_s, dim = record["frame_hop_s"], record["embedding_dim"]
    network = {key.replace("_", " "): value for key, value in config.items() if key not in {"frontend", "n_classes"}}
    groups: dict[str, dict[str, str]] = {
        f"{record['name']}: {record['about']}": {
            "hears": f"{rate / 1000:g} kHz; what is shorter than {record['min_input_samples'] / rate:.2f} s is padded",
            "tells": f"{record['n_classes']} classes, {f'every {hop_s:.2f} s and ' if hop_s else ''}of the whole sound",
            "embeds": f"{dim} numbers" if dim else "no embedding",
        },
        f"weights: {record['weights']}": _weights_in_words(record),
        "log-mel": {
            "bands": f"{mel['n_mels']}, {mel['f_min_hz']:g} to {mel['f_max_hz']:g} Hz, {mel['mel_scale']} scale",
            "window": f"{_samples(mel['window_samples'], rate)}, {mel['window']} Hann, transform of {mel['n_fft']}",
            "hop": _samples(mel["hop_samples"], rate),
            "emphasis": "none" if mel["pre_emphasis"] is None else f"{mel['pre_emphasis']:g}",
            "logarithm": f"{mel['log']}, floor {mel['log_floor']:g}, shift {mel['shift']:g}, scale {mel['scale']:g}",
        },
    }
    groups["network"] = {
        key: " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in network.items()
    }
    return groups


def _weights_in_words(record: dict[str, Any]) -> dict[str, str]:
    if record["weights"] == "inside":
        reach = [f"{one['name']} {one['value']:.3f} ({one['protocol']})" for one in record["metrics"]]
        words = {"reach": "; ".join(reach)} if reach else {}
        return words | {key.replace("_", " "): record[key] for key in ("licence", "source", "training_data")}
    if "file" not in record:
        return {"published": "never; `--weights FILE` runs your own"}
    size = "size unknown" if record["n_bytes"] is None else f"{record['n_bytes'] / 1e6:.0f} MB"
    published = {
        "reach": f"{record['metric']} {record['value']:.3f} ({record['protocol']})" if record["metric"] else None,
        "file": f"{record['file']}, {size}",
        "licence": record["licence"],
        "source": record["source"],
        "address": record["url"],
        "check": record["check"],
        "sha256": record["sha256"],
        "md5": record["md5"],
    }
    return {key: value for key, value in published.items() if value is not None}


def _samples(n_samples: int, rate: int) -> str:
    return f"{n_samples} samples ({1000 * n_samples / rate:g} ms)"
