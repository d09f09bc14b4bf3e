"""Outside the list everything crawls at some 14 KB/s.

RU mobile 2025-11 (hxehex/russia-mobile-internet-whitelist issue 21, users' reports). The list is `exempt_prefixes`, or
`exempt_names`.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import shape

CRAWL = 112_000.0  # bits a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(shape.Params):
    """As `shape`, for all flows, at the rate that was reported."""

    rate: params.Rate = CRAWL
    direction: params.Direction = "both"
