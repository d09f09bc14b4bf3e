"""Silence towards listed addresses over IPv4; IPv6 was forgotten.

RU YouTube 2024, as users report it: slow over IPv4 and clean over IPv6 (yt-dlp issue 10443). Any other rule says the
same by `families: [4]`.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import address_blackhole


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(address_blackhole.Params):
    """As `address_blackhole`, for IPv4 alone."""

    families: tuple[params.Family, ...] = (4,)
