"""Tunnels to servers on loopback, and targets behind them that send back what they get."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from harness.dial.api import Address, Tape
from harness.dial.open import OpenPath, open_path
from harness.model import Path, Spec, Trust
from tests.dial.loopback import echo, here, serving, soon, tape

KEY = base64.b64encode(bytes(range(16))).decode()
SHADOWSOCKS = {"method": "2022-blake3-aes-128-gcm", "password": KEY}
AEAD = {"method": "chacha20-ietf-poly1305", "password": "swordfish"}
TROJAN = {"password": "swordfish"}
SERVER_KEY = "sGBWhalzSr+KePFqhEf2pCVkuTKuReBpVX9p3MfBy1M="
PEER = "rOs433UcHbdOX49zqQ67nhgKmoSkp1O2gP73/Bas9CU="
WIREGUARD_SERVER = {"private_key": SERVER_KEY, "address": ["10.66.0.1/24"], "peers": {PEER: ["10.66.0.2/32"]}}
WIREGUARD = {
    "private_key": "8JN4p/DgvpLf2DeuitRhjPxDSEU/Fl2IjtgLUGpfwUw=",
    "public_key": "F9K+dY7U/QvDZn2cMrB3jVMRGZ1j4oNORGROSpCtQAQ=",
    "address": ["10.66.0.2/32"],
    "allowed_ips": ["0.0.0.0/0"],
    "mtu": 1408,
}
KINDS = [("shadowsocks", SHADOWSOCKS), ("shadowsocks", AEAD), ("trojan", TROJAN)]


def hop(kind: str, port: int, **params: Any) -> Spec:
    given = {"host": "127.0.0.1", "port": port, **params}
    if kind == "trojan":
        given.setdefault("server_name", "www.example.com")
    return Spec(kind=kind, params=given)


@contextlib.contextmanager
def opened(*hops: Spec, trust: Trust | None = None) -> Iterator[OpenPath]:
    """A path over the hops; its engines end with it."""
    path = open_path(Path(name="tunnel", hops=hops), trust or Trust())
    try:
        yield path
    finally:
        path.close()


async def echoed(path: OpenPath, to: Address, written: Tape | None = None) -> bytes:
    """What comes back of `ping` over a stream of the path."""
    stream = await path.dialer.stream(to, soon(10), written or tape())
    try:
        await stream.write(b"ping", soon())
        return await stream.read(100, soon())
    finally:
        stream.close()


async def returned(path: OpenPath, to: Address, data: bytes = b"ping") -> bytes:
    """What comes back of a datagram over the path."""
    flow = await path.dialer.datagrams(to, soon(10), tape())
    try:
        flow.send(data)
        return await flow.receive(soon())
    finally:
        flow.close()


@contextlib.asynccontextmanager
async def target(host: str = "127.0.0.1") -> AsyncIterator[Address]:
    """An address that sends back every stream and every datagram."""
    async with serving(echo, host=host) as port:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_Mirror, local_addr=(host, port))
        try:
            yield here(port, host)
        finally:
            transport.close()
            await asyncio.sleep(0)


class _Mirror(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._transport.sendto(data, addr)
