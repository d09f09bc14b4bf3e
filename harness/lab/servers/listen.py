"""Sockets bound to one address each: no host answers for another, and answers leave from where they were asked."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import ipaddress
import itertools
import os
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.errors import ApparatusError
from harness.lab.kept import kept
from harness.lab.servers.relay import Relay
from harness.lab.servers.seat import Answering, Seat, Server, Stream

if TYPE_CHECKING:
    from harness.lab.servers.door import House

_IPV6_FREEBIND = 78  # linux/in6.h; the socket module does not name it
_IP_FREEBIND = 15  # linux/in.h
_BACKLOG = 256
_LONGEST = 65_535  # bytes of a datagram

_GONE = (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError, EOFError)
"""How a connection ends when the client, or the network between, lets go."""


def bind(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket on an address that is routed here, though no interface carries it."""
    six = ipaddress.ip_address(address).version == 6
    # asyncio turns Nagle's algorithm off for sockets that name their protocol, and for no others
    proto = socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else socket.IPPROTO_UDP
    bound = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind, proto)
    try:
        bound.setblocking(False)
        if six:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # As daemons have it: who has vanished is let go.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


async def listen(seat: Seat) -> None:
    """Serve a seat on every address of its host."""
    alpn = seat.params.alpn
    context = seat.internet.authority.front(seat.host, alpn) if alpn else None
    streams = "datagrams" not in seat.row.traits  # without any, connections to the port are refused, as by any host
    make = seat.internet.elsewhere.bind if seat.internet.elsewhere else bind
    if "led" in seat.row.traits and not seat.internet.elsewhere:
        make = _remembering
    house = _house(seat, context) if streams and seat.params.ails else None
    for address in seat.host.addresses:
        if "relay" in seat.row.traits:
            _relay_datagrams(seat, make(address, seat.service.port, socket.SOCK_DGRAM))
        if not streams:
            continue
        bound = functools.partial(make, address, seat.service.port, socket.SOCK_STREAM)
        if house:
            _open_door(seat, house, bound)
        else:
            serve = kept(functools.partial(_serve, seat))
            server = await asyncio.start_server(serve, sock=bound(), ssl=context, backlog=_BACKLOG)
            seat.internet.exits.callback(server.close)
        if "udp" in seat.row.traits:
            _listen_for_datagrams(seat, make(address, seat.service.port, socket.SOCK_DGRAM))


def _remembering(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket for a server to which flows are led: it must know where they were going."""
    from harness.lab.servers.mitm import remembering

    return remembering(bind(address, port, kind))


def _house(seat: Seat, context: ssl.SSLContext | None) -> House:
    from harness.lab.servers.door import House  # worlds whose servers are all well start without it

    house = House(params=seat.params, tls=context, server=lambda: seat.server, talk=functools.partial(_talk, seat))
    elsewhere = seat.internet.elsewhere
    if elsewhere is None:
        return house
    return dataclasses.replace(house, seen=functools.partial(elsewhere.source, "tcp"), pace=elsewhere.pace)


def _open_door(seat: Seat, house: House, bound: Callable[[], socket.socket]) -> None:
    from harness.lab.servers.door import Door

    door = Door(house, bound)
    seat.internet.exits.callback(door.close)
    door.open()


def _listen_for_datagrams(seat: Seat, bound: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    loop.add_reader(bound, _answer_datagrams, seat, bound)
    seat.internet.exits.callback(bound.close)
    seat.internet.exits.callback(loop.remove_reader, bound)


def _relay_datagrams(seat: Seat, bound: socket.socket) -> None:
    relay = Relay(bound, seat.server.inner)
    relay.open()
    seat.internet.exits.callback(relay.close)


async def _serve(seat: Seat, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _talk(seat, seat.server, reader, writer)


async def _talk(seat: Seat, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(*_GONE), contextlib.closing(writer):
            await server.serve(Stream(reader, writer, seat.internet.elsewhere))
    except Exception as exc:  # a fault of ours must not look like one of the network's
        seat.internet.fail(f"{seat}: {exc!r}")


def _answer_datagrams(seat: Seat, bound: socket.socket) -> None:
    """Take what has come to a socket, and answer each datagram from that same socket."""
    server: Answering = seat.server
    elsewhere = seat.internet.elsewhere
    with contextlib.suppress(OSError):
        while True:
            data, source = bound.recvfrom(_LONGEST)
            seen = elsewhere.source("udp", source[:2]) if elsewhere else source[:2]
            answer = server.answer(data, seen)
            if answer is not None:
                bound.sendto(answer, source)


# Below those that systems lend to whoever connects (Linux from 32768 on; others: RFC 6335), which come at any time.
_DRAWN_FROM = range(20_000, 32_768)


def free_ports(count: int) -> list[int]:
    """So many ports of 127.0.0.1 that nobody has, by TCP or UDP; all are held meanwhile, so that none comes twice."""
    with contextlib.ExitStack() as held:
        return [_free_port(held) for _ in range(count)]


def _free_port(held: contextlib.ExitStack) -> int:
    start = int.from_bytes(os.urandom(4)) % len(_DRAWN_FROM)
    for port in itertools.chain(_DRAWN_FROM[start:], _DRAWN_FROM[:start]):
        with contextlib.suppress(OSError):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                held.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
            return port
    raise ApparatusError("no port of 127.0.0.1 is free")
