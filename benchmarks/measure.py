"""Timing on one thread, reports as tables and JSON, and a description of the machine.

Benchmarks compare CPU time of the process, which varies far less than wall time on a shared machine.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "panns-audio",
    "numpy",
    "onnxruntime",
    "soundfile",
    "soxr",
    "torch",
    "openvino",
    "librosa",
    "panns-inference",
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Timing:
    """Median and quartiles of repeated measurements."""

    median: float
    quartile_1: float
    quartile_3: float
    repeats: int

    def __str__(self) -> str:
        digits = 1 if self.median >= 10 else 2
        return f"{self.median:.{digits}f} ({self.quartile_1:.{digits}f}..{self.quartile_3:.{digits}f})"


def timing(values: list[float]) -> Timing:
    """Median and quartiles of values."""
    ordered = sorted(values)
    n = len(ordered)
    return Timing(ordered[n // 2], ordered[n // 4], ordered[(3 * n) // 4], n)


def cpu_ms(function: Callable[[], object], *, repeats: int = 30, warm_up: int = 3) -> Timing:
    """CPU time of a call in milliseconds, over repeated calls."""
    for _ in range(warm_up):
        function()
    values = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        values.append(1e3 * (time.process_time() - start))
    return timing(values)


@dataclass(frozen=True)
class Run:
    """Time and memory of a process from start to end."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    stdout: str


def run_process(arguments: list[str], **environment: str) -> Run:
    """Run a command and measure it; raise if it fails."""
    # An intermediate process, so that the peak memory is that of this command only.
    script = (
        "import resource, subprocess, sys, json, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024,"
        " done.stdout, done.returncode]))"
    )
    outer = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **ONE_THREAD, **environment},
    )  # fmt: skip
    cpu_s, wall_s, peak_mb, stdout, status = json.loads(outer.stdout)
    if status != 0:
        raise RuntimeError(f"{arguments} ended with status {status}")
    return Run(cpu_s, wall_s, peak_mb, stdout)


def require_one_thread() -> None:
    """Restart the process with one thread in every library, unless it has that; libraries read the limit on import."""
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ONE_THREAD})


def report(name: str, title: str, rows: list[dict[str, object]], *, notes: str = "") -> None:
    """Print a table and write it as JSON with a description of the machine."""
    columns = list(rows[0])
    cells = [[str(row[column]) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    print(f"\n{title}")
    for line in (columns, *cells):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if notes:
        print(f"  {notes}")
    plain = [{k: asdict(v) if isinstance(v, Timing) else v for k, v in row.items()} for row in rows]
    RESULTS.mkdir(exist_ok=True)
    record = {"title": title, "notes": notes, "rows": plain, "machine": machine()}
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """Processor, versions and date of a measurement."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {package: found for package in PACKAGES if (found := _version(package))},
        "threads": int(os.environ.get("OMP_NUM_THREADS", "0")) or "all",
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        for line in cpu_info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
