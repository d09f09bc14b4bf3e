"""A hop through a SOCKS5 server. It hands on what it is given: an address as an address, a name as a name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.dial.api import Address, Dialer, Note, Resolver, Stream
from harness.dial.associate import relay_of
from harness.dial.deadline import Deadline
from harness.dial.exactly import read_exactly
from harness.dial.hop import Hop, credentials
from harness.failures import Failed
from harness.model import Json, Trust
from harness.wire import socks5


@dataclass(frozen=True, slots=True)
class Asking:
    """Speaks SOCKS5 over a stream, for a connection or for an association."""

    login: tuple[str, str] | None

    async def __call__(self, stream: Stream, to: Address, until: Deadline, note: Note) -> Stream:
        """Greet, log in where the server asks for it, and ask for the target."""
        await self._asked(stream, socks5.request(to.host, to.port), until, note)
        return stream

    async def associate(self, stream: Stream, until: Deadline, note: Note) -> Callable[[str], Address]:
        """Ask for a relay of datagrams; a server that has none is `not_supported`.

        It may say so, or hang up at the command, as OpenSSH does: no target stands in the request that it could mean.
        """
        try:
            # We do not know yet from where we shall send, which the RFC says in zeros (section 7).
            told = await self._asked(stream, socks5.request("0.0.0.0", 0, socks5.ASSOCIATE), until, note)  # noqa: S104
        except EOFError as exc:
            if note.detail["phase"] != "request":
                raise
            raise Failed("not_supported", why="the server hangs up at this command") from exc
        note.detail.update(relay=told.host, relay_port=told.port)
        return functools.partial(relay_of, told)

    async def _asked(self, stream: Stream, request: bytes, until: Deadline, note: Note) -> socks5.Reply:
        note.detail.update(phase="greeting")
        await stream.write(socks5.greeting(password=self.login is not None), until)
        chosen = socks5.method(await read_exactly(stream, 2, until))
        note.detail.update(phase="login", method=chosen)
        await self._authenticate(stream, chosen, until)
        note.detail.update(phase="request")
        await stream.write(request, until)
        head = await read_exactly(stream, 2, until)
        if refused := socks5.refusal(head):
            note.detail.update(reply=refused.code, meaning=refused.meaning)
            if refused.code in socks5.NOT_FOR_US and request[1] == socks5.ASSOCIATE:
                raise Failed("not_supported", why="the server does not carry out this command")
            raise Failed("proxy_refused")
        head += await read_exactly(stream, 3, until)
        reply = socks5.reply(head + await read_exactly(stream, socks5.rest_of_reply(head), until))
        note.detail.update(reply=reply.code, meaning=reply.meaning)
        return reply

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
    ask = Asking(credentials(params))
    return Hop(
        kind="socks5",
        params=params,
        inner=inner,
        resolver=resolver,
        position=position,
        trust=trust,
        ask=ask,
        associate=ask.associate,
    )
