"""A hop through a SOCKS5 server. It hands on what it is given: an address as an address, a name as a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial.api import Address, Dialer, Note, Resolver, Stream
from harness.dial.deadline import Deadline
from harness.dial.exactly import read_exactly
from harness.dial.hop import Hop, credentials
from harness.failures import Failed
from harness.model import Json, Trust
from harness.wire import socks5


@dataclass(frozen=True, slots=True)
class _Asking:
    login: tuple[str, str] | None

    async def __call__(self, stream: Stream, to: Address, until: Deadline, note: Note) -> Stream:
        """Greet, log in where the server asks for it, and ask for the target."""
        request = socks5.request(to.host, to.port)
        note.detail.update(phase="greeting")
        await stream.write(socks5.greeting(password=self.login is not None), until)
        chosen = socks5.method(await read_exactly(stream, 2, until))
        note.detail.update(phase="login", method=chosen)
        await self._authenticate(stream, chosen, until)
        note.detail.update(phase="request")
        await stream.write(request, until)
        head = await read_exactly(stream, 5, until)
        reply = socks5.reply(head + await read_exactly(stream, socks5.rest_of_reply(head), until))
        note.detail.update(reply=reply.code, meaning=reply.meaning)
        if reply.code:
            raise Failed("proxy_refused")
        return stream

    async def _authenticate(self, stream: Stream, chosen: int, until: Deadline) -> None:
        if chosen == socks5.NO_AUTH:
            return
        if chosen == socks5.NONE_ACCEPTABLE:
            raise Failed("proxy_auth_failed", why="no method of ours is acceptable")
        if chosen != socks5.PASSWORD or self.login is None:
            raise Failed("proxy_protocol_error", why=f"method {chosen}, which was not offered")
        await stream.write(socks5.login(*self.login), until)
        if not socks5.accepted(await read_exactly(stream, 2, until)):
            raise Failed("proxy_auth_failed", why="the user name or password was refused")


def build(params: Mapping[str, Json], inner: Dialer, resolver: Resolver, position: int, trust: Trust) -> Hop:
    """A hop through the SOCKS5 server at `host` and `port`; `username` and `password` where it wants them."""
    ask = _Asking(credentials(params))
    return Hop(kind="socks5", params=params, inner=inner, resolver=resolver, position=position, trust=trust, ask=ask)
