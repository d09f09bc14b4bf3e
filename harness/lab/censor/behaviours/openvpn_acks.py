"""OpenVPN is known by the sizes of its acknowledgements, whatever its bytes are, and lost once enough has been seen.

Xue 2022, "OpenVPN is Open to VPN Fingerprinting" (USENIX Security), section 5: acknowledgements are all of one size,
stand by themselves, and are many in the first tens of packets and gone behind the handshake. The bounds are those of
the paper as its replication has them (github.com/jcstoleriu/OpenVPN4). tls-crypt and the XOR patch change no size and
do not help; padding does, and a carrier of another protocol. OpenVPN 2.6 sends most acknowledgements along with other
packets, so that its own sessions are found no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

BIN = 10  # packets
CANDIDATE = 3  # the packet with data that is the first acknowledgement: request, answer, and what the client says to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What an acknowledgement may look like, how many there may be in each ten packets, and how many are looked at."""

    protocols: tuple[params.Protocol, ...] = ("udp", "tcp")
    shortest: int = 22  # bytes: opcode, session ids, one packet id; over TCP two more
    longest: int = 72  # bytes, with what tls-crypt adds
    least: tuple[int, ...] = (1, 2)  # in each bin, in order; in those beyond the list as many as like
    most: tuple[int, ...] = (3, 5, 5, 5, 5, 1)  # the last holds for all bins beyond
    packets: int = 100  # with data, both ways, until it is sure
    residual: params.Residual | None = None


class OpenvpnAcks(Watch[Params]):
    """Counts packets of one size."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._seen = self._equal = 0
        self._size = 0  # of an acknowledgement

    def see(self, packet: Packet) -> Packet | None:
        """The packet, while its flow may be something else."""
        size = packet.end - packet.body
        if not size:
            return packet
        self._seen += 1
        if self._seen == CANDIDATE:
            self._size = size
            fits = packet.side == self.flow.opener and self.params.shortest <= size <= self.params.longest
            self.done = not fits
        self._equal += size == self._size
        if self._seen % BIN == 0:
            self.done = self.done or not self._fits(self._seen // BIN - 1)
            self._equal = 0
        if self.done or self._seen < self.params.packets:
            return packet
        self.log("match", what="openvpn", size=self._size)
        return self.condemned(packet)

    def _fits(self, number: int) -> bool:
        """True where the bin that is full now has as many acknowledgements as OpenVPN would send."""
        least, most = self.params.least, self.params.most
        lowest = least[number] if number < len(least) else 0
        return lowest <= self._equal <= most[min(number, len(most) - 1)]
