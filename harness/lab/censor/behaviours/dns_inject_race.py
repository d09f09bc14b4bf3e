"""Forged DNS answers arrive first, the true one later.

The three injectors of the Great Firewall: one sets AA and leaves DF out, its records live 60 s; one sets DF and draws
its IP TTL; one sends an IP ID of 0 and mirrors the question's IP TTL (Anonymous 2020, "Triplet Censors", FOCI 2020).
Each answer holds one address out of a pool that belongs to others (Hoang 2021, USENIX Security). Questions from outside
are answered too. The true answer is not suppressed: 99 % of the forged ones were within 364 ms of it (Niere 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from harness.lab.censor import forge, params, question
from harness.lab.censor.packet import Packet
from harness.lab.censor.question import Question
from harness.lab.censor.scope import below
from harness.lab.censor.watch import QuestionWatch

Drawn: TypeAlias = Literal["random"]
_ADDRESS, _TTL, _ID = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector(params.Checked):
    """One source of forged answers, and what its packets look like."""

    names: tuple[params.Name, ...] = ()  # suffixes, of the rule's names those that it answers; none means all
    aa: bool = False
    df: bool = True
    ip_ttl: params.Ttl | Drawn | Literal["mirror"] = 64  # as it leaves the censor; `mirror`: as the question's came
    ip_id: params.Word | Drawn = 0
    ttl: int = 60  # of the records
    delay: params.Seconds = 0.0


TRIPLET = (
    Injector(aa=True, df=False, ip_id="random", ttl=60),
    Injector(df=True, ip_ttl="random", ip_id="random", delay=0.001),
    Injector(df=False, ip_ttl="mirror", ip_id=0, delay=0.002),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, the pool of forged addresses, and the injectors that race."""

    NESTED: ClassVar[Mapping[str, type[params.Checked]]] = {"injectors": Injector}

    answers: tuple[params.Address, ...]  # an AAAA question with no IPv6 address here is not answered
    injectors: tuple[Injector, ...] = TRIPLET
    ports: tuple[params.Port, ...] = (53,)
    direction: params.Direction = "both"


class Race(QuestionWatch[Params]):
    """Answers before the resolver can."""

    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """Sends one forged answer for each injector, and lets the question pass."""
        pool = question.fitting(self.params.answers, asked.kind)
        sent = 0
        for number, injector in enumerate(self.params.injectors if pool else ()):
            if not injector.names or below(asked.name, injector.names):
                self._inject(packet, asked, pool, number)
                sent += 1
        if sent:
            self.log("inject", asked.name, answers=sent)
        return packet

    def _inject(self, packet: Packet, asked: Question, pool: list[bytes], number: int) -> None:
        injector = self.params.injectors[number]
        what = (int.from_bytes(asked.ident, "big"), number)
        address = pool[int(self.rule.chance(self.flow, *what, _ADDRESS) * len(pool))]
        drawn_ttl = 64 + int(self.rule.chance(self.flow, *what, _TTL) * 192)
        drawn_id = int(self.rule.chance(self.flow, *what, _ID) * 65536)
        look = forge.Look(
            ttl={"mirror": packet.ttl, "random": drawn_ttl}.get(str(injector.ip_ttl)) or int(injector.ip_ttl),
            ident=drawn_id if injector.ip_id == "random" else injector.ip_id,
            df=injector.df,
        )
        answer = question.answer(asked, [address], ttl=injector.ttl, aa=injector.aa)
        self.send_back(packet, forge.udp_answer(packet, answer, look), injector.delay)
