"""Proxies: what listens on the host's addresses hands every byte on to sing-box, and back."""

from __future__ import annotations

import asyncio

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
        try:
            await self.opened(stream, inner)
            async with asyncio.TaskGroup() as both:
                both.create_task(carry(stream, inner))
                both.create_task(carry(inner, stream))
        except* OSError:
            pass  # one side has let go; so does the other
        finally:
            inner.writer.close()

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


async def carry(here: Stream, there: Stream) -> None:
    """Everything that comes here goes there, the end too."""
    while data := await here.reader.read(_READ):
        there.writer.write(data)
        await there.writer.drain()
    if there.writer.can_write_eof():
        there.writer.write_eof()
    else:
        there.writer.close()
