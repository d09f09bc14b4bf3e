"""Silence from the Initial on that shows a listed name: QUIC's handshake never ends, while TCP is another matter.

RU: deployed at TSPU by 2023-07 (Heitmann 2026, "On Russia's Early Introduction of QUIC SNI Censorship", FOCI,
net4people/bbs issue 654), first seen at Yota in 2022 as a second layer that works towards allow-listed servers too
(kelmenhorst/quic-censorship issue 4, net4people/bbs issue 108). Version 1 alone; a missing last byte does not help, for
the tag is not looked at, nor do PING and PADDING around the hello (github.com/UPB-SysSec/RussiaQuicResults, `parsing`).
Splitting the hello over CRYPTO frames or sending another Initial ahead defeats it; `reassembly` says how far it goes
against the former.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import quic_names
from harness.lab.censor.packet import Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(quic_names.Params):
    """As every rule about names in Initials, with what TSPU was seen to read."""

    reassembly: quic_names.Joined = "none"
    versions: tuple[Literal[1, 2], ...] = (1,)
    checked: bool = False


class QuicSniDrop(quic_names.InitialWatch[Params]):
    """Lets the flow fall silent."""

    def matched(self, packet: Packet) -> Packet | None:
        """Condemns the flow by the datagram that showed the name."""
        return self.condemned(packet)
