"""The DNS answer is replaced on the way: the question never reaches the resolver that it was meant for.

Lange 2025 and Tai 2025 (IR, in path, any resolver); UDP only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import forge, params, question
from harness.lab.censor.packet import Packet
from harness.lab.censor.question import Question
from harness.lab.censor.watch import QuestionWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and the answer: addresses, or only a response code. No address of the family: no records."""

    answers: tuple[params.Address, ...] = ()
    rcode: Literal["noerror", "servfail", "nxdomain", "refused"] = "noerror"
    ttl: int = 60  # of the records
    ip_ttl: params.Ttl = 64  # of the packet, as it leaves the censor
    ip_id: params.Word = 0
    ports: tuple[params.Port, ...] = (53,)


class Forge(QuestionWatch[Params]):
    """Answers in the resolver's place."""

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Sends the forged answer; the question goes no further."""
        records = question.fitting(self.params.answers, asked.kind)
        rcode = question.RCODES[self.params.rcode]
        answer = question.answer(asked, records, rcode=rcode, ttl=self.params.ttl)
        look = forge.Look(ttl=self.params.ip_ttl, ident=self.params.ip_id)
        self.send_back(packet, forge.udp_answer(packet, answer, look))
        self.log("forge", asked.name, rcode=self.params.rcode, records=len(records))
        return None
