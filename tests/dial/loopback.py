"""Real servers on loopback that keep to a script, and tapes to write on."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import pathlib
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.dial.api import Address, Stream, Tape
from harness.dial.deadline import Deadline
from harness.dial.direct import Direct
from harness.dial.tls import handshake
from harness.model import Observation, Stage, Trust

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Handler: TypeAlias = Callable[[Reader, Writer], Awaitable[None]]

DIRECT = Direct()


def tape() -> Tape:
    return Tape(check="check", began=time.monotonic())


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds)


def here(port: int, host: str = "127.0.0.1") -> Address:
    return Address(host, port)


def stages(written: Tape) -> list[tuple[str, str, str | None]]:
    """What a tape says, in short: whose stage, which, and how it ended."""
    return [(seen.of, seen.stage.value, seen.failure) for seen in written.observations]


def only(written: Tape, stage: Stage, of: str = "target") -> Observation:
    (found,) = [seen for seen in written.observations if seen.stage == stage and seen.of == of]
    return found


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port where the handler serves every connection; what it still holds at the end is cut."""
    held: set[asyncio.Task[None]] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        held.add(task)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await handler(reader, writer)
        held.discard(task)
        writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=tls, ssl_handshake_timeout=5 if tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(held):
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close their sockets in the next turn


async def echo(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()


async def silent(reader: Reader, _writer: Writer) -> None:
    while await reader.read(4096):
        pass


async def hanging_up(reader: Reader, writer: Writer) -> None:
    """Closes after the first bytes, in an orderly way."""
    await reader.read(4096)
    writer.close()
    await writer.wait_closed()


async def resetting(reader: Reader, writer: Writer) -> None:
    """Resets the connection after the first bytes."""
    await reader.read(4096)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(answer: bytes) -> Handler:
    """A handler that answers the first bytes with these, and then keeps silent."""

    async def handle(reader: Reader, writer: Writer) -> None:
        await reader.read(4096)
        writer.write(answer)
        await writer.drain()
        await silent(reader, writer)

    return handle


async def piping(reader: Reader, writer: Writer, port: int) -> None:
    """Carries bytes both ways between a client and a port of ours."""
    there = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_copied(reader, there[1]), _copied(there[0], writer))
    finally:
        there[1].transport.abort()


async def _copied(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@dataclass
class Datagram:
    """A UDP server: `script` answers each question with (delay, message) pairs."""

    script: Callable[[bytes], Sequence[tuple[float, bytes]]]
    came: list[bytes] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Datagram]:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Scripted(self), local_addr=(host, port)
        )
        self.port = transport.get_extra_info("sockname")[1]
        try:
            yield self
        finally:
            transport.abort()
            await asyncio.sleep(0)


class _Scripted(asyncio.DatagramProtocol):
    def __init__(self, server: Datagram) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.came.append(data)
        self._server.ports.append(addr[1])
        for delay, message in self._server.script(data):
            asyncio.get_running_loop().call_later(delay, self._transport.sendto, message, addr)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A certificate authority of a test's own."""

    folder: pathlib.Path
    key: ec.EllipticCurvePrivateKey
    name: str = "authority"

    @property
    def trust(self) -> Trust:
        return Trust(ca_file=str(self.folder / f"{self.name}.pem"))

    def server(
        self, *names: str, days: tuple[int, int] = (-1, 30), alpn: tuple[str, ...] = (), highest: int = 0
    ) -> ssl.SSLContext:
        """A server's context with a certificate for the names, valid between two days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(self, key, names or ("site.example",), days)
        file = self.folder / f"{self.name}-server.pem"
        file.write_bytes(_pem(made) + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if alpn:
            context.set_alpn_protocols(alpn)
        if highest:
            context.maximum_version = ssl.TLSVersion(highest)
        return context


def authority(folder: pathlib.Path, name: str = "authority") -> Authority:
    made = Authority(folder=folder, key=ec.generate_private_key(ec.SECP256R1()), name=name)
    own = _certificate(made, made.key, (), (-10, 365))
    (folder / f"{name}.pem").write_bytes(_pem(own))
    return made


def _certificate(
    issuer: Authority, key: ec.EllipticCurvePrivateKey, names: Sequence[str], days: tuple[int, int]
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(names[0] if names else issuer.name))
        .issuer_name(_name(issuer.name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
    return builder.sign(issuer.key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


async def greeted(stream: Stream, trust: Trust, written: Tape) -> bytes:
    """What an echo as site.example, behind TLS, sends back of `hello`."""
    under = await handshake(stream, "site.example", soon(), written, trust=trust)
    await under.write(b"hello", soon())
    data = await under.read(100, soon())
    under.close()
    return data
