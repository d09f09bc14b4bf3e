"""Silence from the ClientHello on, both ways.

TSPU's type 4 (Xue 2022); Iran's null route of a flow for 180 s, Kazakhstan's for 120 s (Bock 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HelloWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Telling):
    """The names, whose packets are held back, and what is remembered."""

    drop: params.Side = "both"  # packets of the client, of the server, or of both; the trigger is the client's


class SniDrop(HelloWatch[Params]):
    """Lets the flow fall silent."""

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)
