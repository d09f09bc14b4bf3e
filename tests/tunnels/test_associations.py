"""Datagrams through SOCKS5: our client and PySocks, each with a real sing-box and with a relay written from the RFC."""

from __future__ import annotations

import asyncio
import functools
import socket
import struct
from contextlib import AbstractAsyncContextManager, suppress

import pytest
import socks  # type: ignore[import-untyped]

from harness.dial.api import Address, WalkEnded
from harness.dial.associate import relay_of
from harness.wire.socks5 import Reply
from tests.dial.loopback import Reader, Writer, serving, soon, stages, tape
from tests.truth.loopback import Serve
from tests.tunnels.ways import hop, opened, returned, target

LOGIN = {"username": "alice", "password": "pw"}
ELSEWHERE = Address("192.0.2.7", 9)


@pytest.mark.parametrize("size", [1, 1200, 4000])
def test_our_client_and_sing_box_agree(serve: Serve, size: int) -> None:
    async def act() -> bytes:
        async with target() as to, serve("proxy_socks", **LOGIN) as served:
            with opened(hop("socks5h", served.port, **LOGIN)) as path:
                return await returned(path, to, bytes(size))

    assert bytes(size) == asyncio.run(act())


def test_pysocks_and_the_same_proxy_agree(serve: Serve) -> None:
    async def act() -> bytes:
        async with target() as to, serve("proxy_socks", **LOGIN) as served:
            return await asyncio.wait_for(asyncio.to_thread(by_pysocks, served.port, to), 10)

    assert b"ping" == asyncio.run(act())


def by_pysocks(port: int, to: Address) -> bytes:
    with socks.socksocket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.set_proxy(socks.SOCKS5, "127.0.0.1", port, username="alice", password="pw")
        sock.settimeout(5)
        sock.sendto(b"ping", to)
        answer: bytes = sock.recv(100)
        return answer


def test_a_proxy_behind_a_tunnel_carries_datagrams(serve: Serve) -> None:
    """SOCKS5 through Shadowsocks: the relay is reached over the tunnel as well."""

    async def act() -> bytes:
        params = {"method": "aes-256-gcm", "password": "swordfish"}
        async with target() as to, serve("shadowsocks", **params) as outer:
            way = hop("shadowsocks", outer.port, **params)
            async with relaying() as proxy:
                with opened(way, hop("socks5", proxy)) as path:
                    return await returned(path, to)

    assert b"ping" == asyncio.run(act())


@pytest.mark.parametrize("reply", [b"\x05\x07\x00\x01\0\0\0\0\0\0", b"\x05\x02\x00\x00\0\0", b""])
def test_a_server_that_relays_nothing_makes_it_not_supported(reply: bytes) -> None:
    written = tape()

    async def act() -> None:
        async with serving(functools.partial(refusing, reply=reply)) as port:
            with opened(hop("socks5", port)) as path, pytest.raises(WalkEnded):
                await path.dialer.datagrams(ELSEWHERE, soon(), written)

    asyncio.run(act())

    assert ("hop:1", "hop", "not_supported") == stages(written)[-1]


async def refusing(reader: Reader, writer: Writer, *, reply: bytes) -> None:
    """Carries no datagrams: says that it does not know the command, that we may not, or hangs up as OpenSSH does."""
    await reader.readexactly(3)
    writer.write(b"\x05\x00")
    await reader.readexactly(10)
    writer.write(reply)
    writer.close()
    await writer.wait_closed()


def test_the_end_of_the_stream_is_the_end_of_the_association() -> None:
    async def act() -> None:
        async with relaying(seconds=0.1) as port:
            with opened(hop("socks5", port)) as path:
                flow = await path.dialer.datagrams(ELSEWHERE, soon(), tape())
                try:
                    await flow.receive(soon(3))
                finally:
                    flow.close()

    with pytest.raises(EOFError):
        asyncio.run(act())


@pytest.mark.parametrize(
    ("told", "server", "expected"),
    [
        ("0.0.0.0", "192.0.2.1", "192.0.2.1"),
        ("::", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.7", "8.8.4.4", "8.8.4.4"),
        ("8.8.8.8", "8.8.4.4", "8.8.8.8"),
        ("10.0.0.7", "10.0.0.1", "10.0.0.7"),
        ("relay.example", "8.8.4.4", "8.8.4.4"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "127.0.0.2", "127.0.0.1"),
    ],
)
def test_a_relay_that_nobody_can_reach_is_sought_at_its_server(told: str, server: str, expected: str) -> None:
    assert Address(expected, 7) == relay_of(Reply(code=0, host=told, port=7), server)


class _Relay(asyncio.DatagramProtocol):
    """A relay by RFC 1928, section 7, for IPv4 alone; it also sends back what no client may take."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._client: tuple[str, int] | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._client in (None, addr):
            self._client = addr
            host, port = socket.inet_ntoa(data[4:8]), struct.unpack("!H", data[8:10])[0]
            self._transport.sendto(data[10:], (host, port))
            return
        head = b"\0\0\0\x01" + socket.inet_aton(addr[0]) + struct.pack("!H", addr[1])
        for stray in (b"", b"\0\0\x01" + head[3:] + b"a fragment", b"\0\0\0\x01\x7f\0\0\x01\0\x09a stranger's"):
            self._transport.sendto(stray, self._client)
        self._transport.sendto(head + data, self._client)


def relaying(seconds: float = 5.0) -> AbstractAsyncContextManager[int]:
    """A SOCKS5 server for datagrams that names 0.0.0.0 as its relay's address, and hangs up after so long."""

    async def handle(reader: Reader, writer: Writer) -> None:
        await reader.readexactly(3)
        writer.write(b"\x05\x00")
        await reader.readexactly(10)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_Relay, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        writer.write(b"\x05\x00\x00\x01\0\0\0\0" + struct.pack("!H", port))
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), seconds)
        finally:
            transport.close()

    return serving(handle)


def test_what_is_no_answer_of_the_peer_is_passed_over() -> None:
    async def act() -> bytes:
        async with target() as to, relaying() as port:
            with opened(hop("socks5", port)) as path:
                return await returned(path, to)

    assert b"ping" == asyncio.run(act())
