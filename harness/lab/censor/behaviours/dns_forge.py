"""The DNS answer is replaced on the way: the question never reaches the resolver that it was meant for.

Lange 2025 and Tai 2025 (IR, in path, any resolver); UDP only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and the answer: addresses, or only a response code. No address of the family: no records."""

    answers: tuple[params.Address, ...] = ()
    rcode: Literal["noerror", "servfail", "nxdomain", "refused"] = "noerror"
    ttl: int = 60
    ports: tuple[params.Port, ...] = (53,)
