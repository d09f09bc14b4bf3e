"""All that was heard about one name: every answer, in order, and what a stub resolver would make of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.dial.api import Note, Tape, WalkEnded
from harness.dial.names import at_most_two, others
from harness.failures import Failed, token
from harness.model import Json
from harness.wire import dns
from harness.wire.malformed import Malformed

_TYPES: Mapping[int | None, tuple[str, ...]] = {None: ("A", "AAAA"), 4: ("A",), 6: ("AAAA",)}

_RCODES: Mapping[str, str] = {
    "NXDOMAIN": "dns_nxdomain_error",
    "SERVFAIL": "dns_servfail_error",
    "REFUSED": "dns_refused_error",
    "NOERROR": "dns_no_answer",
}

_WORST_FIRST = ("dns_nxdomain_error", "dns_servfail_error", "dns_refused_error", "dns_server_misbehaving")
"""An answer of any type outweighs silence about another; that a type has no records outweighs nothing."""

SETTLED = frozenset({"dns_nxdomain_error", "dns_no_answer"})
"""Failures that are answers: another address of the same resolver would only say it again."""


@dataclass(kw_only=True)
class Gathered:
    """The questions about one name, and whatever came for each.

    Of the answers to a question the first final one counts (NOERROR or NXDOMAIN), as it does for a stub resolver;
    later ones, and those that cannot be read or were not asked for, are written down and change nothing.
    """

    questions: tuple[dns.Question, ...]
    tape: Tape
    entries: list[dict[str, Json]] = field(default_factory=list)
    _counted: dict[str, dns.Answer] = field(default_factory=dict)
    _heard: dict[str, dns.Answer] = field(default_factory=dict)
    _lost: dict[str, dict[str, Json]] = field(default_factory=dict)

    @classmethod
    def about(cls, name: str, tape: Tape, family: int | None, *, ids: bool = True) -> Gathered:
        """The questions about a name, for one family or both; `ids` False asks with id 0 (RFC 8484, section 4.1)."""
        types = _TYPES[family]
        return cls(
            questions=tuple(dns.Question(name=name, type=kind, id=secrets.randbits(16) * ids) for kind in types),
            tape=tape,
        )

    @property
    def settled(self) -> bool:
        """Every question has a final answer."""
        return len(self._counted) == len(self.questions)

    @property
    def answered(self) -> bool:
        """Some question has a final answer."""
        return bool(self._counted)

    def truncated(self) -> bool:
        """An answer that counts was cut short, and asks to be asked again by TCP (RFC 7766, section 5)."""
        return any(answer.truncated for answer in self._counted.values())

    def take(self, question: dns.Question, data: bytes, **where: Json) -> bool:
        """Write down what came; True where it is a readable answer to the question."""
        entry: dict[str, Json] = {"at": self._now(), "type": question.type, **where}
        self.entries.append(entry)
        try:
            answer = dns.answer(data, question)
        except dns.NotOurs as exc:
            entry.update({"ignored": exc.detail["why"], **exc.detail})
            return False
        except Malformed as exc:
            entry.update({"malformed": exc.detail["why"], **exc.detail})
            return False
        entry.update(_shown(answer))
        self._heard.setdefault(question.type, answer)
        if answer.final:
            self._counted.setdefault(question.type, answer)
        return True

    def knows_no_edns(self, question: dns.Question) -> bool:
        """What was heard first about the question was that it cannot be read so."""
        heard = self._heard.get(question.type)
        return heard is not None and heard.knows_no_edns and question.type not in self._counted

    def strange(self, question: dns.Question, **what: Json) -> None:
        """Write down an answer that is no DNS message at all."""
        self.entries.append({"at": self._now(), "type": question.type, "malformed": "no DNS message", **what})

    def lost(self, question: dns.Question, exc: BaseException) -> None:
        """Note how waiting for an answer ended; a stage that ended a walk aside is what caused it."""
        cause = exc.__cause__ if isinstance(exc, WalkEnded) and exc.__cause__ else exc
        if question.type not in self._heard:
            self._lost[question.type] = {"failure": token(cause), **getattr(cause, "detail", {})}

    def lost_all(self, exc: BaseException) -> None:
        """The same for every question that has no answer yet."""
        for question in self.questions:
            self.lost(question, exc)

    def again(self) -> Gathered:
        """The same questions, nothing answered yet, and what was written down so far."""
        return Gathered(questions=self.questions, tape=self.tape, entries=self.entries)

    def conclude(self, note: Note, server: str) -> tuple[str, ...]:
        """The addresses, with the stage's detail written. Raises Failed where there are none."""
        first = next(iter([*self._counted.values(), *self._heard.values()]), None)
        told = tuple(one for answer in self._counted.values() for one in answer.addresses)
        addresses = at_most_two(told)
        note.detail.update(
            query=self.questions[0].name,
            server=server,
            rcode=first.rcode if first else None,
            addresses=list(addresses),
            answers=self.entries,
            lost=self._lost,
            silent=[one.type for one in self.questions if one.type not in self._heard],
        )
        if more := others(told, addresses):
            note.detail["more"] = list(more)
        if not addresses:
            raise Failed(self._failure())
        return addresses

    def _failure(self) -> str:
        ends = [self._end(one.type) for one in self.questions]
        for bad in _WORST_FIRST:
            if bad in ends:
                return bad
        return next((end for end in ends if end != "dns_no_answer"), "dns_no_answer")

    def _end(self, kind: str) -> str:
        answer = self._counted.get(kind) or self._heard.get(kind)
        if answer:
            return _RCODES.get(answer.rcode, "dns_server_misbehaving")
        if any(entry["type"] == kind and "malformed" in entry for entry in self.entries):
            return "dns_server_misbehaving"
        return str(self._lost[kind]["failure"]) if kind in self._lost else "generic_timeout_error"

    def _now(self) -> float:
        return round(self.tape.clock() - self.tape.began, 6)


def _shown(answer: dns.Answer) -> dict[str, Json]:
    shown: dict[str, Json] = {"rcode": answer.rcode, "addresses": list(answer.addresses), "ttl": answer.ttl}
    if answer.cnames:
        shown["cnames"] = list(answer.cnames)
    if answer.extended:
        shown["ede"] = list(answer.extended)
    for flag in ("truncated", "authoritative"):
        if getattr(answer, flag):
            shown[flag] = True
    return shown
