"""Resets for the names of DoH and DoT resolvers.

RU 2021-09 and again 2026-08 (net4people/bbs issues 81 and 657); Basso 2021 (KZ, IR, CN).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_reset.Params):
    """As `sni_reset`, on the ports of DoH and DoT, with the names reported in 2021."""

    ports: tuple[params.Port, ...] = (443, 853)
    names: tuple[params.Name, ...] = (
        *("dns.google", "1dot1dot1dot1.cloudflare-dns.com", "doh.opendns.com", "mozilla.cloudflare-dns.com"),
    )
