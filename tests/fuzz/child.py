"""Make and read damaged inputs of a kind, one seed each, and print the outcomes as JSON lines.

A process of its own, since a crash inside a decoder would take the tests down.
Usage: python -m tests.fuzz.child KIND FIRST_SEED LAST_SEED
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import socket
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from panns.errors import PannsError
from tests.fuzz.kinds import KINDS


def outcome(kind, seed):
    """Read the damaged input of a seed; `fault` is None if the law holds."""
    with tempfile.TemporaryDirectory() as folder:
        name = kind.make(np.random.default_rng(seed), Path(folder))
        started = time.process_time()
        fault = None
        try:
            kind.use(Path(folder))
            ended = "answered"
        except PannsError as exc:
            ended = "refused"
            if len(str(exc)) < 20 or "\n" in str(exc):
                fault = f"no message: {exc}"
        except ValueError as exc:  # of a file that the test itself reads
            ended, fault = ("refused", None) if type(exc).__name__ == "DamagedJson" else ("fault", repr(exc))
        except BaseException as exc:  # every other exception is what is looked for
            ended, fault = "fault", f"{type(exc).__name__}: {exc}"
    return {"seed": seed, "name": name, "ended": ended, "fault": fault, "cpu_s": time.process_time() - started}


def refuse_network(*_, **__):
    """Nothing may look up or open an address."""
    raise AssertionError("an address was looked up or opened")


def peak_mb():
    """Peak memory of this process; 0 where the system does not say it."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 2**20)


def main():
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("error")
    socket.getaddrinfo = socket.socket.connect = refuse_network
    # What a library prints on descriptor 1 would damage the output of commands.
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with report, tempfile.TemporaryFile() as printed, tempfile.TemporaryDirectory() as cache:
        os.environ["PANNS_CACHE"] = cache
        os.dup2(printed.fileno(), 1)
        kind = KINDS[sys.argv[1]]()
        for seed in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
            # Named before it is tried, so that a crash leaves its seed as the last line.
            print(json.dumps({"seed": seed}), file=report, flush=True)
            print(json.dumps(outcome(kind, seed)), file=report, flush=True)
        sys.stdout.flush()
        n_printed = os.fstat(printed.fileno()).st_size
        print(json.dumps({"n_printed": n_printed, "peak_mb": peak_mb()}), file=report, flush=True)


if __name__ == "__main__":
    main()
