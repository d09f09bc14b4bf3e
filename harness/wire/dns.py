"""DNS messages: one question, and whatever comes as an answer. The format is dnspython's affair."""

from __future__ import annotations

from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from harness.wire.malformed import Malformed

# 1232 bytes avoid fragmentation almost everywhere (DNS flag day 2020).
_PAYLOAD = 1232

_HEADER, _TRUNCATED = 12, 0x02  # RFC 1035, section 4.1.1: the header's size, and TC in its third byte

_LONGEST_CHAIN = 16
"""CNAMEs followed; more is a loop or a joke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked: a name, a type (`A` or `AAAA`), and the id that the answer must carry."""

    name: str
    type: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One readable answer to a question."""

    rcode: str
    addresses: tuple[str, ...]
    ttl: int | None
    cnames: tuple[str, ...]
    truncated: bool
    authoritative: bool
    extended: tuple[int, ...]  # RFC 8914 codes, by which some resolvers say why they will not answer

    @property
    def knows_no_edns(self) -> bool:
        """What a server says that is older than EDNS and should be asked without it (RFC 6891, section 7)."""
        return self.rcode in {"FORMERR", "NOTIMP", "BADVERS"}

    @property
    def final(self) -> bool:
        """A stub resolver takes this for its answer; after SERVFAIL or REFUSED it would ask elsewhere."""
        return self.rcode in {"NOERROR", "NXDOMAIN"}


class NotOurs(Malformed):
    """A readable message that answers no question of ours: another id, or another name."""


def question(question: Question, *, edns: bool = True) -> bytes:
    """The question on the wire, asking for recursion. Raises Malformed where the name is none."""
    try:
        name = dns.name.from_text(question.name)
    except (dns.exception.DNSException, UnicodeError) as exc:
        raise Malformed(f"no domain name: {type(exc).__name__}", name=question.name[:255]) from exc
    return dns.message.make_query(
        name, question.type, id=question.id, use_edns=0 if edns else False, payload=_PAYLOAD, want_dnssec=False
    ).to_wire()


def answer(data: bytes, asked: Question) -> Answer:
    """What the bytes answer. Raises NotOurs for another's answer, Malformed for what cannot be read."""
    read = _read(data)
    if read.id != asked.id:
        raise NotOurs("another id", id=read.id)
    if not read.flags & dns.flags.QR:
        raise NotOurs("no answer but a question")
    _same_question(read, asked)
    cnames, addresses, ttl = _followed(read, asked)
    return Answer(
        rcode=dns.rcode.to_text(read.rcode()),
        addresses=addresses,
        ttl=ttl,
        cnames=cnames,
        truncated=bool(read.flags & dns.flags.TC),
        authoritative=bool(read.flags & dns.flags.AA),
        extended=tuple(option.code for option in read.options if isinstance(option, dns.edns.EDEOption)),
    )


def _read(data: bytes) -> dns.message.Message:
    try:
        # A truncated answer may end anywhere behind its header; the rest is read as far as it goes.
        cut = len(data) >= _HEADER and bool(data[2] & _TRUNCATED)
        return dns.message.from_wire(data, ignore_trailing=True, continue_on_error=cut)
    except (dns.exception.DNSException, ValueError, KeyError, IndexError, AssertionError, UnicodeError) as exc:
        raise Malformed(f"no DNS message: {type(exc).__name__}", size=len(data), head=data[:64].hex()) from exc


def _same_question(read: dns.message.Message, asked: Question) -> None:
    # A refusal may leave the question out (FORMERR from old servers); then only the id speaks for it.
    if not read.question:
        return
    section = read.question[0]
    if section.name != dns.name.from_text(asked.name) or section.rdtype != dns.rdatatype.from_text(asked.type):
        raise NotOurs("another question", name=section.name.to_text()[:255])


def _followed(read: dns.message.Message, asked: Question) -> tuple[tuple[str, ...], tuple[str, ...], int | None]:
    """The chain of names, and the addresses at its end with the least time to live on the way."""
    name, wanted = dns.name.from_text(asked.name), dns.rdatatype.from_text(asked.type)
    cnames: list[str] = []
    lives: list[int] = []
    while len(cnames) < _LONGEST_CHAIN:
        found = [entry for entry in read.answer if entry.name == name and len(entry)]
        if match := next((entry for entry in found if entry.rdtype == wanted), None):
            addresses = tuple(record.to_text() for record in match)
            return tuple(cnames), addresses, min([*lives, match.ttl])
        alias = next((entry for entry in found if entry.rdtype == dns.rdatatype.CNAME), None)
        if alias is None:
            break
        lives.append(alias.ttl)
        name = alias[0].target
        cnames.append(name.to_text(omit_final_dot=True))
    return tuple(cnames), (), min(lives, default=None)
