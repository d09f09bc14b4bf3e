"""Proxies: what listens on the host's addresses hands every byte on to sing-box, and back."""

from __future__ import annotations

import asyncio
import contextlib

from harness.errors import ApparatusError
from harness.lab.servers.seat import Seat, Stream

_READ = 65_536


class Proxy:
    """The public side of one inbound of sing-box, HTTP CONNECT or SOCKS5."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def serve(self, stream: Stream) -> None:
        """Carry one connection."""
        port = await self.inner()
        inner = Stream(*await asyncio.open_connection("127.0.0.1", port))
        with contextlib.closing(inner.writer), contextlib.suppress(OSError):
            await self.opened(stream, inner)
            await join(stream, inner)

    async def inner(self) -> int:
        """The loopback port of sing-box's side; a sing-box that cannot be had is the end of the lab."""
        try:
            return await self._seat.internet.sing_box.port_of(self._seat)
        except ApparatusError as exc:
            self._seat.internet.fail(str(exc))
            raise ConnectionAbortedError from exc

    async def opened(self, stream: Stream, inner: Stream) -> None:
        """Carry what has to be looked at on the way; nothing here."""


class Tunnel(Proxy):
    """The public side of an inbound that takes datagrams too, or nothing else."""


async def join(one: Stream, other: Stream) -> None:
    """Carry both ways until both have come to their end; where one side lets go before, so does the other."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(carry(one, other))
            both.create_task(carry(other, one))
    except* OSError:
        pass


async def carry(here: Stream, there: Stream) -> None:
    """Everything that comes here goes there, the end too."""
    while data := await here.reader.read(_READ):
        there.writer.write(data)
        await there.writer.drain()
    if there.writer.can_write_eof():
        there.writer.write_eof()
    else:
        there.writer.close()
