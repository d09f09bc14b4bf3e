"""Real servers on loopback, and walks to them: what the engine's tests stand on."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import pathlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

from harness.dial.direct import anywhere
from harness.engine.ground import Ground, laid
from harness.engine.lag import LagSampler
from harness.engine.protocol import Hello
from harness.engine.walks import Errand, walks
from harness.model import Check, Level, Path, Trust, Walk

SITE = "site.example"
Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority of a test's own, and one server that it vouches for."""

    folder: pathlib.Path

    @property
    def trust(self) -> Trust:
        return Trust(ca_file=str(self.folder / "ca.pem"))

    def server(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem")
        if alpn:
            context.set_alpn_protocols(alpn)
        return context


def authority(folder: pathlib.Path) -> Authority:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("test authority", ca_key, ca_key, ca=True)
    leaf = _certificate("test authority", ca_key, key, ca=False)
    (folder / "ca.pem").write_bytes(_pem(ca))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(_pem(leaf) + private)
    return Authority(folder=folder)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    issuer: str, signer: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    subject = issuer if ca else SITE
    names = [x509.DNSName(SITE), x509.DNSName(f"*.{SITE}"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port on 127.0.0.1 where the handler serves every connection; what it holds is cut at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(held, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Reads and never answers."""
    while await reader.read(4096):
        pass


def answering(answer: bytes) -> Handler:
    """Answers the first request of a connection with these bytes and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return handle


def page(body: str, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def http2_answering(body: bytes, first: bytes = b"") -> Handler:
    """Answers an HTTP/2 request with 200 and the body, or with what came; as far as the client's windows allow.

    The frames `first` stand before the answer.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state, left, came = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False)), b"", b""
        state.initiate_connection()
        while data := await reader.read(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    came += event.data or b""
                    state.acknowledge_received_data(event.flow_controlled_length or 0, 1)
                elif isinstance(event, h2.events.StreamEnded):
                    writer.write(state.data_to_send() + first)
                    state.send_headers(1, [(":status", "200")])
                    left = body or came
            while left and (room := min(state.local_flow_control_window(1), state.max_outbound_frame_size)):
                state.send_data(1, left[:room], end_stream=len(left) <= room)
                left = left[room:]
            writer.write(state.data_to_send())

    return handle


def talking(reply: Callable[[str], str], close: int = 0, *, endless: bool = False) -> Handler:
    """A WebSocket server that replies to every text message, or closes with a code; an `endless` reply has no end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state = WSConnection(ConnectionType.SERVER)
        while data := await reader.read(65536):
            state.receive_data(data)
            for event in state.events():
                if isinstance(event, Request):
                    writer.write(state.send(AcceptConnection()))
                elif isinstance(event, TextMessage):
                    said = CloseConnection(code=close, reason="no") if close else TextMessage(data=reply(event.data))
                    writer.write(state.send(said))
                    while endless:
                        writer.write(state.send(TextMessage(data="x" * 65536, message_finished=False)))
                        await writer.drain()

    return handle


def json_reply(**fields: Any) -> Callable[[str], str]:
    """Echoes the fields of the message, with some of its own."""
    return lambda text: json.dumps(json.loads(text) | fields)


def path_to_site(*addresses: str) -> Path:
    """The direct path, on which the site's name stands for these addresses."""
    return Path(name="direct", pins={SITE: addresses or ("127.0.0.1",)})


@asynccontextmanager
async def ground(hello: Hello | None = None) -> AsyncIterator[Ground]:
    """What walks stand on; it may speak to anybody."""
    made = laid(hello or Hello(), anywhere, LagSampler(), print)
    yield made
    made.close()


async def walked(kind: str, params: Mapping[str, Any], *, trust: Trust, path: Path, seconds: float = 5.0) -> Walk:
    """The only walk of one check."""
    check = Check(name="check", probe=kind, params=params, level=Level.E1)
    loop = asyncio.get_running_loop()
    async with ground(Hello(trust=trust)) as made:
        errand = Errand(check=check, path=path, seconds=seconds, began=loop.time())
        (walk,) = await walks(errand, made)
    return walk


def see(
    handler: Handler,
    kind: str,
    params: Mapping[str, Any],
    vouched: Authority | None = None,
    *,
    alpn: str = "",
    anchors: Mapping[str, tuple[str, ...]] | None = None,
    seconds: float = 5.0,
) -> Walk:
    """The walk of one check to a server of its own; `PORT` in a text of the parameters is that server's."""
    trust = Trust(ca_file=vouched.trust.ca_file if vouched else None, anchors=anchors or {})

    async def world() -> Walk:
        context = vouched.server(*filter(None, [alpn])) if vouched else None
        async with serving(handler, context) as port:
            filled = json.loads(json.dumps(dict(params)).replace("PORT", str(port)))
            filled |= {"port": port} if "host" in filled else {}
            return await walked(kind, filled, trust=trust, path=path_to_site(), seconds=seconds)

    return asyncio.run(world())
