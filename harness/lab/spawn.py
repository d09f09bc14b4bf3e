"""Programs of the client: forked by the first process, in the client's namespaces, with the owner's descriptors."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn


def start(wanted: Mapping[str, Any], stdio: Sequence[int]) -> int:
    """The pid of the started program; OSError where it cannot be executed."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(wanted, stdio, write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as told:
        fault = told.read()  # ends when the program is executed: the descriptor closes itself then
    if fault:
        os.waitpid(pid, 0)
        number, _, what = fault.decode().partition(":")
        raise OSError(int(number), os.strerror(int(number)), what)
    return pid


def _become(wanted: Mapping[str, Any], stdio: Sequence[int], told: int) -> NoReturn:
    what = str(wanted["cwd"])
    try:
        os.setsid()
        _restore_signals()
        if wanted["terminal"]:
            fcntl.ioctl(stdio[0], termios.TIOCSCTTY, 0)
        os.chdir(what)
        _take(stdio)
        what = str(wanted["argv"][0])
        os.execvpe(what, wanted["argv"], wanted["env"])  # noqa: S606 - no shell is the point
    except OSError as fault:
        os.write(told, f"{fault.errno}:{what}".encode())
    os._exit(127)


def _restore_signals() -> None:
    """Gives back what Python took: a program expects SIGPIPE to end it."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _take(stdio: Sequence[int]) -> None:
    """Puts the three descriptors in their places; duplicated first, since one may stand where another has to go."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in stdio]
    for place, fd in enumerate(high):
        os.dup2(fd, place)
