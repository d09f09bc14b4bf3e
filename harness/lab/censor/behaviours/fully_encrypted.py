"""What looks like nothing falls silent: fully encrypted protocols are what is left once all else is exempt.

CN 2021-11 to 2023-03, for Shadowsocks, VMess, obfs4 and MTProto's plain obfuscation: the first payload of a TCP
connection decides, for about one connection in four, towards some hosters' prefixes alone; then the client's packets
are dropped, for 180 s on (client, server, port) (Wu 2023, "How the Great Firewall of China Detects and Blocks Fully
Encrypted Traffic", USENIX Security). A few printable bytes ahead, or TLS around it, defeat it; a shorter or longer
payload does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.lab.censor import encrypted, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

PENALTY = 180.0  # seconds (Wu 2023, section 4.4)
SHARE = 0.263  # of the connections (Wu 2023, section 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Whose packets vanish, and for how long; whether the first payload still arrives."""

    probability: params.Share = SHARE
    drop: params.Side = "client"
    trigger: Literal["pass", "drop"] = "pass"
    residual: params.Residual | None = field(default_factory=lambda: params.Residual(seconds=PENALTY))


class FullyEncrypted(Watch[Params]):
    """Looks at the first payload of whoever opened the flow, and at nothing else."""

    PROTOCOLS = ("tcp",)

    def see(self, packet: Packet) -> Packet | None:
        """The packet; from a payload on that meets no exemption the flow is condemned."""
        if packet.side != self.flow.opener or packet.end == packet.body:
            return packet
        self.done = True
        if encrypted.exemption(packet.payload):
            return packet
        self.log("match", bits=round(encrypted.set_bits(packet.payload), 2))
        self.condemn()
        return packet if self.params.trigger == "pass" else self.enforce(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)
