"""Datagrams to voice servers are lost in spells of a cycle of ten seconds: one joins, and the ping reads 5000 ms.

RU 2026-04 to 2026-08, Discord's 104.29.136.0 to 104.29.159.255 (Flowseal/zapret-discord-youtube issues 12514 and
16627). A decoy that looks like STUN or QUIC is reported to help some; how long a spell lasts and what of it is lost is
not published.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import udp_loss

VOICE = ("104.29.136.0/21", "104.29.144.0/20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(udp_loss.Params):
    """As `udp_loss`, in spells."""

    prefixes: tuple[params.Prefix, ...] = VOICE
    loss: params.Share = 0.9
    every: params.Seconds = 10.0
    lasting: params.Seconds = 5.0
