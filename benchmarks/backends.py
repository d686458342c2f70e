"""Throughput of every backend, from waveform to scores, in batches of 1, 8 and 32 clips."""

from __future__ import annotations

import numpy as np

from benchmarks.material import checkpoint, noise
from benchmarks.measure import cpu_ms, report, require_one_thread
from panns.runtime.backend import BACKENDS
from panns.runtime.load import load_model


def main() -> None:
    """Measure and report."""
    rows: list[dict[str, object]] = []
    for name, repeats in (
        ("builtin", 5),
        ("mn04_as", 5),
        ("mobilenetv1", 5),
        ("patch_attention", 3),
        ("ced_tiny", 3),
        ("cnn14", 2),
    ):
        found = checkpoint(name)
        for backend in BACKENDS:
            model = load_model(found, backend=backend, device="cpu", n_threads=1)
            waveform = noise(10, model.manifest.sample_rate)[:, 0]
            row: dict[str, object] = {"model": name, "backend": backend}
            for batch_size in (1, 8, 32):
                batch = np.stack([waveform] * batch_size)
                one_call = cpu_ms(lambda: model.score(batch), repeats=repeats, warm_up=1)
                row[f"batch {batch_size}"] = f"{1e3 * batch_size / one_call.median:.1f}"
            rows.append(row)
    report("backends", "Clips of 10 s per second of CPU time, waveform to scores, one thread", rows)


if __name__ == "__main__":
    require_one_thread()
    main()
