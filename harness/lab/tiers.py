"""Whether this machine can hold a lab, found out by doing; where it cannot: the step, its errno and the remedy."""

from __future__ import annotations

import enum
import errno
import functools
import os
import socket
from dataclasses import dataclass

from harness.errors import ApparatusError


class Tier(enum.StrEnum):
    """By which rights a lab's namespaces are made."""

    USERNS = "userns"  # an ordinary user's, in a user namespace
    ROOT = "root"  # already root
    LOOPBACK = "loopback"  # nobody's: without namespaces, by a relay on 127.0.0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What keeps this machine from holding a lab."""

    step: str
    errno: int
    remedy: str

    def __str__(self) -> str:
        return f"cannot {self.step}: {os.strerror(self.errno)}; {self.remedy}"


class Unavailable(ApparatusError):
    """No tier of the lab is to be had on this machine."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(f"no lab on this machine: {missing}")
        self.missing = missing


def ladder() -> tuple[Tier, ...]:
    """The tiers to try, best first; WAYGAUGE_LAB_TIER names the only one, so that each can be shown on one machine."""
    if only := os.environ.get("WAYGAUGE_LAB_TIER"):
        if only not in set(Tier):
            raise ApparatusError(f"WAYGAUGE_LAB_TIER is no tier: write one of {', '.join(Tier)}")
        return (Tier(only),)
    return (Tier.USERNS, Tier.ROOT) if hasattr(os, "geteuid") and os.geteuid() == 0 else (Tier.USERNS,)


def detect() -> Tier | Missing:
    """The best tier of this machine, tried once in a process of its own; what is missing is the first rung's."""
    return _detected(ladder())


def carrier() -> Tier | Missing:
    """What measures in a world on this machine: its best tier, and the loopback where no other is to be had.

    Where WAYGAUGE_LAB_TIER names a tier there is no other.
    """
    found = detect()
    return Tier.LOOPBACK if isinstance(found, Missing) and not os.environ.get("WAYGAUGE_LAB_TIER") else found


@functools.cache
def _detected(rungs: tuple[Tier, ...]) -> Tier | Missing:
    from harness.lab import start

    if rungs != (Tier.LOOPBACK,) and not hasattr(socket, "AF_PACKET"):
        return Missing(step="make namespaces", errno=errno.ENOSYS, remedy="they exist on Linux alone")
    missing = None
    for tier in rungs:
        try:
            start.probe(tier)
        except Unavailable as unavailable:
            missing = missing or unavailable.missing
        else:
            return tier
    assert missing is not None
    return missing
