"""The whole contract between what carries bytes and what asks for them."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from harness.dial.deadline import Deadline
from harness.failures import token
from harness.model import Json, Level, Observation, Stage, Walk


class Address(NamedTuple):
    """Where to: an IP address, or a name for hops that resolve themselves, and a port."""

    host: str
    port: int


class Stream(Protocol):
    """Bytes in order, both ways, over a socket or over another stream."""

    sent: int
    received: int

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end. Raises OSError or TimeoutError."""

    async def write(self, data: bytes, until: Deadline) -> None:
        """Hand over all of `data`. Raises OSError or TimeoutError."""

    def close(self) -> None:
        """Let go of everything below, at once and without waiting."""


class Datagrams(Protocol):
    """Datagrams to and from one address; each arrives whole or not at all."""

    sent: int
    received: int

    async def receive(self, until: Deadline) -> bytes:
        """The next datagram. Raises OSError or TimeoutError."""

    def send(self, data: bytes) -> None:
        """Send one datagram."""

    def close(self) -> None:
        """Let go of the socket."""


class Note:
    """What a stage has to say while it lasts: bytes and details of the observation to come."""

    def __init__(self) -> None:
        self.detail: dict[str, Json] = {}
        self.sent = 0
        self.received = 0


class WalkEnded(Exception):
    """A stage failed and has been written down; the walk is over."""


@dataclass
class Tape:
    """Writes one walk: observations in order, at most one failure, and that the last.

    `lag` answers the worst lateness of the event loop since it was last asked.
    """

    check: str
    began: float
    address: str | None = None
    level: Level = Level.NONE
    observations: list[Observation] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    lag: Callable[[], float] = lambda: 0.0

    @contextmanager
    def stage(self, stage: Stage, of: str = "target") -> Iterator[Note]:
        """Write down what happens inside; a failure is recorded and raised again as WalkEnded."""
        note, started = Note(), self.clock()
        self.lag()
        try:
            yield note
        except WalkEnded:
            raise
        except Exception as exc:
            note.detail.update(_said_by(exc))
            self._write(stage, of, note, started, token(exc))
            raise WalkEnded from exc
        self._write(stage, of, note, started, None)

    def reached(self, level: Level) -> None:
        """Raise the level that this walk has shown."""
        self.level = max(self.level, level)

    def walk(self) -> Walk:
        """What has been written so far."""
        return Walk(check=self.check, address=self.address, observations=tuple(self.observations), level=self.level)

    def _write(self, stage: Stage, of: str, note: Note, started: float, failure: str | None) -> None:
        self.observations.append(
            Observation(
                stage=stage,
                of=of,
                failure=failure,
                started=round(started - self.began, 6),
                ended=round(self.clock() - self.began, 6),
                sent=note.sent,
                received=note.received,
                lag=round(self.lag(), 6),
                detail=note.detail,
            )
        )


def _said_by(exc: Exception) -> Mapping[str, Json]:
    """What an exception tells besides its token; of TLS the reason, since alerts may come after the handshake too."""
    if isinstance(exc, ssl.SSLError):
        return {"reason": exc.reason}
    told: Mapping[str, Json] = getattr(exc, "detail", {})
    return told


class Dialer(Protocol):
    """Opens connections. Connecting and every hop's handshake are stages on the tape."""

    async def stream(self, to: Address, until: Deadline, tape: Tape) -> Stream:
        """A stream to the address. Raises WalkEnded once the failure is on the tape."""

    async def datagrams(self, to: Address, until: Deadline, tape: Tape) -> Datagrams:
        """A flow of datagrams; a dialer that cannot carry them ends the walk with `not_supported`."""


class Resolver(Protocol):
    """Turns a name into addresses."""

    async def resolve(self, name: str, until: Deadline, tape: Tape, of: str = "target") -> tuple[str, ...]:
        """At least one address, at most two a family, in order of arrival; one `resolve` stage on the tape.

        The stage's detail: `query`, `server` (`udp:9.9.9.9:53`), `rcode`, `addresses` (of the first answer),
        `answers` (every answer that came: `{"at": s, "type": "A", "rcode": "NOERROR", "addresses": [..], "ttl": s}`).
        """
