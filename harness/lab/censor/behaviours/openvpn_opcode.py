"""OpenVPN is known by the first bytes of its handshake, over UDP and TCP, and lost at once or after some packets.

RU 2023-05 and 2023-08 (net4people/bbs issue 274), and many others; Xue 2022, "OpenVPN is Open to VPN Fingerprinting"
(USENIX Security): opcodes alone find most vanilla flows, and those under the XOR patch too, for it maps the first byte
in one and the same way. tls-auth and tls-crypt do not help; Shadowsocks or another protocol around it does. The sizes
of acknowledgements, which the paper looks at besides, are not looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import openvpn, params
from harness.lab.censor.packet import SYN, TCP, Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """How much of a handshake must have been seen, and how much passes after that."""

    protocols: tuple[params.Protocol, ...] = ("udp", "tcp")
    at: openvpn.Stage = "reply"  # the client's reset, the server's answer to it, or the client's next packet
    scrambled: bool = False  # known too where first bytes are mapped; never before the answer
    packets: int = 0  # with data, of either side, that pass before the loss begins
    residual: params.Residual | None = None


class OpenvpnOpcode(Watch[Params]):
    """Reads the first byte of the first packets."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._opening = openvpn.Opening(scrambled=self.params.scrambled)
        self._wanted = openvpn.STAGES[openvpn.STAGES.index(self.params.at) :]
        self._passed: int | None = None  # since it is known

    def see(self, packet: Packet) -> Packet | None:
        """The packet, while the flow may live."""
        if packet.end == packet.body or (packet.proto == TCP and packet.flags & SYN):
            return packet
        if self._passed is None and not self._recognised(packet):
            self.done = self._opening.over
            return packet
        self._passed = 0 if self._passed is None else self._passed + 1
        if self._passed < self.params.packets:
            return packet
        return self.condemned(packet)

    def _recognised(self, packet: Packet) -> bool:
        byte = openvpn.first_byte(packet)
        if packet.side == self.flow.opener:
            self._opening.asked(byte)
        else:
            self._opening.answered(byte)
        stage = self._opening.stage
        if self._opening.over or stage not in self._wanted:
            return False
        self.log("match", what="openvpn", stage=stage)
        return True
