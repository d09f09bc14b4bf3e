"""A hop through an HTTP proxy by CONNECT, over TLS where its URL says https."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial.api import Address, Dialer, Note, Resolver, Stream
from harness.dial.deadline import Deadline
from harness.dial.hop import Hop, credentials
from harness.dial.prefixed import Prefixed
from harness.failures import Failed
from harness.model import Json, Trust
from harness.wire.http_connect import Answer, Exchange


@dataclass(frozen=True, slots=True)
class _Asking:
    login: tuple[str, str] | None

    async def __call__(self, stream: Stream, to: Address, until: Deadline, note: Note) -> Stream:
        """Send one CONNECT and read its answer."""
        exchange = Exchange(to.host, to.port, self.login)
        await stream.write(exchange.request, until)
        answer = await _answer(stream, exchange, until)
        note.detail.update(status=answer.status, reason=answer.reason, headers=answer.headers)
        if answer.open:
            return Prefixed(stream, answer.rest) if answer.rest else stream
        raise Failed("proxy_auth_failed" if answer.wants_credentials else "proxy_refused")


async def _answer(stream: Stream, exchange: Exchange, until: Deadline) -> Answer:
    while True:
        data = await stream.read(65536, until)
        if not data:
            raise EOFError("the proxy closed before it answered")
        if answer := exchange.feed(data):
            return answer


def build(params: Mapping[str, Json], inner: Dialer, resolver: Resolver, position: int, trust: Trust) -> Hop:
    """A hop through the HTTP proxy at `host` and `port`; `username`, `password` and `tls` where it has them."""
    ask = _Asking(credentials(params))
    return Hop(
        kind="http_connect", params=params, inner=inner, resolver=resolver, position=position, trust=trust, ask=ask
    )
