"""Forged DNS answers arrive first, the true one later.

The three injectors of the Great Firewall differ in AA, DF, IP ID and TTL (Anonymous 2020, "Triplet Censors",
FOCI 2020); the true answer is not suppressed (Hoang 2021, USENIX Security).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.lab.censor import forge, params, question
from harness.lab.censor.packet import Packet
from harness.lab.censor.question import Question
from harness.lab.censor.watch import QuestionWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector(params.Checked):
    """One source of forged answers, and what its packets look like."""

    aa: bool = False
    df: bool = True
    ip_ttl: int = 64  # as it leaves the censor
    ip_id: int = 0
    ttl: int = 60  # of the records
    delay: params.Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, the forged addresses, and how many injectors race."""

    NESTED: ClassVar[Mapping[str, type[params.Checked]]] = {"injectors": Injector}

    answers: tuple[params.Address, ...]  # an AAAA question with no IPv6 address here is not answered
    injectors: tuple[Injector, ...] = (Injector(),)
    ports: tuple[params.Port, ...] = (53,)


class Race(QuestionWatch[Params]):
    """Answers before the resolver can."""

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Sends one forged answer for each injector, and lets the question pass."""
        records = question.fitting(self.params.answers, asked.kind)
        if not records:
            return packet
        for injector in self.params.injectors:
            answer = question.answer(asked, records, ttl=injector.ttl, aa=injector.aa)
            look = forge.Look(ttl=injector.ip_ttl, ident=injector.ip_id, df=injector.df)
            self.send_back(packet, forge.udp_answer(packet, answer, look), injector.delay)
        self.log("inject", asked.name, answers=len(self.params.injectors))
        return packet
