"""What is known of a model, registered or one's own, as data and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from panns.config import config_to_dict
from panns.export.prepare import made_ready, state_of
from panns.models import ModelConfig, ModelEntry
from panns.models.checkpoint import Checkpoint, Manifest
from panns.models.costs import cost_of, measured_on
from panns.models.registry import StreamingConfig, find_model

_N_NAMED = 20  # classes whose names stand in words; JSON has them all


def summary_of(entry: ModelEntry) -> dict[str, Any]:
    """A line of the list of registered models."""
    weights, cost = entry.weights, cost_of(entry.name)
    arxiv = re.search(r"arXiv:([\d.]+)", "" if weights is None else weights.source)
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        **_outside(entry.config),
        "weights": state_of(entry),
        "licence": None if weights is None else weights.licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
        "arxiv": None if arxiv is None else arxiv[1],
        "starts_from": entry.starts_from,
        "cost": None if cost is None else config_to_dict(cost),
    }


def about_registered(entry: ModelEntry) -> dict[str, Any]:
    """Everything that is known of a registered model.

    Raises:
        CheckpointError: Its checkpoint on this machine is damaged.
    """
    record = summary_of(entry) | _inside(entry.config)
    record |= {"without_weights": entry.without_weights, "measured_on": measured_on()}
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
    ready = made_ready(entry)
    if ready is not None:
        record |= _deciding(ready.manifest)
    if ready is not None and entry.shipped is not None:
        record |= _origin(ready.manifest)
    return record


def about_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything that is known of a checkpoint folder or an exported file."""
    manifest = checkpoint.manifest
    return {
        "name": str(checkpoint.path),
        "family": find_model(manifest.architecture).family,
        "about": manifest.architecture,
        **_outside(manifest.config),
        "weights": "exported" if checkpoint.is_exported_file else "checkpoint",
        "labels": [label.en for label in manifest.labels],
        "cost": None,
        **_inside(manifest.config),
        **_origin(manifest),
        **_deciding(manifest),
        "files": {name: config_to_dict(digest) for name, digest in manifest.files.items()}
        if not checkpoint.is_exported_file
        else {checkpoint.path.name: {"n_bytes": checkpoint.path.stat().st_size}},
    }


def _outside(config: ModelConfig) -> dict[str, Any]:
    """What comes in and goes out."""
    rate = config.frontend.sample_rate
    return {
        "sample_rate": rate,
        "n_classes": config.n_classes,
        "frame_hop_s": config.frame_hop_s,
        "embedding_dim": config.embedding_dim,
        "min_input_samples": config.min_input_samples,
        "block_s": config.block_samples / rate if isinstance(config, StreamingConfig) else None,
    }


def _inside(config: ModelConfig) -> dict[str, Any]:
    """What it is made of."""
    log_mel = config.frontend.log_mel
    return {
        "config": config_to_dict(config),
        "inputs": list(config.frontend.inputs),
        "log_mel": None if log_mel is None else config_to_dict(log_mel),
    }


def _origin(manifest: Manifest) -> dict[str, Any]:
    """Where the numbers come from, and what they reach."""
    return {
        "licence": manifest.licence,
        "source": manifest.source,
        "training_data": manifest.training_data,
        "metrics": [config_to_dict(metric) for metric in manifest.metrics],
    }


def _deciding(manifest: Manifest) -> dict[str, Any]:
    """What makes tags and events of its scores, and how late these are known in a stream."""
    return {
        "activation": manifest.activation,
        "window_s": manifest.window_s,
        "thresholds": manifest.thresholds,
        "false_alarms_per_hour": [point.false_alarms_per_hour for point in manifest.operating_points],
        "algorithmic_latency_s": manifest.algorithmic_latency_s,
    }


def in_words(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """A record for people: groups by title, of lines by key."""
    hop_s, dim, config = record["frame_hop_s"], record["embedding_dim"], record["config"]
    words = {
        "hears": f"{record['sample_rate'] / 1000:g} kHz; {_shortest_in_words(record)}",
        "tells": f"{_count_in_words(record)}, {f'every {hop_s:.2f} s and ' if hop_s else ''}of the whole sound",
        "classes": _classes_in_words(record),
        "embeds": f"{dim} numbers" if dim else "no embedding",
        "streams": _stream_in_words(record),
        "decides": _deciding_in_words(record),
        "costs": _cost_in_words(record),
    }
    network = {
        key: " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in _settings(config)
    }
    return {
        f"{record['name']}: {record['about']}": {key: value for key, value in words.items() if value},
        f"weights: {record['weights']}": _weights_in_words(record),
        "reads": _frontend_in_words(record),
        "network": network,
    }


def _count_in_words(record: dict[str, Any]) -> str:
    return f"{record['n_classes']} classes" + (
        " of which one is heard" if record.get("activation") == "softmax" else ""
    )


def _classes_in_words(record: dict[str, Any]) -> str:
    labels = record.get("labels", [])
    rest = len(labels) - _N_NAMED
    return ", ".join(labels[:_N_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _deciding_in_words(record: dict[str, Any]) -> str:
    if "thresholds" not in record:
        return ""
    tags = "no thresholds were chosen" if record["thresholds"] is None else "a threshold for each class"
    rates = " or ".join(f"{rate:g}" for rate in record["false_alarms_per_hour"])
    return f"tags: {tags}" + (f"; events: thresholds for {rates} false alarms an hour" if rates else "")


def _shortest_in_words(record: dict[str, Any]) -> str:
    shortest, rate = record["min_input_samples"], record["sample_rate"]
    return "any length" if shortest == 1 else f"what is shorter than {shortest / rate:.2f} s is padded"


def _stream_in_words(record: dict[str, Any]) -> str:
    late = f", {record['algorithmic_latency_s']:g} s late at most" if "algorithmic_latency_s" in record else ""
    if record["block_s"] is not None:
        return f"in blocks of {record['block_s']:g} s, with a state{late}"
    return f"in windows {'back to back' if record['frame_hop_s'] else 'that overlap'}{late}"


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
        return "" if "files" in record else "not measured"
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
    if "training_data" in record:
        reach = [f"{one['name']} {one['value']:.3f} ({one['protocol']})" for one in record["metrics"]]
        words = {"reach": "; ".join(reach)} if reach else {}
        words |= {key.replace("_", " "): record[key] for key in ("licence", "source", "training_data")}
        files = [f"{name}, {one['n_bytes'] / 1e6:.1f} MB" for name, one in record.get("files", {}).items()]
        return words | ({"files": "; ".join(files)} if files else {})
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
