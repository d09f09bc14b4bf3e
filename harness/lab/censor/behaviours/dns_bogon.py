"""The DNS answer is replaced by an address that cannot be public.

10.10.34.34 to .36 are Iran's (Lange 2025; Tai 2025: .36 for 87 % of the names).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import dns_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(dns_forge.Params):
    """As `dns_forge`, with Iran's bogon as the answer."""

    answers: tuple[params.Address, ...] = ("10.10.34.36",)
