"""Entry point of `panns` and `python -m panns`.

The imports of the command line take a moment, in which Ctrl-C would show a traceback.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

_INTERRUPTED = 130  # as in a shell: 128 + SIGINT


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signature of a signal handler
    os.write(2, b"panns: interrupted\n")
    os._exit(_INTERRUPTED)


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the parent chose to ignore it
        signal.signal(signal.SIGINT, _leave)
    from panns.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
