"""The DNS answer is replaced by the address of a page of the provider's, the same one for all names.

Providers in Russia, India and Turkey; many unrelated names at one address give it away (Runnin4ik/dpi-detector,
README). Over TLS the page's server shows its own certificate.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import dns_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(dns_forge.Params):
    """As `dns_forge`, with the page's addresses, one for each family."""

    answers: tuple[params.Address, ...]
