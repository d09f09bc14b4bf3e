"""What every walk of a session stands on, laid from the hello."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness.dial.api import Address, Tape
from harness.dial.claims import claim
from harness.dial.deadline import Deadline
from harness.dial.direct import Permit
from harness.dial.open import OpenPath, Tables, open_path
from harness.dial.trust import context
from harness.engine.admission import Chambers, Gates, Pacer
from harness.engine.lag import LagSampler
from harness.engine.protocol import Hello, Limits
from harness.kinds import Kind, Table, load
from harness.model import Check, Json, Path, Trust
from harness.paths.table import HOPS, RESOLVERS
from harness.paths.table import Tables as PathTables
from harness.probes import where
from harness.probes.http_client import ALPN
from harness.probes.route import Patience, Route
from harness.probes.table import PROBES


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a row of the probes' table builds: the walk itself, and where it goes."""

    run: Callable[[Mapping[str, Json], Route, Tape, Deadline], Awaitable[None]]
    endpoint: Callable[[Mapping[str, Json]], Address | None]


RECENT = 0.1  # seconds of the loop's lateness by which launches are paced


@functools.cache
def _probe(reference: str) -> Probe:
    module = importlib.import_module(reference.partition(":")[0])
    return Probe(run=load(reference), endpoint=getattr(module, "endpoint", where.of))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What a walk waits for before it begins."""

    pacer: Pacer
    handshakes: Gates
    servers: Gates
    line: Gates  # one at a time measures what the line carries: two would measure each other
    claims: Chambers  # one tunnel of the same keys at a time: two would end each other's sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every walk of a session stands on."""

    trust: Trust
    tables: Tables
    probes: Table
    permit: Permit
    patience: Patience
    turns: Turns
    hold: float | None  # seconds of listening on after a DNS answer by UDP, where not as usual
    gauge: Callable[[], Callable[[], float]]  # a new gauge of the loop's lateness for each tape
    complain: Callable[[str], None]  # tells of faults of our own
    opened: dict[str, OpenPath] = field(default_factory=dict)

    def open(self, path: Path) -> OpenPath:
        """The path, opened once."""
        key = repr(path)
        if key not in self.opened:
            self.opened[key] = open_path(path, self.trust, self.tables, self.permit, self.hold)
        return self.opened[key]

    def probe(self, check: Check) -> Probe:
        """The check's probe; raises KeyError, ImportError or AttributeError where there is none."""
        return _probe(self.probes[check.probe].build)

    @asynccontextmanager
    async def line_for(self, check: Check, urgent: bool) -> AsyncIterator[None]:
        """The line for as long as this lasts, where the check measures what it carries; waited for in turn."""
        if "line" not in self.probes[check.probe].traits:
            yield
            return
        async with self.turns.line.hold("line", urgent):
            yield

    @asynccontextmanager
    async def claimed(self, path: Path) -> AsyncIterator[None]:
        """What the path lays claim to, for as long as this lasts; waited for in turn."""
        if wanted := claim(path, self.tables.hops):
            async with self.turns.claims.hold(*wanted):
                yield
        else:
            yield

    def close(self) -> None:
        """Let go of all paths."""
        for path in self.opened.values():
            path.close()
        self.opened.clear()


def laid(hello: Hello, permit: Permit, lag: LagSampler, complain: Callable[[str], None]) -> Ground:
    """The ground for a session; third parties' rows of the hello beside the shipped ones.

    Raises OSError where the trust's bundle cannot be read: contexts are made now, so that none is timed as a stage.
    """
    for alpn in ((), ALPN):
        context(hello.trust, alpn, verify=True, of="target")
    limits, kinds = hello.limits, hello.kinds
    probes = _joined(PROBES, kinds.probes)
    return Ground(
        trust=hello.trust,
        tables=PathTables(probes=probes, resolvers=_joined(RESOLVERS, kinds.resolvers), hops=_joined(HOPS, kinds.hops)),
        probes=probes,
        permit=permit,
        patience=_patience(limits),
        turns=Turns(
            pacer=Pacer(limits.launches, late=lambda: lag.since(time.monotonic() - RECENT)),
            handshakes=Gates(limits.handshakes),
            servers=Gates(limits.per_server),
            line=Gates(1),
            claims=Chambers(),
        ),
        hold=limits.hold,
        gauge=lag.gauge,
        complain=complain,
    )


def _patience(limits: Limits) -> Patience:
    return Patience(
        path=limits.path,
        resolve=limits.resolve,
        connect=limits.connect,
        tls=limits.tls,
        response=limits.response,
    )


def _joined(shipped: Table, more: tuple[Kind, ...]) -> Table:
    """A table of this session's own. Inline, the shipped one may hold the rows already; they are not doubled."""
    return Table(shipped.title, [*shipped, *(row for row in more if row.name not in shipped)])
