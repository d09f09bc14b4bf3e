"""Resets of three kinds race the true answer to both ends, and stay for a while: the Great Firewall beside the path.

A bare RST, and three RST+ACK further and further ahead, whose TTL and window grow from each to the next (Wang 2017,
"Your State is Not Mine", IMC, section 2). Residual 60 to 360 s for (client, server, port) (Bock 2021, "Your Censor is
My Censor"; Rambert 2021). From some vantage points only 50 to 75 % of the triggers are answered, and nearly all after
seven (Rambert 2021). TLS records are not joined (Niere 2023); segments are, and where they are not, a split ahead of
the name is enough (`reassembly: none`; Bock 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params, reliability
from harness.lab.censor.hello import Hello
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HelloWatch

KINDS = (
    params.Reset(ack=False, ttl=47, window=225),
    params.Reset(ttl=92, window=1410, ahead=(0, 1460, 4380), grow=1),
)
REMEMBERED = params.Residual(key="3tuple", seconds=60.0, most=360.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Telling):
    """The names, the kinds of reset, how often it reacts, and what it remembers."""

    direction: params.Direction = "both"
    hits: params.Share = 0.75  # of the triggers
    sure_after: int = 7  # triggers of a client at a server, behind which none is missed any more; 0: never so
    reassembly: params.Reassembly = "tcp"
    resets: tuple[params.Reset, ...] = KINDS
    residual: params.Residual | None = REMEMBERED


class GfwReset(HelloWatch[Params]):
    """Takes nothing away, and adds resets to whatever the opener sends."""

    def meant(self, hello: Hello) -> bool:
        """True where the rule is about this hello and does not miss it; a flow that was missed is let go."""
        if not super().meant(hello):
            return False
        self.done = not reliability.answered(self, self.params.hits, self.params.sure_after)
        return not self.done

    def enforce(self, packet: Packet) -> Packet | None:
        """The packet itself, with resets around it."""
        return self.cut(packet, self.params.resets, taken=True)
