"""Bytes between a real socket and an end of a connection that is only told of."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from harness.lab.linger import BY_RESET
from harness.lab.loopback.ends import End

READ = 65_536
_LINGERS = 60.0  # seconds that a connection may stay open one way only


async def carry(
    end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: asyncio.Future[bytes]
) -> None:
    """Bytes both ways until both have ended, or one side cuts off the other; `first` are those that come next."""
    leaving, coming = asyncio.ensure_future(_out(end, reader, first)), asyncio.ensure_future(_home(end, writer))
    try:
        await asyncio.wait({leaving, coming}, return_when=asyncio.FIRST_COMPLETED)
        if not writer.transport.is_closing():
            await asyncio.wait({leaving, coming}, timeout=_LINGERS)
        await asyncio.wait_for(end.silent.wait(), _LINGERS)
    except TimeoutError:
        end.reset()
    finally:
        leaving.cancel()
        coming.cancel()
        writer.close()


async def _out(end: End, reader: asyncio.StreamReader, first: asyncio.Future[bytes]) -> None:
    try:
        data = await first
        while data:
            await end.write(data)
            data = await reader.read(READ)
        end.finish()
    except OSError:
        end.reset()


async def _home(end: End, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await end.read():
            writer.write(data)
            await writer.drain()
        if data is None:
            _abort(writer)
        elif writer.can_write_eof():
            writer.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    """A reset, as the socket's owner sees one."""
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
    writer.transport.abort()
