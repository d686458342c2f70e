"""A pseudo-terminal, and the text on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

from tests.commands import INTERRUPTIBLE, own_environment


class Terminal:
    """Run Python with some standard streams on a pseudo-terminal; `shown` is the output there so far."""

    def __init__(self, *arguments, streams=("stderr",), columns=80, **variables):
        import fcntl
        import pty
        import struct
        import termios

        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        files = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        variables = {"TERM": "xterm", "PYTHONWARNINGS": "default", **variables}
        self.process = subprocess.Popen(
            [sys.executable, *map(os.fspath, arguments)],
            env=own_environment(**variables),
            **INTERRUPTIBLE,
            **(files | dict.fromkeys(streams, follower)),
        )
        os.close(follower)
        self._leader = leader
        self.shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        try:
            while data := os.read(self._leader, 65536):
                self.shown += data
        except OSError:  # the last one who had it open has ended
            pass

    def wait(self, timeout_s=600):
        """Wait for the process to end; return its output on stdout, if that is not the terminal."""
        stdout, _ = self.process.communicate(timeout=timeout_s)
        self._reader.join(timeout=600)
        os.close(self._leader)
        return stdout

    @property
    def lines(self):
        """Lines that remain on a terminal of unlimited width, without overwritten text."""
        rows, row, column = {}, 0, 0
        for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", self.shown.decode()):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                row += 1
            elif piece == "\x1b[2K":
                rows[row] = ""
            elif re.fullmatch(r"\x1b\[\d+A", piece):
                row -= int(piece[2:-1])
            elif not piece.startswith("\x1b"):
                before = rows.get(row, "").ljust(column)
                rows[row] = before[:column] + piece + before[column + len(piece) :]
                column += len(piece)
        return [rows[i] for i in sorted(rows) if rows[i].strip()]
