"""All packets of a listed name vanish both ways, the ClientHello first.

TSPU's fourth type, RU 2022, where its first cannot act since the answers take another way: 40 s (Xue 2022, "TSPU",
IMC, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_drop

REMEMBERED = params.Residual(key="4tuple", seconds=40.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_drop.Params):
    """As `sni_drop`, remembered for the connection."""

    reassembly: params.Reassembly = "none"  # a hello in pieces defeated it then
    residual: params.Residual | None = REMEMBERED
