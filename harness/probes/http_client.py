"""HTTP by httpx over our own streams; the only module that knows httpx.

httpx gives HTTP's semantics. What goes wrong is ours to tell: its exceptions fold causes together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from harness.dial.api import Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.dial.tls import TlsStream
from harness.failures import Failed
from harness.model import Json, Level, Stage
from harness.probes.http1 import Http1
from harness.probes.http2 import Http2
from harness.probes.message import Exchange, Head, Message
from harness.probes.proof import Answer
from harness.probes.route import Route, counted

ALPN = ("h2", "http/1.1")
HEADERS = (("user-agent", "Mozilla/5.0"), ("accept", "*/*"), ("accept-encoding", "gzip, deflate"))
KEPT_HEADERS = frozenset(
    {
        *("content-type", "content-length", "server", "via", "location", "retry-after", "alt-svc"),
        *("cf-mitigated", "x-amzn-waf-action"),  # a challenge, and whose
    }
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, and how many bytes of its answer are wanted."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    most: int = 1 << 20
    roots: str = ""  # the anchors that its server's certificate is verified under, where not under the usual ones


class StreamTransport(httpx.AsyncBaseTransport):
    """One request over one stream of a route: stages connect, tls, request and response are written on the tape."""

    def __init__(self, route: Route, tape: Tape, until: Deadline, roots: str = "") -> None:
        self._route = route
        self._roots = roots
        self._tape = tape
        self._until = until
        self.stream: Stream | TlsStream | None = None
        self.seen: dict[str, Json] = {}  # the detail of the `response` stage, to which the body is added later

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head, with its body yet to come."""
        message = await _message(request)
        self.stream = await self._open(request.url)
        exchange = _exchange(self.stream)
        with counted(self._tape, Stage.REQUEST, self.stream):
            await exchange.send(message, self._soon())
        head = await self._head(exchange, self.stream)
        return httpx.Response(
            head.status,
            headers=list(head.headers),
            stream=_Body(exchange, self._soon),
            extensions={"http_version": head.version.encode()},
        )

    async def aclose(self) -> None:
        """Let go of the stream."""
        if self.stream is not None:
            self.stream.close()

    async def _open(self, url: httpx.URL) -> Stream | TlsStream:
        return await self._route.open({"url": str(url), "roots": self._roots}, self._until, self._tape, ALPN)

    def _soon(self) -> Deadline:
        """The limit of a stage that begins now."""
        return self._until.sooner(self._route.patience.response)

    async def _head(self, exchange: Exchange, stream: Stream) -> Head:
        with counted(self._tape, Stage.RESPONSE, stream) as note:
            head = await exchange.head(self._soon())
            note.detail.update(status=head.status, http_version=head.version, headers=kept(head))
            self.seen = note.detail
        self._tape.reached(Level.E2 if isinstance(stream, TlsStream) else Level.E1)
        return head


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: Exchange, soon: Callable[[], Deadline]) -> None:
        self._exchange = exchange
        self._soon = soon

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._exchange.chunks(self._soon()):
            yield chunk


def _exchange(stream: Stream | TlsStream) -> Exchange:
    agreed = stream.alpn if isinstance(stream, TlsStream) else None
    return Http2(stream) if agreed == "h2" else Http1(stream)


@asynccontextmanager
async def answered(asked: Asked, route: Route, tape: Tape, until: Deadline) -> AsyncIterator[tuple[Answer, Note]]:
    """The answer to a request, and the note of its `body` stage, which lasts as long as the caller looks at it.

    What the caller finds wrong with the answer is thus a failure of that stage.
    """
    transport = StreamTransport(route, tape, until, asked.roots)
    async with _client(transport) as client:
        request = httpx.Request(asked.method, asked.url, headers=_headers(asked), content=asked.body)
        response = await client.send(request, stream=True)
        assert transport.stream is not None
        with counted(tape, Stage.BODY, transport.stream) as note:
            body, cut = await _read(response, asked.most)
            note.detail.update(length=len(body), cut=cut)
            transport.seen.update(_described(body))
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield Answer(status=response.status_code, headers=headers, body=body), note


async def fetch(asked: Asked, route: Route, tape: Tape, until: Deadline) -> tuple[Head, bytes]:
    """The answer as it came: content encodings are left to whoever asked."""
    transport = StreamTransport(route, tape, until)
    async with _client(transport) as client:
        request = httpx.Request(asked.method, asked.url, headers=list(asked.headers), content=asked.body)
        response = await client.send(request, stream=True)
        with tape.stage(Stage.BODY):
            body = b"".join([chunk async for chunk in response.aiter_raw()])
        headers = tuple(response.headers.raw)
        return Head(status=response.status_code, headers=headers, version=response.http_version), body


def _headers(asked: Asked) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in asked.headers}
    return [pair for pair in HEADERS if pair[0] not in given] + list(asked.headers)


def _client(transport: StreamTransport) -> httpx.AsyncClient:
    # The environment's proxies would make another path of this one.
    return httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None)  # noqa: S113


async def _message(request: httpx.Request) -> Message:
    return Message(
        method=request.method.encode(),
        scheme=request.url.raw_scheme,
        authority=request.url.netloc,
        target=request.url.raw_path,
        headers=tuple(request.headers.raw),
        body=await request.aread(),
    )


async def _read(response: httpx.Response, most: int) -> tuple[bytes, bool]:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most:
                return bytes(body[:most]), True
    except httpx.DecodingError as exc:
        raise Failed("http_request_failed", why="content-encoding") from exc
    return bytes(body), False


def kept(head: Head) -> dict[str, str]:
    """The headers that are worth writing down."""
    pairs = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.headers)
    return {name: value[:256] for name, value in pairs if name in KEPT_HEADERS}


def _described(body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    title = _TITLE.search(text)
    return {
        "title": " ".join(title[1].split())[:256] if title else None,
        "length": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "body_head": text[:256],
    }
