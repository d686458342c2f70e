"""What is known of a model, registered or one's own, as data and in words."""

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
from panns.models import ModelConfig, ModelEntry
from panns.models.base import StreamingConfig
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.files import file_digests

_N_NAMED = 20  # classes whose names stand in words; JSON has them all
_TOLD_OTHERWISE = ("format_version", "config", "labels", "files", "derived")


def summary_of(entry: ModelEntry) -> dict[str, Any]:
    """A line of the list of registered models."""
    weights, cost = entry.weights, cost_of(entry.name)
    arxiv = re.search(r"arXiv:([\d.]+)", "" if weights is None else weights.source)
    return {
        "name": entry.name,
        "family": entry.family,
        "about": entry.about,
        **_outside(entry.config),
        "weights": availability(entry),
        "licence": None if weights is None else weights.licence,
        "metric": None if weights is None else weights.metric,
        "value": None if weights is None else weights.value,
        "protocol": None if weights is None else weights.protocol,
        "arxiv": None if arxiv is None else arxiv[1],
        "starts_from": entry.starts_from,
        "cost": None if cost is None else config_to_dict(cost),
    }


def about_registered(entry: ModelEntry) -> dict[str, Any]:
    """Everything that is known of a registered model."""
    record = summary_of(entry) | _inside(entry.config, entry.config.frontend.inputs)
    record |= {"without_weights": entry.missing_weights_message, "measured_on": measured_on()}
    try:
        ready = find_checkpoint(entry)
    except CheckpointError as exc:
        ready, record["damaged"] = None, str(exc)
    if ready is not None:
        record |= _of_manifest(ready.manifest)
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


def about_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything that is known of a checkpoint folder or an exported file."""
    manifest = checkpoint.manifest
    record = {
        "name": str(checkpoint.path),
        "about": f"a model of the architecture {manifest.architecture}",
        **_outside(manifest.config),
        "weights": "in this file" if checkpoint.is_exported_file else "in this folder",
        "cost": None,
        **_inside(manifest.config, checkpoint.onnx_inputs),
        "labels": [label.to_dict() for label in manifest.labels],
        **_of_manifest(manifest),
    }
    if checkpoint.is_exported_file:
        digest = FileDigest(checkpoint.path.stat().st_size, file_digests(checkpoint.path)["sha256"])
        return record | {"files": {checkpoint.path.name: config_to_dict(digest) | {"is_there": True}}}
    files = {
        name: config_to_dict(digest) | {"is_there": checkpoint.has_file(name)}
        for name, digest in manifest.files.items()
    }
    return record | {"files": files}


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


def _inside(config: ModelConfig, inputs: Sequence[str]) -> dict[str, Any]:
    """What it is made of."""
    log_mel = config.frontend.log_mel
    return {
        "config": config_to_dict(config),
        "inputs": list(inputs),
        "log_mel": None if log_mel is None else config_to_dict(log_mel),
    }


def _of_manifest(manifest: ModelManifest) -> dict[str, Any]:
    """What a checkpoint says of itself, beside its config, its classes and its files."""
    told = {key: value for key, value in manifest.to_dict().items() if key not in _TOLD_OTHERWISE}
    return told | {"one_pass_s": manifest.one_pass_s, "algorithmic_latency_s": manifest.algorithmic_latency_s}


def in_words(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """A record for people: groups by title, of lines by key."""
    words = {
        "hears": _hearing_in_words(record),
        "tells": _telling_in_words(record),
        "classes": _classes_in_words(record),
        "embeds": f"{record['embedding_dim']} numbers" if record["embedding_dim"] else "no embedding",
        "streams": _stream_in_words(record),
        "events": _events_in_words(record),
        "costs": _cost_in_words(record),
    }
    network = {
        key: (" ".join(map(str, value)) or "none") if isinstance(value, list | tuple) else str(value)
        for key, value in _settings(record["config"])
    }
    return {
        f"{record['name']}: {record['about']}": {key: value for key, value in words.items() if value},
        f"weights: {record['weights']}": _weights_in_words(record),
        "reads": _frontend_in_words(record),
        "network": network,
    }


def _hearing_in_words(record: dict[str, Any]) -> str:
    shortest, rate = record["min_input_samples"], record["sample_rate"]
    words = [f"{rate / 1000:g} kHz"]
    words.append("any length" if shortest == 1 else f"what is shorter than {shortest / rate:.2f} s is padded")
    if "one_pass_s" in record and record["block_s"] is None:
        words.append(f"what is longer than {record['one_pass_s']:g} s in windows of {record['window_s']:g} s")
    return "; ".join(words)


def _telling_in_words(record: dict[str, Any]) -> str:
    hop_s = record["frame_hop_s"]
    one = " of which one is heard" if record.get("activation") == "softmax" else ""
    return f"{record['n_classes']} classes{one}, {f'every {hop_s:.2f} s and ' if hop_s else ''}of the whole sound"


def _classes_in_words(record: dict[str, Any]) -> str:
    # Between semicolons, for names such as "Male speech, man speaking" hold commas.
    names = [label["en"] for label in record.get("labels", ())]
    rest = len(names) - _N_NAMED
    return "; ".join(names[:_N_NAMED]) + (f"; and {rest} more" if rest > 0 else "")


def _stream_in_words(record: dict[str, Any]) -> str:
    late = f", {record['algorithmic_latency_s']:g} s late at most" if "algorithmic_latency_s" in record else ""
    if record["block_s"] is not None:
        return f"in blocks of {record['block_s']:g} s, with a state{late}"
    return f"in windows {'back to back' if record['frame_hop_s'] else 'that overlap'}{late}"


def _events_in_words(record: dict[str, Any]) -> str:
    """From which probability on a class sounds, as `panns detect` takes it."""
    if "thresholds" not in record:
        return ""
    if record["operating_points"]:
        usual, *others = (f"{point['false_alarms_per_hour']:g}" for point in record["operating_points"])
        return f"from thresholds chosen for {' or '.join([f'{usual} (the usual)', *others])} false alarms an hour"
    if record["thresholds"] is not None:
        return "from a threshold chosen for each class"
    return f"from {DEFAULT_THRESHOLD:g}, since no thresholds were chosen"


def _settings(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of the network, without its front end; those of a part are named after it."""
    for key, value in config.items():
        if isinstance(value, dict) and key != "frontend":
            yield from ((f"{key.replace('_', ' ')} {inner}", one) for inner, one in _settings(value))
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
    if record["inputs"] == ["waveform"]:
        words["inputs"] += ", of which it makes the log-mel"
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
    words: dict[str, str | None] = {"damaged": record.get("damaged")}
    if "file" in record:
        size = "size unknown" if record["n_bytes"] is None else f"{record['n_bytes'] / 1e6:.0f} MB"
        words |= {
            "reach": f"{record['metric']} {record['value']:.3f} ({record['protocol']})" if record["metric"] else None,
            "file": f"{record['file']}, {size}",
            "licence": record["licence"],
            "source": record["source"],
            "address": record["url"],
            "check": record["check"],
            "sha256": record["sha256"],
            "md5": record["md5"],
        }
    elif "training_data" in record:
        reach = [f"{one['name']} {one['value']:.3f} ({one['protocol']})" for one in record["metrics"]]
        words |= {
            "reach": "; ".join(reach) or None,
            "licence": record["licence"],
            "source": record["source"],
            "training data": record["training_data"],
            "files": _files_in_words(record["files"]) if "files" in record else None,
        }
    else:
        words["to run"] = record["without_weights"].partition("; ")[2]
    return {key: value for key, value in words.items() if value is not None}


def _files_in_words(files: dict[str, dict[str, Any]]) -> str:
    sizes = {name: f"{one['n_bytes'] / 1e6:.1f} MB" if one["is_there"] else "missing" for name, one in files.items()}
    return "; ".join(f"{name}, {size}" for name, size in sizes.items()) or "none"


def _samples(n_samples: int, rate: int) -> str:
    return f"{n_samples} samples ({1000 * n_samples / rate:g} ms)"
