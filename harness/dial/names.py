"""Names that need no question: pinned ones, addresses, and those that a hop resolves by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial.api import Resolver, Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.literals import is_address
from harness.model import Stage

_A_FAMILY = 2
"""Addresses of each family that are walked first: more would mostly be more of the same."""


def at_most_two(addresses: tuple[str, ...], only: int | None = None) -> tuple[str, ...]:
    """At most two addresses a family, in their order; `only` 4 or 6 keeps to one family."""
    kept: list[str] = []
    for address in dict.fromkeys(addresses):
        version = 6 if ":" in address else 4
        alike = sum((":" in other) == (":" in address) for other in kept)
        if alike < _A_FAMILY and only in (None, version):
            kept.append(address)
    return tuple(kept)


def others(addresses: tuple[str, ...], first: tuple[str, ...], only: int | None = None) -> tuple[str, ...]:
    """At most two more a family: where the first of a name cannot be reached, these may be."""
    return at_most_two(tuple(one for one in addresses if one not in first), only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A resolver before which addresses and pinned names stand."""

    pins: Mapping[str, tuple[str, ...]]
    resolver: Resolver
    only: int | None = None

    async def resolve(self, name: str, until: Deadline, tape: Tape, of: str = "target") -> tuple[str, ...]:
        """The pinned addresses, as a `resolve` stage whose server is `pins`; else what the resolver says."""
        if is_address(name):
            return (name,)
        if name not in self.pins:
            return await self.resolver.resolve(name, until, tape, of)
        with tape.stage(Stage.RESOLVE, of) as note:
            kept = at_most_two(self.pins[name], self.only)
            note.detail.update(query=name, server="pins", addresses=list(kept), answers=[])
            if more := others(self.pins[name], kept, self.only):
                note.detail["more"] = list(more)
            if not kept:
                raise Failed("dns_no_answer")
        return kept


@dataclass(frozen=True, slots=True)
class HandedOn:
    """A resolver that asks nobody: the hop before takes names."""

    async def resolve(self, name: str, _until: Deadline, _tape: Tape, _of: str = "target") -> tuple[str, ...]:
        """The name itself, and no stage."""
        return (name,)
