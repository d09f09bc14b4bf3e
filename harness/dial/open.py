"""A path, opened: a resolver, and a dialer folded from its hops over its base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.dial.api import Dialer, Resolver, Tape
from harness.dial.claims import SYSTEM
from harness.dial.deadline import Deadline
from harness.dial.direct import Permit, anywhere
from harness.dial.names import HandedOn, Pinned
from harness.kinds import Table, load
from harness.literals import is_address
from harness.model import Path, Spec, Trust
from harness.paths import table as shipped


class Tables(Protocol):
    """The kinds of which paths are made (`harness.paths.Tables` is one)."""

    @property
    def resolvers(self) -> Table:
        """What turns names into addresses."""

    @property
    def hops(self) -> Table:
        """What stands between us and a target."""

    @property
    def bases(self) -> Table:
        """What opens the first connection."""


@dataclass(frozen=True, slots=True)
class _Shipped:
    resolvers: Table = shipped.RESOLVERS
    hops: Table = shipped.HOPS
    bases: Table = shipped.BASES


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPath:
    """A path ready for walks. It holds no connection between them: nothing is reused, so nothing is inherited."""

    path: Path
    dialer: Dialer
    resolver: Resolver
    remote_names: bool  # the last hop resolves, and no resolver was declared: names are handed on to it
    udp: bool  # the kinds of this path can carry datagrams; whether its servers do is shown by walking it
    held: tuple[Dialer, ...] = ()

    async def addresses(self, host: str, until: Deadline, tape: Tape) -> tuple[str | None, ...]:
        """The addresses of a host to walk, each its own walk; `(None,)` where the name itself is handed on.

        An address is its own answer and no stage; a pinned name is a `resolve` stage whose server is `pins`.
        Raises WalkEnded once a failure is on the tape.
        """
        if is_address(host):
            return (host,)
        if self.remote_names and host not in self.path.pins:
            return (None,)
        return await self.resolver.resolve(host, until, tape)

    async def up(self, until: Deadline, tape: Tape) -> None:
        """Bring up what has to stand before anything can be asked over the path; the stages are those of its hops."""
        for hop in self.held:
            if bring := getattr(hop, "up", None):
                await bring(until, tape)

    def close(self) -> None:
        """Let go of what the path holds between walks, outside engines above all; safe to call twice."""
        for hop in self.held:
            getattr(hop, "close", _nothing)()


def open_path(
    path: Path, trust: Trust, tables: Tables | None = None, permit: Permit = anywhere, hold: float | None = None
) -> OpenPath:
    """The path's dialer and resolver. Nothing is sent, and nothing can fail but a kind that no table knows.

    `permit` is asked for every address before a packet leaves for it; where it says no, the stage fails with
    `permission_denied`. With `lookup: hops` the resolver's own queries travel through the hops, and the hops' own
    names are then asked of the machine's nameservers; otherwise the path's resolver is asked over the base.
    `hold` is for how many seconds resolvers by UDP listen on after an answer; None leaves it to them.
    """
    folded = _Folded(path=path, trust=trust, tables=tables or _Shipped(), permit=permit, hold=hold)
    dialers = folded.dialers()
    dialer = dialers[-1]
    last = path.hops[-1].kind if path.hops else None
    return OpenPath(
        path=path,
        dialer=dialer,
        resolver=folded.resolver(dialer if path.lookup == "hops" else folded.base("resolver")),
        remote_names=last is not None and folded.takes_names(last) and path.resolver.kind == SYSTEM.kind,
        udp=folded.carries_datagrams(),
        held=dialers[1:],
    )


def _nothing() -> None:
    """What most hops have to let go of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folded:
    """The parts of one path, built from its rows."""

    path: Path
    trust: Trust
    tables: Tables
    permit: Permit
    hold: float | None

    def base(self, of: str) -> Dialer:
        row = self.tables.bases[self.path.base.kind]
        made: Dialer = load(row.build)(self.path.base.params, of, self.permit)
        return made

    def resolver(self, dialer: Dialer, spec: Spec | None = None) -> Resolver:
        """A resolver whose queries go out by the dialer, behind the path's pins; the path's own where none is named."""
        spec = spec or self.path.resolver
        row, only = self.tables.resolvers[spec.kind], spec.params.get("family") or self.path.base.params.get("family")
        held = {"hold": self.hold} if self.hold is not None and "udp" in row.traits else {}
        params = {**held, **spec.params, **({"family": only} if only else {})}
        asked: Resolver = load(row.build)(params, dialer, self.trust)
        return Pinned(pins=self.path.pins, resolver=asked, only=only)

    def dialers(self) -> tuple[Dialer, ...]:
        """The base, then each hop around the one before it."""
        folded = [self.base("hop:1" if self.path.hops else "target")]
        for position, hop in enumerate(self.path.hops, 1):
            build = load(self.tables.hops[hop.kind].build)
            folded.append(build(hop.params, folded[-1], self._names_of(position), position, self.trust))
        return tuple(folded)

    def carries_datagrams(self) -> bool:
        """True where the base and every hop are of kinds that can."""
        rows = [self.tables.bases[self.path.base.kind], *(self.tables.hops[hop.kind] for hop in self.path.hops)]
        return all("udp" in row.traits for row in rows)

    def takes_names(self, kind: str) -> bool:
        return "names" in self.tables.hops[kind].traits

    def _names_of(self, position: int) -> Resolver:
        """What resolves the name of a hop's own server: the hop before it where that one can, else we ourselves."""
        if position > 1 and self.takes_names(self.path.hops[position - 2].kind):
            return Pinned(pins=self.path.pins, resolver=HandedOn())
        return self.resolver(self.base("resolver"), SYSTEM if self.path.lookup == "hops" else None)
