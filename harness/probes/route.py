"""What a probe is handed to reach its endpoint: an open path, an address, anchors and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from harness.dial.api import Address, Datagrams, Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.dial.kernel import quiet
from harness.dial.open import OpenPath
from harness.dial.tls import TlsStream, handshake
from harness.model import Json, Level, Path, Stage, Trust
from harness.probes import where


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one stage may last, in seconds; the deadline of the whole holds besides."""

    path: float = 16.0  # for a tunnel: its server found, its engine started, a handshake tried with two addresses
    resolve: float = 4.0
    connect: float = 5.0  # and the same again for each hop
    tls: float = 6.0
    response: float = 8.0


class Offers(TypedDict, total=False):
    """What a handshake offers, and under which anchors it is verified where not under the usual ones."""

    alpn: Sequence[str]
    roots: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way of one walk: to `address`, or to the name `host` where the path's hops resolve names."""

    open_path: OpenPath
    host: str
    address: str | None
    trust: Trust
    reopen: Callable[[Path], OpenPath]  # opens another path under the same conditions
    patience: Patience = Patience()

    async def stream(self, port: int, until: Deadline, tape: Tape) -> Stream:
        """A stream to this walk's address; the connection and every hop are on the tape. Shows E1."""
        soon = until.sooner(self.patience.connect * (1 + len(self.open_path.path.hops)))
        stream = await self.open_path.dialer.stream(Address(self.address or self.host, port), soon, tape)
        tape.reached(Level.E1)
        return stream

    async def datagrams(self, port: int, until: Deadline, tape: Tape) -> Datagrams:
        """A flow of datagrams to this walk's address; a path that carries none ends the walk with `not_supported`."""
        soon = until.sooner(self.patience.connect * (1 + 2 * len(self.open_path.path.hops)))
        return await self.open_path.dialer.datagrams(Address(self.address or self.host, port), soon, tape)

    async def secure(
        self, stream: Stream, name: str, until: Deadline, tape: Tape, **offers: Unpack[Offers]
    ) -> TlsStream:
        """TLS over the stream, verified under this vantage's anchors; the stream is closed where it fails."""
        return await handshake(stream, name, until.sooner(self.patience.tls), tape, trust=self.trust, **offers)

    async def open(
        self, params: Mapping[str, Json], until: Deadline, tape: Tape, alpn: Sequence[str] = ()
    ) -> Stream | TlsStream:
        """A stream to the `url` among the parameters, with TLS where its scheme asks for it."""
        to = where.of(params) or Address(self.host, 0)
        stream = await self.stream(to.port, until, tape)
        if where.encrypted(params):
            return await self.secure(stream, to.host, until, tape, alpn=alpn, roots=params.get("roots") or "")
        return stream


@contextmanager
def counted(tape: Tape, stage: Stage, stream: Stream | Datagrams) -> Iterator[Note]:
    """A stage on the tape, with the bytes that went over the stream or the flow meanwhile.

    Where its time was over, `quiet` says for how many seconds no segment with data had come by then.
    """
    with tape.stage(stage) as note:
        sent, received = stream.sent, stream.received
        try:
            yield note
        except TimeoutError:
            if (since := quiet(stream)) is not None:
                note.detail["quiet"] = since
            raise
        finally:
            note.sent, note.received = stream.sent - sent, stream.received - received
