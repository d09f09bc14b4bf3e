"""Lines over the process's own stdin and stdout, without ever holding up the loop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable

_ROOM = 1 << 20  # asked of the kernel, so that a busy reader does not tear a line in two
_LAST_WORDS = 1.0  # seconds for what is still unwritten at the end


@contextlib.asynccontextmanager
async def stdin_reader() -> AsyncIterator[asyncio.StreamReader]:
    """The orders; they end when the caller closes its side or dies."""
    reader = asyncio.StreamReader(limit=_ROOM)
    pipe = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield reader
    finally:
        transport.close()


class LineWriter:
    """Writes whole lines at once as far as the pipe takes them, and the rest as soon as it does."""

    def __init__(self, descriptor: int, broken: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._broken = broken
        self._pending = bytearray()
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError):
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
