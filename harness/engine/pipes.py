"""Lines over the process's own stdin and stdout, without ever holding up the loop.

Where no event loop watches pipes, as on Windows, threads do: one reads, one writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import select
import stat
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

try:
    import fcntl
except ImportError:
    _WATCHED = False  # Windows, whose pipes no event loop watches
else:
    _WATCHED = True

_ROOM = 1 << 20  # asked of the kernel, so that a busy reader does not tear a line in two
_LAST_WORDS = 1.0  # seconds for what is still unwritten at the end


@contextlib.asynccontextmanager
async def stdin_reader() -> AsyncIterator[asyncio.StreamReader]:
    """The orders; they end when the caller closes its side or dies."""
    reader = asyncio.StreamReader(limit=_ROOM)
    if not _WATCHED:
        loop = asyncio.get_running_loop()
        threading.Thread(target=_feed, args=(reader, loop), daemon=True).start()
        yield reader
        return
    pipe = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield reader
    finally:
        transport.close()


def _feed(reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # the loop may have ended first
        while data := os.read(sys.stdin.fileno(), _ROOM):
            loop.call_soon_threadsafe(reader.feed_data, data)
        loop.call_soon_threadsafe(reader.feed_eof)


class Writer(Protocol):
    """Takes whole lines."""

    def write(self, data: bytes) -> None:
        """Take a whole line."""

    def finish(self) -> None:
        """Write what is left, for a second at most."""


def line_writer(descriptor: int, broken: Callable[[], object]) -> Writer:
    """What writes lines to a descriptor; `broken` is called once nobody reads them any more."""
    return LineWriter(descriptor, broken) if _WATCHED else ThreadWriter(descriptor, broken)


class ThreadWriter:
    """Writes lines in a thread of its own."""

    def __init__(self, descriptor: int, broken: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(loop, broken), daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Take a whole line."""
        self._lines.put(data)

    def finish(self) -> None:
        """Write what is left, for a second at most."""
        self._lines.put(b"")
        self._thread.join(_LAST_WORDS)

    def _run(self, loop: asyncio.AbstractEventLoop, broken: Callable[[], object]) -> None:
        try:
            while line := self._lines.get():
                while line:
                    line = line[os.write(self._descriptor, line) :]
        except OSError:  # nobody reads any more
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(broken)


class LineWriter:
    """Writes whole lines at once as far as the pipe takes them, and the rest as soon as it does."""

    def __init__(self, descriptor: int, broken: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._broken = broken
        self._pending = bytearray()
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError, AttributeError):  # Linux alone lets pipes grow
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _ROOM)

    def write(self, data: bytes) -> None:
        """Take a whole line."""
        waiting = bool(self._pending)
        self._pending += data
        if not waiting and not self._push():
            asyncio.get_running_loop().add_writer(self._descriptor, self._more)

    def finish(self) -> None:
        """Write what is left, for a second at most."""
        end = time.monotonic() + _LAST_WORDS
        while self._pending and (left := end - time.monotonic()) > 0:
            select.select((), (self._descriptor,), (), left)
            self._push()

    def _more(self) -> None:
        if self._push():
            asyncio.get_running_loop().remove_writer(self._descriptor)

    def _push(self) -> bool:
        """Write what goes; True where nothing is left."""
        try:
            while self._pending:
                del self._pending[: os.write(self._descriptor, self._pending)]
        except BlockingIOError:
            return False
        except OSError:  # nobody reads any more
            self._pending.clear()
            self._broken()
        return True
