"""The DNS answer is replaced by a true address, and always by the same one.

Iran 2025: 385 names of Google's are all answered by 216.239.38.120, which does serve them. It works, and leaves one
address to take away (Lange 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import dns_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(dns_forge.Params):
    """As `dns_forge`, with Google's one address."""

    answers: tuple[params.Address, ...] = ("216.239.38.120",)
