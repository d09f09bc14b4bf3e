"""The first datagrams of a UDP flow pass, then it is silent.

RU mobile since 2025-06: about 25 both ways, and the server out of reach for some ten minutes afterwards, which a
residual says (net4people/bbs issue 490).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import chosen, params
from harness.lab.censor.behaviours import freeze


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(freeze.Params):
    """As `freeze`, for UDP alone."""

    protocols: tuple[params.Protocol, ...] = ("udp",)
    exempt_openings: tuple[chosen.Opening, ...] = ()
