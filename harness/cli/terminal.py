"""A program on a terminal of its own, joined to the one we have been handed: `python -m harness.cli.terminal PROGRAM`.

Inside a lab a program stands in a session of its own, to which the user's terminal cannot belong (setsid(2)). Without a
controlling terminal there is no job control, and Ctrl-C would end the lab instead of what runs in its shell.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Sequence

STDIN = 0


def command(program: Sequence[str]) -> list[str]:
    """What to run in a program's place: itself where nobody sits before a terminal."""
    joined = os.isatty(STDIN) and os.isatty(1)
    return [sys.executable, "-m", __name__, *program] if joined else [*program]


def main(program: list[str]) -> int:
    """Run it until it ends; gives its exit code. Ctrl-C is for it, even where whoever started us was deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return os.waitstatus_to_exitcode(pty.spawn(program, _output, _input))


def _output(terminal: int) -> bytes:
    _fit(terminal)
    return os.read(terminal, 65536)


def _input(ours: int) -> bytes:
    return os.read(ours, 65536)


def _fit(terminal: int) -> None:
    """Make the program's terminal as large as ours; who learns of a change by signal is the process outside."""
    size = fcntl.ioctl(STDIN, termios.TIOCGWINSZ, bytes(8))
    if size != fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)) and any(struct.unpack("4H", size)[:2]):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
