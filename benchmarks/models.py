"""Every published architecture: parameters, file size, published mAP, and what its network costs for 10 s."""

from __future__ import annotations

from benchmarks.material import checkpoint, noise
from benchmarks.measure import cpu_ms, report, require_one_thread
from panns.frontend import log_mel
from panns.models import list_models
from panns.models.checkpoint import ONNX_FILE, TORCH_FILE
from panns.runtime.load import load_model

# The other variants of CNN14 cost what it costs.
SAME_AS_CNN14 = ("cnn14_emb", "cnn14_no_", "cnn14_mixup", "cnn14_decision_level_avg", "cnn14_decision_level_att")


def main() -> None:
    """Measure and report."""
    rows: list[dict[str, object]] = []
    for entry in list_models():
        if entry.name.startswith(SAME_AS_CNN14):
            continue
        found = checkpoint(entry.name)
        model = load_model(found, n_threads=1)
        config = entry.config.frontend
        features = log_mel(noise(10, config.sample_rate)[:, 0], config)[None]
        n_bytes = found.file(ONNX_FILE).stat().st_size
        cost = cpu_ms(lambda: model.backend(features), repeats=9 if n_bytes < 100e6 else 3, warm_up=1)
        rows.append(
            {
                "model": entry.name,
                "parameters, M": f"{_n_parameters(found.file(TORCH_FILE)) / 1e6:.1f}",
                "file, MB": f"{n_bytes / 1e6:.0f}",
                "rate, Hz": config.sample_rate,
                "mAP": "-" if entry.weights is None else f"{entry.weights.value:.3f}",
                "network, CPU-ms": f"{cost.median:.1f}",
            }
        )
    report("models", "Models, 10 s of sound, ONNX Runtime, one thread; mAP as published", rows)


def _n_parameters(path: object) -> int:
    """What training changes: statistics of batch norms are no parameters."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        names = [name for name in file.keys() if "running_" not in name and "num_batches" not in name]  # noqa: SIM118 - no mapping
        return sum(file.get_tensor(name).size for name in names)


if __name__ == "__main__":
    require_one_thread()
    main()
