"""A hop whose protocol an outside engine speaks: towards us the engine is a SOCKS5 server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from harness.dial import sockets
from harness.dial.api import Address, Datagrams, Dialer, Note, Resolver, Stream, Tape, WalkEnded
from harness.dial.associate import RelayedDatagrams
from harness.dial.claims import digest, known_by
from harness.dial.closing import closed_on_failure
from harness.dial.deadline import Deadline
from harness.dial.direct import Direct
from harness.dial.fallback import first_of, scratch
from harness.dial.socks5 import Asking
from harness.failures import Failed
from harness.model import Json, Stage, Trust
from harness.paths.table import HOPS
from harness.tunnels import knock
from harness.tunnels.complaints import told_by
from harness.tunnels.engines import Engine, Lease, Standing
from harness.tunnels.settings import USER, Settings

HANDSHAKE = 6.0  # seconds: WireGuard's first initiation, and the one after REKEY_TIMEOUT, 5 s (whitepaper, section 6.1)
PROMPT = 1.0  # seconds; a handshake takes one round trip, and who has none by then may as well ask further
_SAYS = 0.2  # seconds by which the engine's log may be later than its reply

_T = TypeVar("_T")
Describe: TypeAlias = Callable[[Mapping[str, Json], str, Trust], Settings]
"""What a kind asks of the engine: from its parameters, an address of its server, and what the vantage trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A tunnel to a server. Its stages, of `hop:<position>`: `path` brings it up, `hop` asks it for the target.

    An engine's reply code does not say whose fault a failure is (5 is "refused", by the server or by the target). So
    its log is read, and the server is asked itself, past the engine: where it does not answer, the walk ends at its
    `connect` stage.
    """

    kind: str
    params: Mapping[str, Json]
    inner: Direct
    resolver: Resolver
    of: str
    trust: Trust
    describe: Describe
    lease: Lease = field(default_factory=Lease)

    async def up(self, until: Deadline, tape: Tape) -> None:
        """Bring the tunnel up: its server's address, and one `path` stage."""
        await self._server(until, tape)

    async def stream(self, to: Address, until: Deadline, tape: Tape) -> Stream:
        """A stream to the address through the tunnel."""
        return await self._through(to, self._connect, until, tape)

    async def datagrams(self, to: Address, until: Deadline, tape: Tape) -> Datagrams:
        """Datagrams to and from the address through the tunnel."""
        return await self._through(to, self._associate, until, tape)

    def close(self) -> None:
        """Let go of the engine."""
        self.lease.close()

    async def _server(self, until: Deadline, tape: Tape) -> Standing:
        """The engine that is up, and the address of its server; no stage where this walk has met it already."""
        standing = self.lease.standing
        if standing and standing.engine.alive and _met(tape, self.of):
            return standing
        known = (standing.address,) if standing else ()
        addresses = known or in_order(await self.resolver.resolve(self.params["host"], until, tape, self.of))
        self.lease.standing = None  # what fails now is looked up anew
        return self.lease.stand(await first_of(addresses, self._reach, until, tape))

    async def _reach(self, address: str, until: Deadline, tape: Tape) -> Standing:
        with tape.stage(Stage.PATH, self.of) as note:
            note.detail.update(kind=self.kind, engine="sing-box", address=address, port=self.params["port"])
            self.inner.check(Address(address, self.params["port"]))
            if until.clock() >= until.at:
                raise TimeoutError  # those before it have taken all the time: the engine is not to blame
            engine = self.lease.engine(self._settings(address))
            note.detail.update(await engine.up(until))
            await self._shaken(engine, Address(address, self.params["port"]), until, note)
        return Standing(engine=engine, address=address)

    def _settings(self, address: str) -> Settings:
        known = known_by(HOPS[self.kind], self.params)
        return replace(
            self.describe(self.params, address, self.trust), known_by=known, tunnel=digest(repr(self.params))
        )

    async def _shaken(self, engine: Engine, server: Address, until: Deadline, note: Note) -> None:
        """Wait for the tunnel's own handshake, where it has one; find out what can be known of its absence."""
        if await engine.shaken(until.sooner(PROMPT)):
            return
        if engine.died:
            raise engine.failed()
        note.detail.update(transport="udp")
        if not await _shaken_or_refused(engine, server, until.sooner(HANDSHAKE - PROMPT)):
            note.detail.update(host_answers=await knock.host_answers(server))
            raise TimeoutError

    async def _through(self, to: Address, ask: _Ask[_T], until: Deadline, tape: Tape) -> _T:
        """What asking the engine gives; a failure is told by whoever knows most of it."""
        server = await self._server(until, tape)
        asked = scratch(tape)
        try:
            return await ask(to, server.engine, until, asked)
        except WalkEnded:
            self.lease.standing = None
            await self._explain(to, server.engine, asked)
            if not server.engine.settings.up and asked.observations[-1].stage is Stage.HOP and server.engine.alive:
                await knock.by_tcp(self.inner, Address(server.address, self.params["port"]), tape)
            raise
        finally:
            if not _ended(tape):
                tape.observations.extend(asked.observations)

    async def _connect(self, to: Address, engine: Engine, until: Deadline, tape: Tape) -> Stream:
        with self._asking(to, engine, tape) as note:
            local, _ = await sockets.connect(Address(LOOPBACK, engine.port), until)
            with closed_on_failure(local):
                return await Asking((USER, engine.password))(local, to, until, note)

    async def _associate(self, to: Address, engine: Engine, until: Deadline, tape: Tape) -> Datagrams:
        with self._asking(to, engine, tape) as note:
            note.detail.update(transport="udp")
            local, _ = await sockets.connect(Address(LOOPBACK, engine.port), until)
            with closed_on_failure(local):
                relay = await Asking((USER, engine.password)).associate(local, until, note)
                return RelayedDatagrams(sockets.datagrams(relay(LOOPBACK)), local, to)

    @contextmanager
    def _asking(self, to: Address, engine: Engine, tape: Tape) -> Iterator[Note]:
        """The `hop` stage; an engine that has ended meanwhile is said to have."""
        with tape.stage(Stage.HOP, self.of) as note:
            note.detail.update(kind=self.kind, to=to.host, to_port=to.port)
            try:
                yield note
            except (Failed, OSError, EOFError) as exc:
                if engine.alive:
                    raise
                raise engine.failed() from exc

    async def _explain(self, to: Address, engine: Engine, asked: Tape) -> None:
        """Put what the engine's log says of a failed TLS handshake in place of its bare reply code."""
        if not engine.settings.tls:
            return
        line = await engine.says(f"{_joined(to)} using outbound", Deadline.after(_SAYS))
        if told := told_by(line):
            last = asked.observations[-1]
            asked.observations[-1] = replace(last, stage=told[0], failure=told[1])


async def _shaken_or_refused(engine: Engine, server: Address, until: Deadline) -> bool:
    """True once the handshake is through, False where it is not by then; Failed as soon as the host refuses."""
    shaken = asyncio.create_task(engine.shaken(until))
    refused = asyncio.create_task(knock.refused_by_udp(server, until))
    try:
        await asyncio.wait({shaken, refused}, return_when=asyncio.FIRST_COMPLETED)
        if not shaken.done() and await refused:
            raise Failed("connection_refused")
        return await shaken
    finally:
        for task in (shaken, refused):
            task.cancel()
        await asyncio.gather(shaken, refused, return_exceptions=True)


def in_order(addresses: Iterable[str]) -> tuple[str, ...]:
    """Addresses of a server as every path takes them, IPv4 first, whichever answer came first.

    So paths that differ in nothing else go by one engine (`harness.dial.claims`).
    """
    return tuple(sorted(addresses, key=lambda address: (":" in address, address)))


def _met(tape: Tape, of: str) -> bool:
    return any(one.stage is Stage.PATH and one.of == of for one in tape.observations)


def _ended(tape: Tape) -> bool:
    return bool(tape.observations) and tape.observations[-1].failure is not None


_Ask: TypeAlias = Callable[[Address, Engine, Deadline, Tape], Awaitable[_T]]
LOOPBACK = "127.0.0.1"


def build(kind: str, describe: Describe, params: Mapping[str, Json], around: Around) -> Tunnel:
    """The hop of a kind. Raises ValueError where it would have to go through another hop."""
    if not isinstance(around.inner, Direct):
        raise ValueError(f"{kind} goes through no other hop; write it first")
    return Tunnel(
        kind=kind,
        params=params,
        inner=around.inner,
        resolver=around.resolver,
        of=around.inner.of,
        trust=around.trust,
        describe=describe,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What surrounds a hop."""

    inner: Dialer
    resolver: Resolver
    trust: Trust


def _joined(to: Address) -> str:
    return f"[{to.host}]:{to.port}" if ":" in to.host else f"{to.host}:{to.port}"
