"""Forged DNS answers arrive first, the true one later.

The three injectors of the Great Firewall differ in AA, DF, IP ID and TTL (Anonymous 2020, "Triplet Censors",
FOCI 2020); the true answer is not suppressed (Hoang 2021, USENIX Security).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector(params.Checked):
    """One source of forged answers, and what its packets look like."""

    aa: bool = False
    df: bool = True
    ip_ttl: int = 64  # as it leaves the censor
    ip_id: int = 0
    ttl: int = 60  # of the records
    delay: params.Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, the forged addresses, and how many injectors race."""

    NESTED: ClassVar[Mapping[str, type[params.Checked]]] = {"injectors": Injector}

    answers: tuple[params.Address, ...]  # an AAAA question with no IPv6 address here is not answered
    injectors: tuple[Injector, ...] = (Injector(),)
    ports: tuple[params.Port, ...] = (53,)
