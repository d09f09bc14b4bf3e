"""The echo that a user runs on a server of their own: what it answers, and what it refuses so that nobody abuses it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from harness.wire import echo

Source: TypeAlias = tuple[str, int]

EPOCH = 120.0  # seconds; a token holds in the epoch in which it was given out and in the next one
LONGEST = 1232  # bytes of a datagram: what passes everywhere in one piece (DNS flag day 2020)
FORGOTTEN = 30.0  # seconds of silence after which a stream is forgotten
MOST = 1024  # streams at once
STREAM = 100.0  # datagrams a second of one stream: twice a voice's
HELLOS = 100.0  # tokens a second in all


@dataclass(slots=True)
class Bucket:
    """So many a second, and one second's worth at once."""

    rate: float
    left: float = -1.0
    at: float = 0.0

    def take(self, amount: float, now: float) -> bool:
        """True where so much may pass now."""
        self.left = self.rate if self.left < 0 else min(self.rate, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < amount:
            return False
        self.left -= amount
        return True


@dataclass(slots=True)
class Flow:
    """What is remembered of one stream."""

    pace: Bucket
    count: int = 0
    at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Echo:
    """Answers datagrams, none with more than came.

    Nothing is echoed to a source that has not shown by a token that it receives there; a stream, and all of them
    together, come back no faster than their caps.
    """

    bytes_a_second: float
    secret: bytes = field(default_factory=lambda: os.urandom(32))
    clock: Callable[[], float] = time.monotonic
    flows: dict[bytes, Flow] = field(default_factory=dict)
    hellos: Bucket = field(default_factory=lambda: Bucket(HELLOS))
    whole: Bucket = field(init=False)

    def __post_init__(self) -> None:
        self.whole = Bucket(self.bytes_a_second)

    def answer(self, datagram: bytes, source: Source) -> bytes | None:
        """What goes back to the source, None for silence."""
        now = self.clock()
        if len(datagram) > LONGEST or not self.whole.take(len(datagram), now):
            return None
        if (nonce := echo.asks(datagram)) is not None:
            return self._granted(nonce, source, now)
        token = echo.token_of(datagram)
        if token is None or token not in self._tokens(source, now):
            return None
        return self._echoed(datagram, token, now)

    def _granted(self, nonce: bytes, source: Source, now: float) -> bytes | None:
        if not self.hellos.take(1, now):
            return None
        return echo.grant(nonce, echo.mint(self.secret, source, int(now // EPOCH)))

    def _tokens(self, source: Source, now: float) -> tuple[bytes, ...]:
        epoch = int(now // EPOCH)
        return tuple(echo.mint(self.secret, source, one) for one in (epoch, epoch - 1))

    def _echoed(self, datagram: bytes, token: bytes, now: float) -> bytes | None:
        flow = self.flows.get(token)
        if flow is None:
            self._forget(now)
            if len(self.flows) >= MOST:
                return None
            flow = self.flows[token] = Flow(Bucket(STREAM))
        flow.at = now
        flow.count += 1
        return echo.marked(datagram, flow.count, now) if flow.pace.take(1, now) else None

    def _forget(self, now: float) -> None:
        self.flows = {token: flow for token, flow in self.flows.items() if now - flow.at < FORGOTTEN}


class _Port(asyncio.DatagramProtocol):
    """One bound port of an echo."""

    def __init__(self, answering: Echo) -> None:
        self._answering = answering

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._answering.answer(data, addr[:2])) is not None:
            self._transport.sendto(answer, addr)


async def listen(answering: Echo, host: str, ports: Iterable[int], exits: ExitStack) -> tuple[tuple[str, int], ...]:
    """Answer at these ports until `exits` is closed; the addresses that are bound. Raises OSError."""
    bound: list[tuple[str, int]] = []
    for port in ports:
        for family, address in await _addresses(host, port):
            opened = _bound(family, address)
            exits.callback(opened.close)
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Port(answering), sock=opened
            )
            exits.callback(transport.close)
            bound.append((str(address[0]), int(opened.getsockname()[1])))
    return tuple(bound)


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
    )
    return [(family, address) for family, _, _, _, address in found]


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setblocking(False)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened
