"""One check over one path: its name resolved, then a walk to each address."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.dial.api import Address, Tape, WalkEnded
from harness.dial.deadline import Deadline
from harness.engine.ground import Ground
from harness.failures import token
from harness.model import Check, Level, Path, Stage, Walk
from harness.probes.route import Route


class Turn(Protocol):
    """Whose turn it is: looking a name up troubles nobody, touching an endpoint may set off a filter for the next."""

    def look_up(self) -> AbstractAsyncContextManager[None]:
        """Held while the name is looked up."""

    def touch(self, addresses: Iterable[str], connected: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """Held while these addresses are walked to; at the end, `connected` are those that took a connection."""


class AtOnce:
    """Nobody waits: what controls are run under."""

    def look_up(self) -> AbstractAsyncContextManager[None]:
        """At once."""
        return contextlib.nullcontext()

    def touch(self, addresses: Iterable[str], connected: Iterable[str]) -> AbstractAsyncContextManager[None]:
        """At once."""
        return contextlib.nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A check to be walked over a path within so many seconds; `began` is when its attempt began."""

    check: Check
    path: Path
    seconds: float
    began: float
    urgent: bool = False
    turn: Turn = field(default_factory=AtOnce)


def first_server(path: Path) -> str:
    """The server that a path's connections go to from here; empty where they go straight to the target."""
    return json.dumps(dict(path.hops[0].params), sort_keys=True) if path.hops else ""


async def walks(errand: Errand, ground: Ground) -> tuple[Walk, ...]:
    """A walk for each address; a single one where the name was not resolved, or needs no resolving."""
    async with ground.claimed(errand.path):
        return await _walks(errand, ground)


async def _walks(errand: Errand, ground: Ground) -> tuple[Walk, ...]:
    probe = ground.probe(errand.check)
    goal = probe.endpoint(errand.check.params)
    tape = Tape(check=errand.check.name, began=errand.began, lag=ground.gauge())
    async with errand.turn.look_up():
        await ground.turns.pacer.turn(errand.urgent)
        if not await _path_is_up(errand, ground, tape):
            return (tape.walk(),)
        if goal is None:
            return (await _walk(errand, ground, tape, goal),)
        addresses = await _addresses(errand, ground, tape, goal)
    if not addresses:
        return (tape.walk(),)
    line, until = ground.line_for(errand.check, errand.urgent), Deadline.after(errand.seconds)
    tried, connected = [to for to in addresses if to], list[str]()
    async with line, errand.turn.touch(tried, connected):
        found = await _to_each(errand, ground, tape, goal, addresses)
        more = _others(found)
        tried.extend(more)
        rest = replace(errand, seconds=max(until.at - until.clock(), 0.0))
        found += await _to_each(rest, ground, tape, goal, more)
        connected.extend(walk.address for walk in found if walk.address and _connected(walk))
        return found


def _others(found: tuple[Walk, ...]) -> tuple[str, ...]:
    """More addresses of the name, where none of the first took a connection: a list of addresses is seldom whole."""
    if not all(walk.failed_at is Stage.CONNECT and walk.last and walk.last.of == "target" for walk in found):
        return ()
    looked_up = found[0].at(Stage.RESOLVE)
    return tuple(looked_up.detail.get("more", ())) if looked_up else ()


def _connected(walk: Walk) -> bool:
    made = walk.at(Stage.CONNECT)
    return made is not None and made.failure is None


async def _to_each(
    errand: Errand, ground: Ground, tape: Tape, goal: Address, addresses: tuple[str | None, ...]
) -> tuple[Walk, ...]:
    """A walk to each address, all at once; each has the lookup on its tape."""
    tapes = [replace(tape, address=to, observations=[*tape.observations], lag=ground.gauge()) for to in addresses]
    async with asyncio.TaskGroup() as together:
        tasks = [together.create_task(_in_turn(errand, ground, each, goal)) for each in tapes]
    return tuple(task.result() for task in tasks)


async def _path_is_up(errand: Errand, ground: Ground, tape: Tape) -> bool:
    """False where the path did not come up; that is then on the tape."""
    until = Deadline.after(min(errand.seconds, ground.patience.path))
    async with _written(tape, ground, Stage.PATH):
        await ground.open(errand.path).up(until, tape)
    return not (tape.observations and tape.observations[-1].failure)


async def _addresses(errand: Errand, ground: Ground, tape: Tape, goal: Address) -> tuple[str | None, ...]:
    """Where the name leads; nothing where the failure is on the tape."""
    found: tuple[str | None, ...] = ()
    until = Deadline.after(min(errand.seconds, ground.patience.resolve))
    async with _written(tape, ground, Stage.RESOLVE):
        found = await ground.open(errand.path).addresses(goal.host, until, tape)
        if tape.observations:  # an address needs no resolving, and a name handed on was not resolved here
            tape.reached(Level.E0)
    return found


async def _in_turn(errand: Errand, ground: Ground, tape: Tape, goal: Address) -> Walk:
    """The walk, once its address and its path's first server have room for it."""
    over = first_server(errand.path)
    name = errand.check.params.get("server_name") or goal.host
    async with AsyncExitStack() as held:
        await held.enter_async_context(ground.turns.handshakes.hold((over, tape.address, name), errand.urgent))
        if over:
            await held.enter_async_context(ground.turns.servers.hold(over, errand.urgent))
        if "alone" in ground.probes[errand.check.probe].traits:
            await held.enter_async_context(ground.turns.line.hold("walk", errand.urgent))
        return await _walk(errand, ground, tape, goal)


async def _walk(errand: Errand, ground: Ground, tape: Tape, goal: Address | None) -> Walk:
    route = Route(
        open_path=ground.open(errand.path),
        host=goal.host if goal else "",
        address=tape.address,
        trust=ground.trust,
        reopen=ground.open,
        patience=ground.patience,
    )
    async with _written(tape, ground, Stage.REQUEST):
        await ground.probe(errand.check).run(errand.check.params, route, tape, Deadline.after(errand.seconds))
    return tape.walk()


@contextlib.asynccontextmanager
async def _written(tape: Tape, ground: Ground, stage: Stage) -> AsyncIterator[None]:
    """See that whatever ends a walk is on its tape: what is raised outside every stage is written at `stage`."""
    try:
        yield
    except WalkEnded:
        pass
    except Exception as exc:
        if (name := token(exc)).startswith("unknown:"):
            ground.complain(f"probe of {tape.check}: {name}: {exc}")
        with contextlib.suppress(WalkEnded), tape.stage(stage):
            raise
