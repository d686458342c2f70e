"""Details of a model, registered or from a file: as JSON and as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from panns.checkpoints.checkpoint import Checkpoint
from panns.checkpoints.manifest import FileDigest, ModelManifest
from panns.config import config_to_dict
from panns.errors import CheckpointError
from panns.hub.costs import cost_of, measured_on
from panns.hub.resolve import availability, find_checkpoint
from panns.models import ModelConfig, ModelEntry, find_model
from panns.models.base import StreamingConfig
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.files import file_digests

_N_NAMED = 20  # maximum number of class names in the text; JSON has all
# Parts of the manifest with keys of their own in the record.
_SEPARATE_KEYS = ("format_version", "config", "labels", "files", "derived")


def summarize(entry: ModelEntry) -> dict[str, Any]:
    """Summary of a registered model, for the list of models."""
    weights, cost = entry.weights, cost_of(entry.name)
    arxiv = re.search(r"arXiv:([\d.]+)", "" if weights is None else weights.source)
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        **_interface(entry.config),
        "weights": availability(entry),
        "licence": None if weights is None else weights.licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
        "arxiv": None if arxiv is None else arxiv[1],
        "starts_from": entry.starts_from,
        "cost": None if cost is None else config_to_dict(cost),
    }


def describe_registered(entry: ModelEntry) -> dict[str, Any]:
    """All details of a registered model."""
    record = summarize(entry) | _architecture(entry.config, entry.config.frontend.inputs)
    record |= {"without_weights": entry.missing_weights_message, "measured_on": measured_on()}
    try:
        ready = find_checkpoint(entry)
    except CheckpointError as exc:
        ready, record["damaged"] = None, str(exc)
    if ready is not None:
        record |= _manifest_details(ready.manifest)
    if entry.weights is not None:
        record |= {
            "url": entry.weights.url,
            "file": entry.weights.file,
            "n_bytes": entry.weights.n_bytes,
            "sha256": entry.weights.sha256,
            "md5": entry.weights.md5,
            "source": entry.weights.source,
            "licence": entry.weights.licence,
            "check": entry.weights.describe_check(),
        }
    return record


def summarize_shared(address: str, manifest: ModelManifest) -> dict[str, Any]:
    """Summary of a model that was downloaded from an address, for the list of models."""
    metric = next((one for one in manifest.metrics if one.name == "mAP"), None)  # of the column
    return {
        "name": address,
        "family": find_model(manifest.architecture).family,
        "about": f"a model of the architecture {manifest.architecture}",
        **_interface(manifest.config),
        "weights": "ready",
        "licence": manifest.licence,
        "metric": metric and metric.name,
        "value": metric and metric.value,
        "protocol": metric and metric.protocol,
        "arxiv": None,
        "starts_from": None,
        "cost": None,
    }


def describe_checkpoint(checkpoint: Checkpoint, *, name: str | None = None) -> dict[str, Any]:
    """All details of a checkpoint.

    Args:
        checkpoint: The checkpoint.
        name: Its name for the user; None for its path.
    """
    manifest = checkpoint.manifest
    record = {
        "name": str(checkpoint.path) if name is None else name,
        "about": f"a model of the architecture {manifest.architecture}",
        **_interface(manifest.config),
        "weights": "in this file" if checkpoint.is_exported_file else "in this folder",
        "cost": None,
        **_architecture(manifest.config, checkpoint.onnx_inputs),
        "labels": [label.to_dict() for label in manifest.labels],
        **_manifest_details(manifest),
    }
    if checkpoint.is_exported_file:
        digest = FileDigest(checkpoint.path.stat().st_size, file_digests(checkpoint.path)["sha256"])
        return record | {"files": {checkpoint.path.name: config_to_dict(digest) | {"is_there": True}}}
    files = {
        name: config_to_dict(digest) | {"is_there": checkpoint.has_file(name)}
        for name, digest in manifest.files.items()
    }
    return record | {"files": files}


def _interface(config: ModelConfig) -> dict[str, Any]:
    """Input and output of a model."""
    rate = config.frontend.sample_rate
    return {
        "sample_rate": rate,
        "n_classes": config.n_classes,
        "frame_hop_s": config.frame_hop_s,
        "frame_context_s": config.frame_context_s,
        "embedding_dim": config.embedding_dim,
        "min_input_samples": config.min_input_samples,
        "filled_to_s": config.max_input_samples / rate if config.fills_input and config.max_input_samples else None,
        "block_s": config.block_samples / rate if isinstance(config, StreamingConfig) else None,
    }


def _architecture(config: ModelConfig, inputs: Sequence[str]) -> dict[str, Any]:
    """Settings of the network and the front end."""
    log_mel = config.frontend.log_mel
    return {
        "config": config_to_dict(config),
        "inputs": list(inputs),
        "log_mel": None if log_mel is None else config_to_dict(log_mel),
    }


def _manifest_details(manifest: ModelManifest) -> dict[str, Any]:
    """Entries of a manifest, without config, labels and files."""
    details = {key: value for key, value in manifest.to_dict().items() if key not in _SEPARATE_KEYS}
    return details | {"one_pass_s": manifest.one_pass_s, "algorithmic_latency_s": manifest.algorithmic_latency_s}


def as_text(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Details of a model as text: groups by title, lines by key.

    Args:
        record: As returned by `describe_registered` or `describe_checkpoint`.
    """
    model = {
        "input": _input_text(record),
        "output": _output_text(record),
        "classes": _classes_text(record),
        "embedding": f"{record['embedding_dim']} values" if record["embedding_dim"] else "none",
        "latency": _latency_text(record),
        "events": _events_text(record),
        "cost": _cost_text(record),
    }
    network = {key: _setting_text(value) for key, value in _network_settings(record["config"])}
    return {
        f"{record['name']}: {record['about']}": {key: value for key, value in model.items() if value},
        f"weights: {record['weights']}": _weights_text(record),
        "front end": _frontend_text(record),
        "network": network,
    }


def _input_text(record: dict[str, Any]) -> str:
    min_samples, rate = record["min_input_samples"], record["sample_rate"]
    parts = [f"{rate / 1000:g} kHz"]
    if record["filled_to_s"] is not None:
        parts.append(f"always filled to {record['filled_to_s']:g} s")
    else:
        parts.append("any length" if min_samples == 1 else f"shorter than {min_samples / rate:.2f} s is padded")
    if "one_pass_s" in record and record["block_s"] is None:
        parts.append(f"longer than {record['one_pass_s']:g} s is split into windows of {record['window_s']:g} s")
    return "; ".join(parts)


def _output_text(record: dict[str, Any]) -> str:
    hop_s = record["frame_hop_s"]
    exclusive = " (softmax, exactly one is predicted)" if record.get("activation") == "softmax" else ""
    frames = f"; frame scores every {hop_s:.2f} s" if hop_s else ""
    return f"{record['n_classes']} classes{exclusive}; clip scores{frames}"


def _classes_text(record: dict[str, Any]) -> str:
    # Separated by semicolons, because names such as "Male speech, man speaking" contain commas.
    names = [label["en"] for label in record.get("labels", ())]
    rest = len(names) - _N_NAMED
    return "; ".join(names[:_N_NAMED]) + (f"; and {rest} more" if rest > 0 else "")


def _latency_text(record: dict[str, Any]) -> str:
    latency = f"at most {record['algorithmic_latency_s']:g} s, " if "algorithmic_latency_s" in record else ""
    if record["block_s"] is not None:
        return f"{latency}streaming in blocks of {record['block_s']:g} s"
    is_adjacent = record["frame_hop_s"] and not record["frame_context_s"]
    return f"{latency}streaming in {'adjacent' if is_adjacent else 'overlapping'} windows"


def _events_text(record: dict[str, Any]) -> str:
    """Default thresholds of `panns detect`."""
    if "thresholds" not in record:
        return ""
    if record["operating_points"]:
        default, *others = (f"{point['false_alarms_per_hour']:g}" for point in record["operating_points"])
        rates = " or ".join([f"{default} (the default)", *others])
        return f"thresholds for {rates} false alarms per hour"
    if record["thresholds"] is not None:
        return "own threshold for each class"
    return f"threshold {DEFAULT_THRESHOLD:g} (the model has none of its own)"


def _network_settings(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings of the network without the front end; nested settings are prefixed with the name of their part."""
    for key, value in config.items():
        if isinstance(value, dict) and key != "frontend":
            yield from ((f"{key.replace('_', ' ')} {inner}", one) for inner, one in _network_settings(value))
        elif key not in {"frontend", "n_classes"}:
            yield key.replace("_", " "), value


def _setting_text(value: object) -> str:
    parts = value if isinstance(value, list | tuple) else [value]
    return " ".join("none" if part is None else str(part) for part in parts) or "none"


def _cost_text(record: dict[str, Any]) -> str:
    cost = record["cost"]
    if cost is None:
        return "" if "files" in record else "not measured"
    return (
        f"{cost['n_parameters'] / 1e6:.2f} M parameters; {cost['multiply_adds'] / 1e9:.2f} G multiply-adds for 10 s, "
        f"{cost['cpu_ms']:.1f} ms on one thread ({cost['measured_on'] or record['measured_on']})"
    )


def _frontend_text(record: dict[str, Any]) -> dict[str, str]:
    mel, rate = record["log_mel"], record["sample_rate"]
    inputs = " and ".join("the log-mel" if name == "features" else "the waveform" for name in record["inputs"])
    if mel is None:
        return {"inputs": inputs}
    lines = {
        "inputs": f"{inputs}; the network computes the log-mel" if record["inputs"] == ["waveform"] else inputs,
        "bands": f"{mel['n_mels']}, {mel['f_min_hz']:g} to {mel['f_max_hz']:g} Hz, {_scale_text(mel)}",
        "window": f"{_samples(mel['window_samples'], rate)}, {mel['window']} Hann, FFT of {mel['n_fft']}",
        "hop": _samples(mel["hop_samples"], rate),
        "pre-emphasis": "none" if mel["pre_emphasis"] is None else f"{mel['pre_emphasis']:g}{_in_frames(mel)}",
        "logarithm": f"{mel['log']}, floor {mel['log_floor']:g}, shift {mel['shift']:g}, scale {mel['scale']:g}",
    }
    if mel["range_db"] is not None:
        lines["range"] = f"{mel['range_db']:g} dB below the maximum"
    return lines


def _scale_text(mel: dict[str, Any]) -> str:
    return f"{mel['mel_scale']} scale" + (", of the magnitude" if mel["spectrum"] == "magnitude" else "")


def _in_frames(mel: dict[str, Any]) -> str:
    return " in each frame, without its mean" if mel["pre_emphasis_in"] == "frame" else ""


def _weights_text(record: dict[str, Any]) -> dict[str, str]:
    lines: dict[str, str | None] = {"damaged": record.get("damaged")}
    if "file" in record:
        size = "size unknown" if record["n_bytes"] is None else f"{record['n_bytes'] / 1e6:.0f} MB"
        lines |= {
            "quality": f"{record['metric']} {record['value']:.3f} ({record['protocol']})" if record["metric"] else None,
            "file": f"{record['file']}, {size}",
            "licence": record["licence"],
            "source": record["source"],
            "url": record["url"],
            "check": record["check"],
            "sha256": record["sha256"],
            "md5": record["md5"],
        }
    elif "training_data" in record:
        quality = [f"{one['name']} {one['value']:.3f} ({one['protocol']})" for one in record["metrics"]]
        lines |= {
            "quality": "; ".join(quality) or None,
            "licence": record["licence"],
            "source": record["source"],
            "training data": record["training_data"],
            "files": _files_text(record["files"]) if "files" in record else None,
        }
    else:
        lines["to run"] = record["without_weights"].partition("; ")[2]
    return {key: value for key, value in lines.items() if value is not None}


def _files_text(files: dict[str, dict[str, Any]]) -> str:
    sizes = {name: f"{one['n_bytes'] / 1e6:.1f} MB" if one["is_there"] else "missing" for name, one in files.items()}
    return "; ".join(f"{name}, {size}" for name, size in sizes.items()) or "none"


def _samples(n_samples: int, rate: int) -> str:
    return f"{n_samples} samples ({1000 * n_samples / rate:g} ms)"
