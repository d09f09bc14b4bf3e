"""The line to one engine: its process (or thread), what is written to it and what it says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Protocol

from harness.errors import ApparatusError
from harness.vantage.place import Place

ENGINE = (sys.executable, "-m", "harness.engine")
GRACE = 2.0  # seconds in which an engine that was told to end must have ended


class Link(Protocol):
    """Lines to and from one engine."""

    pid: int

    def say(self, line: bytes) -> None:
        """Hand one line to the engine. A gone engine is no error here: its reader notices."""

    def lines(self) -> Iterator[bytes]:
        """What the engine says, until it is gone."""

    def remains(self) -> str:
        """How it ended and its last words."""

    def close(self) -> None:
        """End it, and wait until it has ended."""

    def release(self) -> None:
        """Let go of what is left once nobody reads any more."""


class ProcessLink:
    """An engine in a process of its own, started where the measurements are made."""

    def __init__(self, place: Place) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the link
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._program = place.popen(
                [sys.executable, "-m", "harness.engine"],
                stdin=theirs_in,
                stdout=theirs_out,
                stderr=self._words.fileno(),
            )
        except OSError as exc:
            raise ApparatusError(f"the engine does not start: {exc.strerror}") from exc
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._to = os.fdopen(ours_out, "wb", buffering=0)
        self._from = os.fdopen(ours_in, "rb")
        self._writing = threading.Lock()
        self.pid = self._program.pid

    def say(self, line: bytes) -> None:
        """Hand one line to the engine."""
        with self._writing, contextlib.suppress(OSError, ValueError):
            view = memoryview(line)
            while view:
                view = view[self._to.write(view) :]

    def lines(self) -> Iterator[bytes]:
        """What the engine says, until it is gone."""
        with contextlib.suppress(ValueError):  # closed by us meanwhile
            yield from self._from

    def remains(self) -> str:
        """How it ended and its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired, TimeoutError):
            self._program.wait(GRACE)
        return f"{_ending(self._program.returncode)}{self._last_words()}"

    def close(self) -> None:
        """End it, and wait until it has ended: EOF on its stdin first, then force."""
        with contextlib.suppress(OSError):
            self._to.close()
        try:
            self._program.wait(GRACE)
        except (subprocess.TimeoutExpired, TimeoutError):
            self._program.kill()
            self._program.wait(GRACE)

    def release(self) -> None:
        """Let go of its output and its last words."""
        self._from.close()
        self._words.close()

    def _last_words(self) -> str:
        self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - 4096))
        said = self._words.read().decode(errors="replace").strip()
        return f": {said.splitlines()[-1]}" if said else ""


def _ending(code: int | None) -> str:
    """`was killed by SIGKILL`, `ended with 70`."""
    if code is None:
        return "closed its output"
    if code >= 0:
        return f"ended with {code}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-code).name}"
    return f"was killed by signal {-code}"


class ThreadLink:
    """The same engine in a thread of ours, for debuggers."""

    pid = os.getpid()

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._from = ours.makefile("rb")
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(theirs,), name="waygauge-engine", daemon=True)
        self._thread.start()

    def say(self, line: bytes) -> None:
        """Hand one line to the engine."""
        with contextlib.suppress(OSError):
            self._socket.sendall(line)

    def lines(self) -> Iterator[bytes]:
        """What the engine says, until it is gone."""
        with contextlib.suppress(OSError, ValueError):
            yield from self._from

    def remains(self) -> str:
        """How it ended."""
        self._thread.join(GRACE)
        return f"ended: {type(self._failed).__name__}: {self._failed}" if self._failed else "ended"

    def close(self) -> None:
        """End it by EOF, and wait for the thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(GRACE)

    def release(self) -> None:
        """Let go of our end."""
        self._from.close()
        self._socket.close()

    def _run(self, theirs: socket.socket) -> None:
        try:
            asyncio.run(_serve(theirs))
        except BaseException as exc:
            self._failed = exc
        finally:
            theirs.close()


async def _serve(theirs: socket.socket) -> None:
    from harness.engine import serve

    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        await serve(reader, writer)
    finally:
        writer.close()
