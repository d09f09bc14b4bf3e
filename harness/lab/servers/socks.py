"""A SOCKS5 proxy's public side: where datagrams are asked for, its relay stands on the host's own address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

from harness.lab.servers.listen import bind
from harness.lab.servers.proxy import Proxy
from harness.lab.servers.relay import Relay
from harness.lab.servers.seat import Stream

_ASSOCIATE, _V4, _V6 = 3, 1, 4  # RFC 1928, sections 4 and 5
_PASSWORD = 2  # RFC 1928, section 3


class SocksProxy(Proxy):
    """sing-box listens for datagrams on loopback; clients are told of a relay that they can reach."""

    async def opened(self, stream: Stream, inner: Stream) -> None:
        """Carry the opening; an association gets its relay here."""
        greeting = await stream.reader.readexactly(2)
        await self._pass(greeting + await stream.reader.readexactly(greeting[1]), inner)
        chosen = await self._answer(2, inner, stream)
        if chosen[1] == _PASSWORD:
            await self._log_in(stream, inner)
        head = await stream.reader.readexactly(4)
        await self._pass(head, inner)
        if head[1] == _ASSOCIATE:
            await self._associate(stream, inner, head[3])

    async def _log_in(self, stream: Stream, inner: Stream) -> None:
        name = await stream.reader.readexactly(2)
        name += await stream.reader.readexactly(name[1] + 1)
        await self._pass(name + await stream.reader.readexactly(name[-1]), inner)
        await self._answer(2, inner, stream)

    async def _associate(self, stream: Stream, inner: Stream, kind: int) -> None:
        where = await stream.reader.readexactly({_V4: 6, _V6: 18}.get(kind, 1))
        if kind not in {_V4, _V6}:  # a name behind its length
            where += await stream.reader.readexactly(where[0] + 2)
        await self._pass(where, inner)
        reply = await inner.reader.readexactly(10)
        own: tuple[Any, ...] = stream.writer.get_extra_info("sockname")
        bound = bind(own[0], 0, socket.SOCK_DGRAM)
        relay = Relay(bound, _known(int.from_bytes(reply[8:10], "big")))
        relay.open()
        asyncio.current_task().add_done_callback(lambda _: relay.close())  # type: ignore[union-attr]
        packed = ipaddress.ip_address(own[0]).packed
        public = bytes((_V4 if len(packed) == 4 else _V6,)) + packed + bound.getsockname()[1].to_bytes(2, "big")
        stream.writer.write(reply[:3] + public)

    @staticmethod
    async def _pass(data: bytes, to: Stream) -> None:
        to.writer.write(data)
        await to.writer.drain()

    @staticmethod
    async def _answer(size: int, inner: Stream, stream: Stream) -> bytes:
        data = await inner.reader.readexactly(size)
        stream.writer.write(data)
        return data


def _known(port: int) -> Any:
    async def inner() -> int:
        return port

    return inner
