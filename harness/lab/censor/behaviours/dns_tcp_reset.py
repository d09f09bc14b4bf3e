"""Forged resets once a listed name is asked for over TCP.

The Great Firewall reads questions over TCP/53 as well, each segment by itself: a question in two segments passes
(Hoang 2021; Niere 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.question import Question
from harness.lab.censor.watch import QuestionWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, what the resets look like, and what is remembered."""

    ports: tuple[params.Port, ...] = (53,)
    direction: params.Direction = "both"
    reassembly: Literal["none", "tcp"] = "none"
    reset: params.Reset = params.BOTH_WAYS
    trigger: Literal["pass", "drop"] = "pass"  # whether the question itself still reaches the resolver
    residual: params.Residual | None = None


class TcpReset(QuestionWatch[Params]):
    """Resets the connection, and every later packet of its opener."""

    PROTOCOLS = ("tcp",)

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Condemns the connection by the packet that showed the question."""
        return self.condemned(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Answers what the opener sends by resets; what the other side sends vanishes where we stand in the path."""
        return self.cut(packet, (self.params.reset,), taken=self.params.trigger == "pass")
