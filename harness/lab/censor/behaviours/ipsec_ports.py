"""The older tunnels vanish by port and protocol number: IPsec, L2TP, PPTP.

RU, with the wave of 2023-08; IR; some mobile networks anywhere (net4people/bbs issue 274, hwdsl2/setup-ipsec-vpn issue
397). IKE: RFC 7296 section 2, NAT traversal: RFC 3948; ESP and AH: RFC 4303 and 4302; L2TP: RFC 2661; PPTP and its GRE:
RFC 2637.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.lab.censor import params
from harness.lab.censor.packet import TCP, UDP, Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

Tunnel: TypeAlias = Literal["ike", "nat_t", "esp", "ah", "l2tp", "pptp", "gre"]

ESP, AH, GRE = 50, 51, 47
ENDS: dict[Tunnel, tuple[int, int]] = {  # protocol number, and the port that is called, 0 where there are none
    "ike": (UDP, 500),
    "nat_t": (UDP, 4500),
    "esp": (ESP, 0),
    "ah": (AH, 0),
    "l2tp": (UDP, 1701),
    "pptp": (TCP, 1723),
    "gre": (GRE, 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Which of them vanish."""

    tunnels: tuple[Tunnel, ...] = ("ike", "nat_t", "esp", "ah", "l2tp", "pptp", "gre")


class IpsecPorts(Watch[Params]):
    """Looks at what a flow is, and at nothing that it carries."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._met = next((one for one in self.params.tunnels if ENDS[one] == (flow.proto, flow.called)), "")

    def see(self, packet: Packet) -> Packet | None:
        """Nothing of a flow that is meant; any other is let go."""
        if not self._met:
            self.done = True
            return packet
        self.note("drop", what=self._met)
        return None
