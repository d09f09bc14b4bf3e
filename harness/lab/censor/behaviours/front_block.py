"""The names of domain fronts are dropped, now and then: a broker behind a CDN is found today and not tomorrow.

RU and elsewhere, 2025-10: CDN77's front of Snowflake's broker, unevenly (net4people/bbs issue 422); another front, or
the AMP cache, defeats it. The names are those of Tor Browser's Snowflake lines then. The share is not published.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_drop.Params):
    """As `sni_drop`, for a share of the connections."""

    names: tuple[params.Name, ...] = ("www.cdn77.com", "www.phpmyadmin.net")
    probability: params.Share = 0.5
