"""An outside program, held so that it cannot outlive us, and what it says.

It has a process group of its own, an allow-listed environment, and its configuration from an unlinked file of mode
0600 on stdin: no argument, no variable and no file in the file system holds a secret, nor stays behind after a SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence

from harness.dial.deadline import Deadline

KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What an engine needs of our environment; anything else could hold a secret."""

_LINES = 400  # of its log are kept
_PDEATHSIG = 1  # Linux, include/uapi/linux/prctl.h: PR_SET_PDEATHSIG
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _with(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes the program: arrange to be killed when the thread that made it dies."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def bind() -> None:
        prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the arrangement stood
            os._exit(1)

    return bind


class Process:
    """One running program. The loop reads its log, so that it never waits for us."""

    def __init__(self, argv: Sequence[str], config: bytes) -> None:
        self.lines: deque[str] = deque(maxlen=_LINES)
        self._partial = b""
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        out, theirs = os.pipe()
        try:
            with tempfile.TemporaryFile() as given:
                given.write(config)
                given.seek(0)
                self._popen = subprocess.Popen(
                    argv,
                    stdin=given,
                    stdout=theirs,
                    stderr=theirs,
                    cwd="/",
                    env={name: os.environ[name] for name in KEPT if name in os.environ},
                    start_new_session=True,
                    preexec_fn=_with(os.getpid()),  # noqa: PLW1509 - it only makes two system calls
                )
        except BaseException:
            os.close(out)
            raise
        finally:
            os.close(theirs)
        self._out: int | None = out
        os.set_blocking(out, False)
        self._loop.add_reader(out, self._read)

    @property
    def pid(self) -> int:
        """Its number, which is its group's as well."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._popen.poll() is None

    def last_words(self) -> str:
        """The last line of its log."""
        return self.lines[-1][-300:] if self.lines else "it said nothing"

    async def says(self, mark: str, until: Deadline) -> str | None:
        """The last line, said or yet to come, that holds the mark; None where it ends or is late."""
        while True:
            if found := next((line for line in reversed(self.lines) if mark in line), None):
                return found
            if self._out is None:
                return None
            news = self._news
            try:
                async with until.hold():
                    await news.wait()
            except TimeoutError:
                return None

    def stop(self) -> None:
        """End it and its group now, and wait until it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._hang_up()

    def _read(self) -> None:
        assert self._out is not None
        try:
            data = os.read(self._out, 65536)
        except BlockingIOError:
            return
        if not data:
            self._hang_up()
            return
        *whole, self._partial = (self._partial + data).split(b"\n")
        self.lines.extend(line.decode(errors="replace") for line in whole)
        self._tell()

    def _hang_up(self) -> None:
        if self._out is not None:
            self._loop.remove_reader(self._out)
            os.close(self._out)
            self._out = None
            self._tell()

    def _tell(self) -> None:
        """Wake whoever waits; each change has an event of its own, so that none of several waiters misses it."""
        self._news.set()
        self._news = asyncio.Event()
