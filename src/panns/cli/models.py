"""`panns models`: what exists, what is known of it, and fetching it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panns.cli import options
from panns.cli.output import complain, print_json, print_line
from panns.cli.progress import Bar, doing

if TYPE_CHECKING:
    from panns.models import ModelEntry


class StoredChoice(StrEnum):
    """Precisions of stored numbers, by name."""

    float32 = "float32"
    float16 = "float16"


models_app = typer.Typer(rich_markup_mode=None)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List the models (also without a command), show what is known of one, fetch its weights, join trained ones."""
    if context.invoked_subcommand is None:
        list_(as_json)


@models_app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List every registered model, and whether its weights are on this machine."""
    from panns.models import list_models
    from panns.models.costs import measured_on

    rows = [_describe(entry) for entry in list_models()]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_line(
        f"{'model':<24} {'M par.':>6} {'G mul.':>6} {'MB':>4} {'CPU-ms':>6} {'mAP':>6} {'source':>10} {'rate':>6}"
        f" {'frames':>7}  weights"
    )
    for row in rows:
        print_line(" ".join(_cells(row)))
    complain(
        "millions of parameters; for 10 s of sound thousand millions of multiply-adds, without the log-mel, and "
        f"milliseconds with it on one thread ({measured_on()}); size of the .onnx file; mAP on AudioSet as published "
        "by the authors, whose paper is at arXiv under 'source'; `panns models show NAME` says more"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    """One line of the list."""
    cost = row["cost"] or {}
    rate, hop_s = f"{row['sample_rate'] / 1000:g} kHz", row["frame_hop_s"]
    return [
        f"{row['name']:<24}",
        _number(cost.get("n_parameters"), 1e6, width=6),
        _number(cost.get("multiply_adds"), 1e9, width=6),
        _number(cost.get("n_bytes"), 1e6, width=4, digits=0),
        _number(cost.get("cpu_ms"), 1.0, width=6, digits=0 if cost and cost["cpu_ms"] >= 100 else 1),
        _number(row["value"], 1.0, width=6, digits=3),
        f"{row['arxiv'] or '-':>10}",
        f"{rate:>6}",
        f"{'-' if hop_s is None else f'{hop_s:.2f} s':>7} ",
        row["weights"],
    ]


def _number(value: float | None, unit: float, *, width: int, digits: int = 2) -> str:
    return f"{'-' if value is None else f'{value / unit:.{digits}f}':>{width}}"


@models_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name from `panns models list`.")], as_json: options.AsJson = False
) -> None:
    """Show everything that is known of a model: its settings, its published weights and how they can be checked."""
    from panns.config import config_to_dict
    from panns.models import find_model
    from panns.models.checkpoint import open_checkpoint
    from panns.models.costs import measured_on
    from panns.models.registry import shipped_checkpoint

    entry = find_model(name)
    log_mel = entry.config.frontend.log_mel
    record = _describe(entry) | {"config": config_to_dict(entry.config), "without_weights": entry.without_weights}
    record |= {
        "inputs": list(entry.config.frontend.inputs),
        "measured_on": measured_on(),
        "log_mel": None if log_mel is None else config_to_dict(log_mel),
    }
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
        width = max(13, *map(len, lines))
        for key, value in lines.items():
            print_line(f"  {key:<{width}}  {value}")


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
        raise WeightsMissing(entry.without_weights)
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


@models_app.command()
def join(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Two or more names or checkpoint folders of one architecture, with the same settings and classes.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="ENSEMBLE", help="The folder of the new model.")],
    stored: Annotated[
        StoredChoice, typer.Option(help="What its numbers are rounded to; float16 takes half the space.")
    ] = StoredChoice.float32,
) -> None:
    """Join trained models, such as those of a cross-validation, into one whose logits are the mean of theirs."""
    from panns.extras import require

    require("torch", "safetensors", what="joining models", extra="train")
    from panns.learn.ensemble import join as join_models

    checkpoint = join_models(models, output, stored=stored.value)
    print_line(f"{checkpoint.path} answers with the mean of {len(models)} models' logits")


def _describe(entry: ModelEntry) -> dict[str, Any]:
    from panns.config import config_to_dict
    from panns.export.prepare import state_of
    from panns.models.costs import cost_of
    from panns.models.registry import StreamingConfig

    config, weights, cost = entry.config, entry.weights, cost_of(entry.name)
    arxiv = re.search(r"arXiv:([\d.]+)", "" if weights is None else weights.source)
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        "sample_rate": config.frontend.sample_rate,
        "n_classes": config.n_classes,
        "frame_hop_s": config.frame_hop_s,
        "embedding_dim": config.embedding_dim,
        "min_input_samples": config.min_input_samples,
        "block_s": config.block_samples / config.frontend.sample_rate if isinstance(config, StreamingConfig) else None,
        "weights": state_of(entry),
        "licence": None if weights is None else weights.licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
        "arxiv": None if arxiv is None else arxiv[1],
        "starts_from": entry.starts_from,
        "cost": None if cost is None else config_to_dict(cost),
    }


def _in_words(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What is known of a model, for people: groups by title, of lines by key."""
    rate, config = record["sample_rate"], record["config"]
    hop_s, dim = record["frame_hop_s"], record["embedding_dim"]
    network = dict(_settings(config))
    groups: dict[str, dict[str, str]] = {
        f"{record['name']}: {record['about']}": {
            "hears": f"{rate / 1000:g} kHz; {_shortest_in_words(record)}",
            "tells": f"{record['n_classes']} classes, {f'every {hop_s:.2f} s and ' if hop_s else ''}of the whole sound",
            "embeds": f"{dim} numbers" if dim else "no embedding",
            "streams": _stream_in_words(record),
            "costs": _cost_in_words(record),
        },
        f"weights: {record['weights']}": _weights_in_words(record),
        "reads": _frontend_in_words(record),
    }
    groups["network"] = {
        key: " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in network.items()
    }
    return groups


def _shortest_in_words(record: dict[str, Any]) -> str:
    shortest, rate = record["min_input_samples"], record["sample_rate"]
    return "any length" if shortest == 1 else f"what is shorter than {shortest / rate:.2f} s is padded"


def _stream_in_words(record: dict[str, Any]) -> str:
    if record["block_s"] is not None:
        return f"in blocks of {record['block_s']:g} s, with a state"
    return "in windows back to back" if record["frame_hop_s"] else "in windows that overlap"


def _settings(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of the network, without its front end; those of a part are named after it."""
    for key, value in config.items():
        if isinstance(value, dict) and key != "frontend":
            yield from ((f"{key} {inner}", one) for inner, one in _settings(value))
        elif key not in {"frontend", "n_classes"}:
            yield key.replace("_", " "), value


def _cost_in_words(record: dict[str, Any]) -> str:
    cost = record["cost"]
    if cost is None:
        return "not measured"
    return (
        f"{cost['n_parameters'] / 1e6:.2f} M parameters; 10 s take {cost['multiply_adds'] / 1e9:.2f} G multiply-adds, "
        f"{cost['cpu_ms']:.1f} ms on one thread ({cost['measured_on'] or record['measured_on']})"
    )


def _frontend_in_words(record: dict[str, Any]) -> dict[str, str]:
    mel, rate = record["log_mel"], record["sample_rate"]
    words = {
        "inputs": " and ".join("the log-mel" if name == "features" else "the waveform" for name in record["inputs"])
    }
    if mel is None:
        return words
    words |= {
        "bands": f"{mel['n_mels']}, {mel['f_min_hz']:g} to {mel['f_max_hz']:g} Hz, {mel['mel_scale']} scale",
        "window": f"{_samples(mel['window_samples'], rate)}, {mel['window']} Hann, transform of {mel['n_fft']}",
        "hop": _samples(mel["hop_samples"], rate),
        "emphasis": "none" if mel["pre_emphasis"] is None else f"{mel['pre_emphasis']:g}",
        "logarithm": f"{mel['log']}, floor {mel['log_floor']:g}, shift {mel['shift']:g}, scale {mel['scale']:g}",
    }
    if mel["range_db"] is not None:
        words["range"] = f"{mel['range_db']:g} dB below the loudest value"
    return words


def _weights_in_words(record: dict[str, Any]) -> dict[str, str]:
    if record["weights"] == "inside":
        reach = [f"{one['name']} {one['value']:.3f} ({one['protocol']})" for one in record["metrics"]]
        words = {"reach": "; ".join(reach)} if reach else {}
        return words | {key.replace("_", " "): record[key] for key in ("licence", "source", "training_data")}
    if "file" not in record:
        return {"to run": record["without_weights"].partition("; ")[2]}
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
