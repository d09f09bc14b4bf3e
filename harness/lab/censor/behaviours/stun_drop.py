"""STUN messages vanish: a call rings and never connects.

RU since 2025-08-11, calls of WhatsApp and Telegram (bol-van/zapret pull request 1314, Waujito/youtubeUnblock issue
265): two zero bits and the magic cookie, on any port or on 3478, 590 to 1400 and others. A decoy sent ahead defeats
boxes that look at the start of a flow alone, which `first` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import signature
from harness.lab.censor.packet import Packet

HEADER, COOKIE = 20, bytes.fromhex("2112a442")  # RFC 8489 section 5
CLASSES = ("request", "indication", "response", "response")  # success and error are both answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(signature.Params):
    """Which messages vanish; indications never do."""

    drop: Literal["request", "response", "both"] = "both"


class StunDrop(signature.SignatureWatch[Params]):
    """Knows STUN by its header."""

    def recognised(self, packet: Packet) -> str:
        """The class of a message that vanishes."""
        kind = stun_class(packet.payload)
        wanted = {"request", "response"} if self.params.drop == "both" else {self.params.drop}
        return kind if kind in wanted else ""


def stun_class(data: bytes) -> str:
    """What kind of STUN message the bytes are, "" where they are none."""
    if len(data) < HEADER or data[0] >> 6 or data[4:8] != COOKIE:
        return ""
    return CLASSES[(data[0] & 1) << 1 | data[1] >> 4 & 1]  # the class lies in bits 8 and 4 of the type
