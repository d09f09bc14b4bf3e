"""A program that runs in the client's namespaces; asked as one asks a `subprocess.Popen`."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO, Any, TypeAlias, TypedDict

from harness.errors import ApparatusError, ScenarioError
from harness.lab.channel import Channel, Closed

Stream: TypeAlias = int | IO[Any] | None
PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"})  # as curl(1) reads them
OF_TERMINALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGHUP})


class Stdio(TypedDict, total=False):
    """Where a program's streams go, as for `subprocess.Popen`: a descriptor, a file, PIPE, DEVNULL, STDOUT or None."""

    stdin: Stream
    stdout: Stream
    stderr: Stream


class LabProcess:
    """A program in the lab: `pid` as seen from here, binary pipes where they were asked for."""

    def __init__(self, argv: Sequence[str], pidfd: int, told: Channel, pipes: Sequence[IO[bytes] | None]) -> None:
        self.args = tuple(argv)
        self.pid = pid_of(pidfd)
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = pipes
        self._pidfd = pidfd
        self._told = told
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """How the program ended, or None while it runs."""
        with self._lock:
            if self.returncode is None and self._told.waiting(0.0):
                self.returncode = self._ended()
                self._told.close()
                os.close(self._pidfd)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How the program ended: its exit code, or minus the signal; subprocess.TimeoutExpired where it has not."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = 1.0 if until is None else until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self._wait(left)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float) -> bytes:
        """All that the program writes to a piped stdout, once it has ended; it is killed where it does not in time."""
        assert self.stdout is not None
        timer = threading.Timer(timeout, self.kill)
        timer.start()
        try:
            with self.stdout as stdout:
                output = stdout.read()
            self.wait(timeout)
        finally:
            timer.cancel()
        return output

    def send_signal(self, number: int) -> None:
        """Send a signal to the program, unless it has ended."""
        with self._lock:
            if self.returncode is None:
                try:
                    signal.pidfd_send_signal(self._pidfd, number)
                except ProcessLookupError:
                    return

    def pass_on(self, number: int) -> None:
        """Send a signal as whoever sent it to us would have: those of a terminal reach all of the program's group."""
        if number not in OF_TERMINALS:
            self.send_signal(number)
            return
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self.returncode is None and (pid := pid_of(self._pidfd)) > 0:
                os.killpg(pid, number)

    def terminate(self) -> None:
        """Ask the program to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the program."""
        self.send_signal(signal.SIGKILL)

    def _wait(self, within: float) -> None:
        try:
            self._told.waiting(within)
        except ValueError:
            return  # another thread has read the end meanwhile

    def _ended(self) -> int:
        try:
            message, _ = self._told.receive(0.0)
        except Closed:
            return -signal.SIGKILL  # the lab went down, and all within it
        return int(message["code"])


def here() -> pathlib.Path:
    """The folder that we work in; said plainly where somebody has taken it away."""
    try:
        return pathlib.Path.cwd()
    except FileNotFoundError:
        raise ScenarioError("the folder that you work in is not there any more; go to another one") from None


def environment() -> dict[str, str]:
    """Our own environment for a program inside, without the proxies of the network outside: none of them is there."""
    return {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}


def pid_of(pidfd: int) -> int:
    """The process behind a pidfd, numbered as in our own pid namespace; -1 where it has been reaped."""
    for line in pathlib.Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise ApparatusError("this kernel does not tell the process behind a pidfd")  # before Linux 5.3


def arrange(stdio: Stdio) -> tuple[list[int], list[int], list[IO[bytes] | None]]:
    """The three descriptors to hand over, those of them to close afterwards, and our own ends of pipes."""
    given: list[int] = []
    close: list[int] = []
    pipes: list[IO[bytes] | None] = []
    for place, name in enumerate(("stdin", "stdout", "stderr")):
        theirs, mine, ours = _arrange(stdio.get(name), place, given)
        given.append(theirs)
        close.extend(mine)
        pipes.append(ours)
    return given, close, pipes


def _arrange(wanted: object, place: int, given: list[int]) -> tuple[int, list[int], IO[bytes] | None]:
    if wanted is None:
        return place, [], None
    if wanted == subprocess.STDOUT:
        return given[1], [], None
    if wanted == subprocess.DEVNULL:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        return null, [null], None
    if wanted == subprocess.PIPE:
        return _pipe(place)
    fd = wanted if isinstance(wanted, int) else wanted.fileno()  # type: ignore[attr-defined]
    return fd, [], None


def _pipe(place: int) -> tuple[int, list[int], IO[bytes]]:
    read_end, write_end = os.pipe()
    if place == 0:
        return read_end, [read_end], os.fdopen(write_end, "wb", buffering=0)
    return write_end, [write_end], os.fdopen(read_end, "rb")
