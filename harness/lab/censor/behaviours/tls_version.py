"""Clients that offer no newer TLS than a version are cut off; newer ones pass.

RU 2024-04-01, for about a day: TLS 1.2 to Cloudflare's edges (net4people/bbs issue 349; ppy/osu-web issue 11136).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import tls_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(tls_fingerprint.Params):
    """As `tls_fingerprint`, for hellos of TLS 1.2 and older."""

    newest: tuple[params.Version, ...] = ("1.0", "1.1", "1.2")
