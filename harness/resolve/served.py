"""A resolver that is reached over a stream: its addresses in order, each reached, asked, and let go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.dial.api import Dialer, Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.dial.fallback import first_of
from harness.literals import is_address
from harness.model import Json, Stage, Trust
from harness.resolve import system
from harness.resolve.gathered import SETTLED, Gathered


class Transport(Protocol):
    """How a resolver is reached, and asked once it is."""

    @property
    def port(self) -> int:
        """The port of its servers."""

    async def reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        """A stream to the server at an address, its stages of `resolver`."""

    async def ask(self, stream: Stream, gathered: Gathered, until: Deadline, note: Note) -> None:
        """Put all questions, and take what comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Asks by a transport, over the first of the server's addresses that works."""

    label: str
    server: str  # a name or an address
    bootstrap: tuple[str, ...]
    transport: Transport
    dialer: Dialer
    family: int | None = None
    ids: bool = True

    async def resolve(self, name: str, until: Deadline, tape: Tape, of: str = "target") -> tuple[str, ...]:
        """The addresses of a name: the stages of reaching the resolver, then one `resolve` stage.

        Where the resolver cannot be reached there is no `resolve` stage: the failed stage of `resolver` is the last.
        """

        async def attempt(address: str, share: Deadline, tape: Tape) -> tuple[str, ...]:
            stream = await self.transport.reach(address, share, tape)
            try:  # who has been reached may take all the time that is left: its other addresses know no more
                return await self._asked(name, stream, until, tape, of)
            finally:
                stream.close()

        return await first_of(await self._addresses(until, tape), attempt, until, tape, SETTLED)

    async def _asked(self, name: str, stream: Stream, until: Deadline, tape: Tape, of: str) -> tuple[str, ...]:
        with tape.stage(Stage.RESOLVE, of) as note:
            gathered = Gathered.about(name, tape, self.family, ids=self.ids)
            await self.transport.ask(stream, gathered, until, note)
            return gathered.conclude(note, self.label)

    async def _addresses(self, until: Deadline, tape: Tape) -> tuple[str, ...]:
        if is_address(self.server):
            return (self.server, *self.bootstrap)
        # Without bootstrap addresses the machine's own resolver is asked, and what it says may be interfered with.
        asked = system.build({}, self.dialer, Trust())
        return self.bootstrap or await asked.resolve(self.server, until, tape, "resolver")


def common(params: Mapping[str, Json]) -> tuple[tuple[str, ...], int | None]:
    """The bootstrap addresses and the family of a resolver's parameters."""
    return tuple(params.get("bootstrap") or ()), params.get("family")
