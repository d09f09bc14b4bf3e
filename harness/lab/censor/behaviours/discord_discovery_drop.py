"""Discord's question for one's own address vanishes: a call stays at "RTC connecting".

RU since 2024-10 (bol-van/zapret pull request 1314): 74 bytes, type and length of the question, the SSRC, and zeros for
the address and port that the answer brings (discord/discord-api-docs issue 1244). Decoys ahead defeat boxes that look
at the start of a flow alone, which `first` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params, signature
from harness.lab.censor.packet import Packet

SIZE = 74
HEAD, SSRC = b"\0\x01\0\x46", 4  # question, 70 bytes follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(signature.Params):
    """As every rule about single datagrams, on the ports of Discord's voice servers."""

    ports: tuple[params.Port, ...] = ("50000-50100", "19294-19344")


class DiscordDiscoveryDrop(signature.SignatureWatch[Params]):
    """Knows the question by its size, its head and its zeros."""

    def recognised(self, packet: Packet) -> str:
        """The question, where the opener asks it."""
        data = packet.payload
        if packet.side != self.flow.opener or len(data) != SIZE or not data.startswith(HEAD):
            return ""
        return "" if any(data[len(HEAD) + SSRC :]) else "ip discovery"
