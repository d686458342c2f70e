"""Time to load a checkpoint in a fresh process, with a warm disk cache and without imports."""

from __future__ import annotations

import json
import sys

from benchmarks.material import checkpoint
from benchmarks.measure import report, run_process, timing

CHILD = """
import json, sys, time
path, backend = sys.argv[1:]
if backend == "torch": import torch, panns.networks.saving
if backend == "onnx": import onnxruntime
if backend == "openvino": import openvino
import panns
panns.load
cpu, wall = time.process_time(), time.perf_counter()
panns.load(path, backend=backend, device="cpu", n_threads=1)
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""


def main() -> None:
    """Measure and report."""
    rows: list[dict[str, object]] = []
    for name in ("builtin", "mn04_as", "cnn14"):
        path = str(checkpoint(name).path)
        for backend in ("onnx", "torch", "openvino"):
            runs = [run_process([sys.executable, "-c", CHILD, path, backend]) for _ in range(5)]
            times = [json.loads(run.stdout) for run in runs]
            rows.append(
                {
                    "model": name,
                    "backend": backend,
                    "CPU-s": timing([cpu for cpu, _ in times]),
                    "wall s": timing([wall for _, wall in times]),
                    "peak MB": round(max(run.peak_mb for run in runs)),
                }
            )
    report("loading", "Loading a checkpoint, warm disk, digests checked", rows)


if __name__ == "__main__":
    main()
