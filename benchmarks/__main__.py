"""Run benchmarks in sequence, each in its own process so that none affects the next."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "frontend",
    "end_to_end",
    "against_panns_inference",
    "backends",
    "models",
    "patches",
    "training",
    "startup",
    "loading",
    "memory",
    "streaming_latency",
    "streams",
    "sliding_windows",
    "detect_memory",
    "stream_clock",
)


def main() -> None:
    """Run the named benchmarks, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            sys.exit(f"unknown benchmark {name!r}; use one of {', '.join(BENCHMARKS)}")
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
