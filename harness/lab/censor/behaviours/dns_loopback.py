"""The DNS answer is replaced by the asker's own address, 127.0.0.1: whoever connects meets itself.

Pakistan (Aceto 2015); Turkmenistan (Nourin 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import dns_forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(dns_forge.Params):
    """As `dns_forge`, with loopback as the answer."""

    answers: tuple[params.Address, ...] = ("127.0.0.1",)
