"""DNS answers for tests, made with dnspython, and servers that give them by every transport."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import h2.config
import h2.connection
import h2.events
import h11

from tests.dial.loopback import Handler, Reader, Writer

ADDRESSES = {"A": ("192.0.2.1", "192.0.2.2", "192.0.2.3"), "AAAA": ("2001:db8::1",)}


def answer(question: bytes, rcode: str = "NOERROR", held: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """An answer to a question, with the addresses that are held for its type."""
    asked = dns.message.from_wire(question)
    made = dns.message.make_response(asked)
    made.set_rcode(dns.rcode.from_text(rcode))
    kind = dns.rdatatype.to_text(asked.question[0].rdtype)
    if addresses := (held or {}).get(kind):
        made.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", kind, *addresses))
    return made.to_wire()


def good(question: bytes) -> bytes:
    return answer(question, held=ADDRESSES)


def kind(question: bytes) -> str:
    return dns.rdatatype.to_text(dns.message.from_wire(question).question[0].rdtype)


def truncated(question: bytes) -> bytes:
    made = dns.message.make_response(dns.message.from_wire(question))
    made.flags |= dns.flags.TC
    return made.to_wire()


def by_tcp(say: Callable[[bytes], bytes | None] = good) -> Handler:
    """Answers framed questions; None keeps silent about one."""

    async def handle(reader: Reader, writer: Writer) -> None:
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            if said := say(await reader.readexactly(size)):
                writer.write(len(said).to_bytes(2, "big") + said)
                await writer.drain()

    return handle


def by_http1(
    say: Callable[[bytes], bytes] = good, status: int = 200, media: str = "application/dns-message"
) -> Handler:
    """Answers DNS over HTTP/1.1, by GET and by POST."""

    async def handle(reader: Reader, writer: Writer) -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            question = await _question(reader, connection)
            said = say(question)
            head = h11.Response(
                status_code=status, headers=[("content-type", media), ("content-length", str(len(said)))]
            )
            for event in (head, h11.Data(data=said), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            connection.start_next_cycle()

    return handle


async def _question(reader: Reader, connection: h11.Connection) -> bytes:
    body, target = b"", b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            data = await reader.read(4096)
            if not data:
                raise EOFError
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            target = event.target
        elif isinstance(event, h11.Data):
            body += event.data
    return body or unpacked(target.decode())


def unpacked(target: str) -> bytes:
    text = target.partition("dns=")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def by_http2(say: Callable[[bytes], bytes] = good, status: int = 200, first: bytes = b"") -> Handler:
    """Answers DNS over HTTP/2; the frames `first` stand before the answers."""

    async def handle(reader: Reader, writer: Writer) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        while True:
            writer.write(connection.data_to_send())
            await writer.drain()
            data = await reader.read(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                _answer(connection, event, say, status)
            writer.write(first)

    return handle


def _answer(connection: h2.connection.H2Connection, event: Any, say: Callable[[bytes], bytes], status: int) -> None:
    if not isinstance(event, h2.events.DataReceived):
        return
    headers = [(":status", str(status)), ("content-type", "application/dns-message")]
    connection.send_headers(event.stream_id, headers)
    connection.send_data(event.stream_id, say(event.data), end_stream=True)


def by_alpn(second: Handler, first: Handler) -> Handler:
    """One handler for HTTP/2, another for all else."""

    async def handle(reader: Reader, writer: Writer) -> None:
        agreed = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        await (second if agreed == "h2" else first)(reader, writer)

    return handle


async def settle() -> None:
    """Let servers notice that a client is gone."""
    await asyncio.sleep(0.02)
