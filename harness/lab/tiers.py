"""Whether this machine can hold a lab, found out by doing; where it cannot: the step, its errno and the remedy."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from harness.errors import ApparatusError


class Tier(enum.StrEnum):
    """By which rights a lab's namespaces are made."""

    USERNS = "userns"  # an ordinary user's, in a user namespace
    ROOT = "root"  # already root


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What keeps this machine from holding a lab."""

    step: str
    errno: int
    remedy: str


class Unavailable(ApparatusError):
    """No tier of the lab is to be had on this machine."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(f"the lab cannot start: {missing.step}: errno {missing.errno}; {missing.remedy}")
        self.missing = missing


def detect() -> Tier | Missing:
    """The best tier of this machine, tried in a process of its own."""
    from harness.lab import opened

    return opened.probe()
