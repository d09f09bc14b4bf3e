"""DNS over HTTPS (RFC 8484), by HTTP/2 where the server agrees to it, else by HTTP/1.1."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.dial import tls
from harness.dial.api import Address, Dialer, Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json, Trust
from harness.resolve.gathered import Gathered
from harness.resolve.http1 import exchange as by_http1
from harness.resolve.http2 import exchange as by_http2
from harness.resolve.query import MESSAGE, Query, Reply
from harness.resolve.served import Served, common
from harness.wire import dns

_TEMPLATE = "{?dns}"
"""A URL that ends so asks for GET (RFC 8484, section 4.1); any other is asked by POST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doh:
    """A connection, TLS under the URL's name, and one request a question."""

    dialer: Dialer
    url: SplitResult
    get: bool
    trust: Trust

    @property
    def port(self) -> int:
        """The port of the URL."""
        return self.url.port or 443

    async def reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        """TLS to the server, with HTTP/2 and HTTP/1.1 on offer."""
        stream = await self.dialer.stream(Address(address, self.port), until, tape)
        offer = ("h2", "http/1.1")
        name = self.url.hostname or ""
        return await tls.handshake(stream, name, until, tape, trust=self.trust, alpn=offer, of="resolver")

    async def ask(self, stream: Stream, gathered: Gathered, until: Deadline, note: Note) -> None:
        """One request a question, and whatever answers them."""
        alpn = stream.alpn if isinstance(stream, tls.TlsStream) else None
        note.detail.update(http="2" if alpn == "h2" else "1.1")
        queries = {self._query(one): one for one in gathered.questions}
        sent, received = stream.sent, stream.received
        try:
            replies = (by_http2 if alpn == "h2" else by_http1)(stream, tuple(queries), until)
            async with contextlib.aclosing(replies):
                async for reply in replies:
                    _take(gathered, queries[reply.query], reply)
        except (OSError, EOFError, Failed) as exc:
            gathered.lost_all(exc)
        finally:
            note.sent, note.received = stream.sent - sent, stream.received - received

    def _query(self, question: dns.Question) -> Query:
        message, path = dns.question(question), self.url.path or "/"
        query = f"?{self.url.query}" if self.url.query else ""
        authority = self.url.netloc.rpartition("@")[2]
        if not self.get:
            return Query(method="POST", authority=authority, path=path + query, body=message)
        # Base64url without padding (RFC 8484, section 6).
        text = base64.urlsafe_b64encode(message).rstrip(b"=").decode()
        return Query(
            method="GET", authority=authority, path=f"{path}{query}{'&' if query else '?'}dns={text}", body=b""
        )


def _take(gathered: Gathered, question: dns.Question, reply: Reply) -> None:
    kind = reply.content_type.partition(";")[0].strip().lower()
    if reply.status == 200 and kind == MESSAGE:
        gathered.take(question, reply.body)
        return
    head = reply.body[:256].decode("utf-8", "replace")
    gathered.strange(question, status=reply.status, content_type=reply.content_type[:100], body_head=head)


def build(params: Mapping[str, Json], dialer: Dialer, trust: Trust) -> Served:
    """A resolver that asks the `url`, reached at its `bootstrap` addresses."""
    text: str = params["url"]
    url = urlsplit(text.removesuffix(_TEMPLATE))
    bootstrap, family = common(params)
    return Served(
        label=f"doh:{text}",
        server=url.hostname or "",
        bootstrap=bootstrap,
        transport=Doh(dialer=dialer, url=url, get=text.endswith(_TEMPLATE), trust=trust),
        dialer=dialer,
        family=family,
        ids=False,
    )
