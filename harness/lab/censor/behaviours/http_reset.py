"""Forged resets once a listed name is seen in the Host line.

Turkmenistan resets on any port, from either side, and whatever comes on the same four-tuple within 30 s (Nourin 2023;
net4people/bbs issue 80).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HostWatch

Trigger: TypeAlias = Literal["pass", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Hosted):
    """The names, what the resets look like, and what is remembered."""

    reset: params.Reset = params.BOTH_WAYS
    trigger: Trigger = "drop"  # whether the request itself still reaches the server


R = TypeVar("R", bound=Params)


class HttpReset(HostWatch[R], Generic[R]):
    """Resets the connection, and every later packet of its opener."""

    def matched(self, packet: Packet, name: str) -> Packet | None:
        """Condemns the connection by the packet that showed the name."""
        return self.condemned(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Answers what the opener sends by resets; what the other side sends vanishes where we stand in the path."""
        return self.cut(packet, (self.params.reset,), taken=self.params.trigger == "pass")
