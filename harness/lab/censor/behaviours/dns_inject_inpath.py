"""Questions for listed names are answered by a bogon on the way, at any resolver; the true answer never comes.

Iran: 10.10.34.36 for about 87 % of the names, 10.10.34.34 for 13 %, .35 seldom; an injector that sends its answer with
the TTL with which the question came; questions from outside are answered too (Lange 2025, Tai 2025). Of questions over
TCP nothing is documented: they are let pass.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.lab.censor import forge, params, question
from harness.lab.censor.draw import draw
from harness.lab.censor.packet import Packet
from harness.lab.censor.question import Question
from harness.lab.censor.watch import QuestionWatch

IRAN: Mapping[str, float] = {"10.10.34.36": 87, "10.10.34.34": 13, "10.10.34.35": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and which address is given out for which part of them."""

    answers: Mapping[params.Address, float] = field(default_factory=lambda: dict(IRAN))  # by weight
    mirror_ttl: bool = True  # the answer's IP TTL is what the question's was; else 64
    ttl: int = 60  # of the records
    ports: tuple[params.Port, ...] = (53,)
    direction: params.Direction = "both"


class InPath(QuestionWatch[Params]):
    """Answers in the resolver's place."""

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Sends the name's own bogon; no record at all where it is of the other family."""
        given = self._given(asked.name)
        answer = question.answer(asked, question.fitting([given], asked.kind), ttl=self.params.ttl)
        look = forge.Look(ttl=packet.ttl) if self.params.mirror_ttl else forge.PLAIN
        self.send_back(packet, forge.udp_answer(packet, answer, look))
        self.log("forge", asked.name, address=given)
        return None

    def _given(self, name: str) -> str:
        """The name's address, which it keeps."""
        weights = self.params.answers
        left = draw(self.rule.seed, self.rule.index, zlib.crc32(name.encode())) * sum(weights.values())
        for address, weight in weights.items():
            left -= weight
            if left < 0:
                return address
        return next(iter(weights))
