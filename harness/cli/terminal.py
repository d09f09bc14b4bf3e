"""A program on a terminal of its own, joined to the one we have been handed: `python terminal.py PROGRAM`.

Inside a lab a program stands in a session of its own, to which the user's terminal cannot belong (setsid(2)). Without a
controlling terminal there is no job control, no question for a password, and Ctrl-C would end the lab instead of what
runs in it. Run by its path, and with the standard library alone: nothing on the user's own path comes in between.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import signal
import struct
import sys
import termios
from collections.abc import Sequence

STDIN = 0


def command(program: Sequence[str]) -> list[str]:
    """What to run in a program's place: itself where one of its streams is no terminal, or where it cannot be run.

    In the background it is left alone too: the terminal is somebody else's to set up.
    """
    joined = all(os.isatty(stream) for stream in range(3)) and not _behind() and shutil.which(program[0])
    return [sys.executable, "-P", __file__, *program] if joined else [*program]


def _behind() -> bool:
    """True where our terminal's foreground is another job."""
    try:
        return os.tcgetpgrp(STDIN) != os.getpgrp()
    except OSError:  # a terminal, but not our controlling one
        return False


def main(program: list[str]) -> int:
    """Run it until it ends; gives its exit code. Ctrl-C is for it, even where whoever started us was deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal gets back what it was on the way out
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    code = os.waitstatus_to_exitcode(pty.spawn(program, _output, _input))
    return code if code >= 0 else 128 - code  # as shells have it


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
