"""The names of encrypted resolvers are forged where they are looked up in the clear.

Browsers do so before their first encrypted question (Niere 2026; IR, CN). Whoever knows a resolver's address is not
concerned.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import dns_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(dns_forge.Params):
    """As `dns_forge`, with the resolvers that browsers know, and an answer that cannot be public."""

    names: tuple[params.Name, ...] = (
        *("dns.google", "cloudflare-dns.com", "one.one.one.one", "dns.quad9.net", "doh.opendns.com"),
        *("dns.adguard-dns.com", "dns.nextdns.io"),
    )
    answers: tuple[params.Address, ...] = ("10.10.34.36",)
