"""Every registered model: parameters, multiply-adds, file size, published metric, and time for 10 s of sound.

Compares the default backend with the original implementation: the same layers in eager torch, after a Fourier transform
as two convolutions (an FFT for EfficientAT and CED, as in their code). Writes the table, and `src/panns/hub/costs.json`
for `panns models list`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.material import checkpoint, noise
from benchmarks.measure import RESULTS, cpu_ms, machine, report, require_one_thread
from panns.checkpoints.checkpoint import ONNX_FILE, TORCH_FILE
from panns.frontend import LogMelConfig, fft_window, mel_filters
from panns.hub.costs import COSTS_FILE, Cost
from panns.models import ModelEntry, list_models
from panns.models.registry import find_model
from panns.networks.complexity import multiply_adds, n_parameters
from panns.networks.contract import Network
from panns.networks.saving import load_network
from panns.runtime.load import load_model

DURATION_S = 10.0
HEADLINES: tuple[str, ...] = (
    "builtin",
    "mn04_as",
    "mn10_as",
    "mn40_as_ext",
    "dymn04_as",
    "dymn10_as",
    "dymn20_as",
    "cnn6",
    "cnn10",
)
HEADLINES += ("cnn14", "cnn14_16k", "cnn14_decision_level_max", "cnn14_attention", "cnn14_gru", "resnet38", "resnet50")
HEADLINES += ("mobilenetv1", "mobilenetv2", "leenet11", "dainet19", "res1dnet31", "wavegram_cnn14")
HEADLINES += ("wavegram_logmel_cnn14", "ced_tiny", "ced_mini", "ced_small", "ced_base", "ast_10_10", "ast_16_16")
HEADLINES += ("patch_attention_tiny", "patch_attention", "patch_attention_16")


class OriginalLogMel(nn.Module):
    """Log-mel of the original PANNs, with sines and cosines of every bin as kernels of two convolutions."""

    def __init__(self, config: LogMelConfig) -> None:
        super().__init__()
        self.config = config
        angle = 2 * np.pi * np.outer(np.arange(config.n_fft // 2 + 1), np.arange(config.n_fft)) / config.n_fft
        window = fft_window(config)
        self.real = torch.tensor((np.cos(angle) * window)[:, None], dtype=torch.float32)
        self.imaginary = torch.tensor((-np.sin(angle) * window)[:, None], dtype=torch.float32)
        self.filters = torch.tensor(mel_filters(config))

    def forward(self, waveform: Tensor) -> Tensor:
        """Compute `(batch, frames, mels)` from `(batch, samples)`."""
        half, hop = self.config.n_fft // 2, self.config.hop_samples
        padded = functional.pad(waveform[:, None], (half, half), mode="reflect")
        real, imaginary = (functional.conv1d(padded, kernels, stride=hop) for kernels in (self.real, self.imaginary))
        mel = (real**2 + imaginary**2).transpose(1, 2) @ self.filters
        return 10.0 * torch.log10(mel.clamp(min=self.config.log_floor))


def main() -> None:
    """Measure and report.

    The argument "prepare" only writes the checkpoints, which takes long and needs no idle machine. Names of models
    measure these models alone.
    """
    if sys.argv[1:] == ["prepare"]:
        for entry in list_models():
            print(entry.name, flush=True)
            checkpoint(same_graph(entry))
        return
    if sys.argv[1:]:
        add_costs(sys.argv[1:])
        return
    measured: dict[str, tuple[Cost, float]] = {}
    for entry in list_models():
        if entry.name not in measured:
            first = same_graph(entry)
            if first not in measured:
                measured[first] = measure(first)
                print(first, *measured[first], flush=True)
            measured[entry.name] = measured[first]
    rows = [row(entry, *measured[entry.name]) for entry in list_models()]
    title = "Models, 10 s of sound from waveform to scores, one thread; mAP as published"
    report("models", title, rows)
    report("models_short", title, [one for one in rows if one["model"] in HEADLINES])
    found = machine()
    record = {
        "processor": found["processor"],
        "date": found["date"],
        "models": {entry.name: asdict(measured[entry.name][0]) for entry in list_models()},
    }
    COSTS_FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def add_costs(names: Sequence[str]) -> None:
    """Measure some models; put their costs into the file, and their rows into the tables, with the date."""
    found, record = machine(), json.loads(COSTS_FILE.read_text(encoding="utf-8"))
    for name in names:
        cost, eager_ms = measure(name)
        record["models"][name] = asdict(replace(cost, measured_on=f"{found['processor']}, {found['date']}"))
        _replace_row(row(find_model(name), cost, eager_ms), f"{name}: measured on {found['date']}")
        print(name, cost, eager_ms)
    COSTS_FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _replace_row(new: dict[str, object], note: str) -> None:
    """Replace or add the row of a model in the stored tables, and note when it was measured."""
    for table in ("models", "models_short"):
        path = RESULTS / f"{table}.json"
        stored = json.loads(path.read_text(encoding="utf-8"))
        places = [i for i, one in enumerate(stored["rows"]) if one["model"] == new["model"]]
        if places:
            stored["rows"][places[0]] = new
        elif table == "models":
            stored["rows"].append(new)
        else:
            continue
        kept = [one for one in stored["notes"].split("; ") if one and not one.startswith(f"{new['model']}: ")]
        stored["notes"] = "; ".join((*kept, note))
        path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def same_graph(entry: ModelEntry) -> str:
    """First registered name with this graph; models with the same graph differ in training only."""
    for other in list_models():
        if other.network == entry.network and _shape(other) == _shape(entry):
            return other.name
    raise AssertionError(entry.name)


def _shape(entry: ModelEntry) -> object:
    training = {field: 0.0 for field in vars(entry.config) if "dropout" in field or field == "drop_path"}
    return replace(entry.config, **training)


def measure(name: str) -> tuple[Cost, float]:
    """Measure the cost of a model on the default backend, and CPU-ms of the original implementation in eager torch."""
    found = checkpoint(name)
    waveform = noise(DURATION_S, found.manifest.sample_rate)[:, 0][None]
    model = load_model(found, n_threads=1)
    n_bytes = found.verified_file(ONNX_FILE if found.has_file(ONNX_FILE) else TORCH_FILE).stat().st_size
    repeats = 9 if n_bytes < 100e6 else 5
    ours = cpu_ms(lambda: model.score(waveform), repeats=repeats, warm_up=1)
    network = load_network(found)
    eager = cpu_ms(eager_call(network, torch.from_numpy(waveform)), repeats=repeats, warm_up=1)
    cost = Cost(n_parameters(network), multiply_adds(network, DURATION_S), n_bytes, round(ours.median, 2))
    return cost, eager.median


def eager_call(network: Network, waveform: Tensor) -> Callable[[], None]:
    """Function that scores a waveform like the original implementation, in eager torch."""
    frontend = network.config.frontend
    config = frontend.log_mel
    log_mel = OriginalLogMel(config) if config is not None and config.mel_scale == "slaney" else None

    def call() -> None:
        with torch.inference_mode():
            if log_mel is None:
                network(waveform)
            else:
                inputs = [log_mel(waveform) if name == "features" else waveform for name in frontend.inputs]
                network.forward_features(*inputs)

    return call


def row(entry: ModelEntry, cost: Cost, eager_ms: float) -> dict[str, object]:
    """Row of the table."""
    weights = entry.weights
    arxiv = None if weights is None else re.search(r"arXiv:([\d.]+)", weights.source)
    return {
        "model": entry.name,
        "parameters, M": f"{cost.n_parameters / 1e6:.2f}",
        "multiply-adds, G": f"{cost.multiply_adds / 1e9:.2f}",
        "file, MB": f"{cost.n_bytes / 1e6:.0f}",
        "rate, kHz": f"{entry.config.frontend.sample_rate / 1000:g}",
        "frames": "-" if entry.config.frame_hop_s is None else f"{entry.config.frame_hop_s:.2f} s",
        "mAP": "-" if weights is None or weights.metric != "mAP" else f"{weights.value:.3f}",
        "source": "-" if arxiv is None else f"[{arxiv[1]}](https://arxiv.org/abs/{arxiv[1]})",
        "CPU-ms": f"{cost.cpu_ms:.1f}",
        "eager torch, CPU-ms": f"{eager_ms:.1f}",
        "times faster": f"{eager_ms / cost.cpu_ms:.1f}",
    }


if __name__ == "__main__":
    require_one_thread()
    main()
