"""Run benchmarks one after another, each in a process of its own so that none warms up or burdens the next."""

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
    """Run those named, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            sys.exit(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
