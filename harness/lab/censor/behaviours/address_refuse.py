"""A SYN to a listed address is answered by RST+ACK; whatever else goes there or comes from there vanishes.

Seen at TSPU since 2022 for 199.36.158.100, where pings were dead as well (net4people/bbs issue 106).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.packet import ACK, SYN, Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The addresses, and optionally ports, that refuse; `reset` says what the refusal looks like."""

    reset: params.Reset = params.TO_CLIENT


class Refuse(Watch[Params]):
    """Answers for a closed port."""

    def see(self, packet: Packet) -> Packet | None:
        """Resets whoever sends a SYN; all else vanishes."""
        if packet.flags & (SYN | ACK) == SYN:
            self.reset(packet, self.params.reset, taken=False)
        else:
            self.note("drop")
        return None
