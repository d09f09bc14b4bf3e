"""A connection whose ClientHello shows a listed name falls silent, and stays so for as long as anybody tries.

The four ends are held both ways, and every packet that is held, retransmissions too, starts the time again: IR 180 s,
KZ 120 s (Bock 2021, "Your Censor is My Censor", WOOT). Since 2024 Iran looks at all ports, and at those connections
alone whose handshake it has seen (Tai 2025). A new source port gets through at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_drop

REMEMBERED = params.Residual(key="4tuple", seconds=180.0, refresh=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_drop.Params):
    """As `sni_drop`, remembered as Iran does."""

    stateful: bool = True
    reassembly: params.Reassembly = "none"
    residual: params.Residual | None = REMEMBERED
