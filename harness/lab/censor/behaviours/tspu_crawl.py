"""A listed name is policed to a crawl, both ways: the handshake takes seconds, and no page ever comes whole.

TSPU's third type, RU 2022-02-26 to 03-04 for Twitter: 600 to 700 bytes a second for 420 s (Xue 2022, "TSPU", IMC,
section 5; ntc.party/t/1724 shows 517 bytes after 4.8 s).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import police

REMEMBERED = params.Residual(key="4tuple", seconds=420.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(police.Params):
    """As `police`, with its names and one full packet at once."""

    names: tuple[params.Name, ...]
    rate: params.Rate = 5200.0  # 650 bytes a second
    burst: int | None = 1500
    protocols: tuple[params.Protocol, ...] = ("tcp",)
    reassembly: params.Reassembly = "none"  # a hello in pieces defeated it then
    residual: params.Residual | None = REMEMBERED
