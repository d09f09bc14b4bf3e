"""What a world asks of the tier that carries it, and what is said where the tier lacks it.

Behaviours and servers declare their needs among the traits of their rows.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from harness.errors import ApparatusError
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.servers.table import SERVERS
from harness.lab.tiers import Tier
from harness.lab.world import World


class Need(enum.StrEnum):
    """Something that not every tier can show."""

    PROGRAM = "program"  # servers that are outside programs


WORDS: Mapping[Need, str] = {
    Need.PROGRAM: "outside programs",
}

OFFERS: Mapping[Tier, frozenset[Need]] = {
    Tier.USERNS: frozenset(Need),
    Tier.ROOT: frozenset(Need),
    Tier.LOOPBACK: frozenset(),
}

REMEDY = "run it where a lab of namespaces can be had: on Linux, with user namespaces or as root"

NO_CAPTURE = (
    f"tier {Tier.LOOPBACK} captures nothing: its packets are of the relay's making, and a capture would pass for one of"
    f" this machine's; {REMEDY}"
)
NO_SOCKETS = (
    f"tier {Tier.LOOPBACK} has no sockets of the world's client, only connections that stand: call connect() or"
    " client()"
)
NO_PROGRAMS = f"tier {Tier.LOOPBACK} has no namespaces, so no program of yours runs inside a world; {REMEDY}"


class Lacking(ApparatusError):
    """The tier cannot show what the world needs."""


def needs(world: World) -> dict[Need, tuple[str, ...]]:
    """What the world needs, each with the behaviours and servers that need it."""
    found: dict[Need, dict[str, None]] = {}
    for kind, traits in _kinds(world):
        for need in Need:
            if need in traits:
                found.setdefault(need, {})[kind] = None
    return {need: tuple(kinds) for need, kinds in found.items()}


def _kinds(world: World) -> Iterator[tuple[str, frozenset[str]]]:
    for rule in world.censor:
        yield rule.behaviour, BEHAVIOURS[rule.behaviour].traits
    for _, service in world.listening():
        yield service.kind, SERVERS[service.kind].traits


def lacking(world: World, tier: Tier) -> str:
    """What the world needs and the tier does not have, in one line with the remedy; "" where nothing is missing."""
    missing = [
        f"{WORDS[need]} ({', '.join(kinds)})" for need, kinds in needs(world).items() if need not in OFFERS[tier]
    ]
    if not missing:
        return ""
    return f"world {world.name} needs {' and '.join(missing)}, which tier {tier} does not have; {REMEDY}"
