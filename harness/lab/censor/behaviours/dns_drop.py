"""Questions vanish: all those to listed resolvers, or those for names that hold a word.

RU 2021: 8.8.8.8 (net4people/bbs issue 81); IR: "wpad" anywhere in the name (Lange 2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.packet import TCP, Packet
from harness.lab.censor.question import Question
from harness.lab.censor.watch import QuestionWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and the resolvers by their prefixes; neither means every question."""

    names: tuple[params.Name, ...] = ("*",)
    ports: tuple[params.Port, ...] = (53,)
    transports: tuple[Literal["udp", "tcp"], ...] = ("udp",)
    reassembly: Literal["none", "tcp"] = "none"  # of questions over TCP


class Drop(QuestionWatch[Params]):
    """Lets a question vanish; over TCP, all that comes after it too."""

    PROTOCOLS = ("udp", "tcp")

    def see(self, packet: Packet) -> Packet | None:
        """Looks at those transports alone that are listed."""
        self.done = ("tcp" if self.flow.proto == TCP else "udp") not in self.params.transports
        return packet if self.done else super().see(packet)

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Nothing."""
        if self.flow.proto == TCP:
            self.condemn()
        return self.silence(packet, "both")

    def enforce(self, packet: Packet) -> Packet | None:
        """Nothing."""
        return self.silence(packet, "both")
