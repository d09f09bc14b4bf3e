"""The door of a server that is honest and not well: it turns some away, opens and shuts, answers late and slowly.

What it does looks like a censor's work and is none. Services refuse whole countries (McDonald et al., "403 Forbidden:
A Global View of CDN Geoblocking", IMC 2018), data centres and the exits of VPNs; a proxy has no room left; a machine is
up one moment and down the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.lab.censor.scope import Prefixes
from harness.lab.linger import BY_RESET
from harness.lab.servers import http
from harness.lab.servers.params import Flap, Refusal, Served, filled
from harness.lab.servers.seat import Server, Source, Stream
from harness.lab.servers.web import page_of, response_of

Talk: TypeAlias = Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_BACKLOG = 256
_MAX_PACING_RATE = 47  # asm-generic/socket.h; TCP paces itself where no queue does it (Linux 4.13)
_SEGMENT = 1220  # bytes, of either family, whatever lies between (RFC 8200, section 5)
_EVENLY = (5**0.5 - 1) / 2  # the step whose multiples fill 0 to 1 most evenly (Weyl 1916): a share is kept, not drawn
_PATIENCE = 180.0  # seconds; longer than any probe waits


class Guard:
    """Whom a server turns away; a server itself for those who are shown a page instead."""

    def __init__(self, refusal: Refusal) -> None:
        self.how = refusal.how
        self._sources = Prefixes(refusal.sources) if refusal.sources else None
        self._exempt = Prefixes(refusal.exempt_sources)
        self._share = refusal.share
        self._came = 0
        self._response = response_of(page_of(refusal.page))

    def turns_away(self, source: str) -> bool:
        """True where the next connection from that address is not served."""
        packed = ipaddress.ip_address(source).packed
        if packed in self._exempt or (self._sources is not None and packed not in self._sources):
            return False
        self._came += 1
        return self._came * _EVENLY % 1 < self._share

    async def serve(self, stream: Stream) -> None:
        """Answer every request with the page."""
        await http.serve(stream, self._respond)

    async def _respond(self, _request: http.Request) -> http.Response:
        return self._response


def _pace(bound: socket.socket, rate: float) -> None:
    # next to its client, on loopback, one segment would hold 64 KB: a whole page, on which no pace could be kept
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
    bound.setsockopt(socket.SOL_SOCKET, _MAX_PACING_RATE, max(1, int(rate / 8)))


@dataclass(frozen=True, kw_only=True)
class House:
    """What stands behind the doors of one server: one guard for all its addresses."""

    params: Served
    tls: ssl.SSLContext | None
    server: Callable[[], Server]
    talk: Talk
    seen: Callable[[Source], Source] = lambda source: source  # who a peer is
    pace: Callable[[socket.socket, float], None] = _pace  # have a socket, and what it accepts, send at a rate

    @functools.cached_property
    def guard(self) -> Guard | None:
        """Who looks at those who come, where anybody does."""
        return Guard(filled(Refusal, self.params.refuse)) if self.params.refuse else None

    @functools.cached_property
    def flap(self) -> Flap | None:
        """When it is open, where it is not always."""
        return filled(Flap, self.params.flap) if self.params.flap else None


class Door:
    """One listening address of a house; `bind` makes its socket."""

    def __init__(self, house: House, bind: Callable[[], socket.socket]) -> None:
        self._house = house
        self._bind = bind
        self._inside: set[asyncio.Transport] = set()
        self._busy: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Listen from now on, until `close` is called."""
        self._busy.add(asyncio.create_task(self._live(self._listening())))

    def close(self) -> None:
        """Let nobody in any more, and those who are inside go."""
        for task in self._busy:
            task.cancel()

    def _listening(self) -> socket.socket:
        bound = self._bind()
        if self._house.params.rate:
            self._house.pace(bound, self._house.params.rate)
        bound.listen(_BACKLOG)
        return bound

    async def _live(self, bound: socket.socket) -> None:
        while flap := self._house.flap:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(flap.up):
                    await self._accept(bound)
            for transport in self._inside:
                transport.abort()
            await asyncio.sleep(flap.down)
            bound = self._listening()
        await self._accept(bound)

    async def _accept(self, bound: socket.socket) -> None:
        with bound:
            while True:
                taken, source = await asyncio.get_running_loop().sock_accept(bound)
                task = asyncio.create_task(self._receive(taken, self._house.seen(source[:2])[0]))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)

    async def _receive(self, taken: socket.socket, source: str) -> None:
        guard = self._house.guard
        if guard is None or not guard.turns_away(source):
            await self._let_in(taken, self._house.server)
        elif guard.how == "page":
            await self._let_in(taken, lambda: guard)
        else:
            with taken:
                await _SHOWN_OUT[guard.how](taken)

    async def _let_in(self, taken: socket.socket, server: Callable[[], Server]) -> None:
        loop = asyncio.get_running_loop()
        came: asyncio.Future[asyncio.StreamWriter] = loop.create_future()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, lambda _, writer: came.set_result(writer), loop=loop)
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, taken, ssl=self._house.tls)
        except (OSError, ssl.SSLError):
            return  # who knocked has gone during the handshake
        self._inside.add(transport)
        try:
            await asyncio.sleep(self._house.params.delay)
            await self._house.talk(server(), reader, await came)
        finally:
            self._inside.discard(transport)
            transport.close()


async def _reset(taken: socket.socket) -> None:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)


async def _close(_taken: socket.socket) -> None:
    """Whoever holds the socket closes it."""


async def _say_nothing(_taken: socket.socket) -> None:
    await asyncio.sleep(_PATIENCE)


_SHOWN_OUT: Mapping[str, Callable[[socket.socket], Awaitable[None]]] = {
    "reset": _reset,
    "close": _close,
    "silence": _say_nothing,
}
