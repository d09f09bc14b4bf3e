"""Encrypted ClientHello towards Cloudflare vanishes: its public name and its extension together, neither alone.

RU since 2024-11-05 (net4people/bbs issue 417; Niere 2025, "Encrypted Client Hello (ECH) in Censorship Circumvention").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_drop

ECH = 0xFE0D  # draft-ietf-tls-esni


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_drop.Params):
    """As `sni_drop`, for the public name with the extension."""

    names: tuple[params.Name, ...] = ("cloudflare-ech.com",)
    match: Literal["exact", "suffix", "substring"] = "exact"
    extensions: tuple[int, ...] = (ECH,)
