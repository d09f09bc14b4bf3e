"""Streams and datagrams over the kernel's own sockets, none of which waits without a deadline."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
import time

from harness.dial import machine
from harness.dial.api import Address
from harness.dial.deadline import Deadline

# Linux, include/uapi/linux/tcp.h, struct tcp_info: eight bytes of flags, then 32-bit words; `tcpi_rtt` is the 16th
# word (microseconds), `tcpi_total_retrans` the 24th.
_TCP_INFO = struct.Struct("=8x24I")
_RTT, _RETRANSMITS = 15, 23

_FRESH = 0.01  # seconds for which what an entrance said of a connection is still true
_ANSWERS_WITHIN = 0.5  # seconds in which it says so


class SocketStream:
    """Bytes in order over one connected TCP socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.sent = 0
        self.received = 0

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end. Raises OSError or TimeoutError."""
        async with until.hold():
            data = await asyncio.get_running_loop().sock_recv(self._sock, most)
        self.received += len(data)
        return data

    async def write(self, data: bytes, until: Deadline) -> None:
        """Hand over all of `data`. Raises OSError or TimeoutError."""
        async with until.hold():
            await asyncio.get_running_loop().sock_sendall(self._sock, data)
        self.sent += len(data)

    @property
    def source_port(self) -> int:
        """The port that it comes from."""
        port: int = self._sock.getsockname()[1]
        return port

    def tcp_info(self, most: int) -> bytes:
        """The kernel's struct tcp_info, as much of it as it fills; empty where this system has none."""
        try:
            return self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, most)
        except (AttributeError, OSError):
            return b""

    def close(self) -> None:
        """Let go of the socket, at once and without waiting."""
        self._sock.close()


class EnteringStream(SocketStream):
    """Bytes in order by way of an entrance; what a kernel would say of the connection is what the entrance says."""

    def __init__(self, sock: socket.socket, entrance: Address) -> None:
        super().__init__(sock)
        self._entrance = entrance
        self._told = (-_FRESH, b"")  # when, and what

    def tcp_info(self, most: int) -> bytes:
        """The struct as the entrance tells it, asked now and then; empty where it does not answer."""
        now = time.monotonic()
        if now - self._told[0] >= _FRESH:
            self._told = (now, _asked_about(self._entrance, self._sock))
        return self._told[1][:most]


def _asked_about(entrance: Address, sock: socket.socket) -> bytes:
    with socket.socket(family(entrance.host), socket.SOCK_DGRAM) as own:
        own.settimeout(_ANSWERS_WITHIN)
        try:
            own.connect(entrance)
            own.send(machine.asked_about(sock.getsockname()[1]))
            return own.recv(65535)
        except OSError:
            return b""


class SocketDatagrams:
    """Datagrams to and from one address. The socket is connected, so the kernel drops those of any other source."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.sent = 0
        self.received = 0

    async def receive(self, until: Deadline) -> bytes:
        """The next datagram. Raises OSError (an ICMP answer comes as one) or TimeoutError."""
        async with until.hold():
            data = await asyncio.get_running_loop().sock_recv(self._sock, 65535)
        self.received += len(data)
        return data

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self._sock.send(data)
        self.sent += len(data)

    def close(self) -> None:
        """Let go of the socket."""
        self._sock.close()


class EnteringDatagrams(SocketDatagrams):
    """Datagrams by way of an entrance, each with its far end before it; those of another far end are dropped."""

    def __init__(self, sock: socket.socket, to: Address) -> None:
        super().__init__(sock)
        self._to = machine.header(to)
        self._failed = machine.ENTRANCE + self._to

    async def receive(self, until: Deadline) -> bytes:
        """The next datagram from the far end. Raises OSError or TimeoutError."""
        while True:
            data = await super().receive(until)
            self.received -= min(len(data), machine.HEADER)
            if data.startswith(self._failed):
                raise machine.refused(data[len(self._failed) :])
            if data.startswith(self._to):
                return data[machine.HEADER :]
            self.received -= len(data[machine.HEADER :])

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        super().send(self._to + data)
        self.sent -= machine.HEADER


def family(host: str) -> socket.AddressFamily:
    """The socket family of an address literal; raises ValueError where it is none."""
    return socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET


async def connect(
    to: Address, until: Deadline, segment: int | None = None
) -> tuple[SocketStream, dict[str, float | int]]:
    """A connected stream, and what the kernel says of it. Raises OSError or TimeoutError, and leaves no socket then.

    Neither end sends longer segments than `segment` bytes, where that is given (RFC 9293, section 3.7.1).
    """
    entrance = _entrance(datagrams=False)
    first = entrance or to
    sock = socket.socket(family(first.host), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if segment and not entrance:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        async with until.hold():
            await asyncio.get_running_loop().sock_connect(sock, first)
            if entrance:
                await _enter(sock, machine.asked(to, segment))
        about = _entrance(datagrams=True)
        stream = EnteringStream(sock, about) if about else SocketStream(sock)
        return stream, _facts(stream)
    except BaseException:
        sock.close()
        raise


def datagrams(to: Address) -> SocketDatagrams:
    """A flow of datagrams from a port of its own. Raises OSError, and leaves no socket then."""
    entrance = _entrance(datagrams=True)
    first = entrance or to
    sock = socket.socket(family(first.host), socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(first)
    except BaseException:
        sock.close()
        raise
    return EnteringDatagrams(sock, to) if entrance else SocketDatagrams(sock)


def _entrance(*, datagrams: bool) -> Address | None:
    ports = machine.taken().entrance
    return None if ports is None else Address("127.0.0.1", ports[datagrams])


async def _enter(sock: socket.socket, asked: bytes) -> None:
    """Ask the entrance for a connection, and take what it says; byte by byte, as what follows is the far end's."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, asked)
    said = b""
    while not said.endswith(b"\n") and len(said) < machine.LONGEST:
        byte = await loop.sock_recv(sock, 1)
        if not byte:
            break
        said += byte
    if said != machine.CONNECTED:
        raise machine.refused(said)


def _facts(stream: SocketStream) -> dict[str, float | int]:
    facts: dict[str, float | int] = {"source_port": stream.source_port}
    try:
        words = _TCP_INFO.unpack(stream.tcp_info(_TCP_INFO.size))
    except struct.error:  # another kernel: the facts are simply fewer
        return facts
    return facts | {"rtt": words[_RTT] / 1e6, "retransmits": words[_RETRANSMITS]}
