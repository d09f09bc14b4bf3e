"""As much of DNS messages as an authoritative answer needs (RFC 1035, 3596, 6891)."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

A, AAAA, SOA, OPT = 1, 28, 6, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
_HEADER = struct.Struct("!6H")
_QR_RD_RA = 0x8180
_TTL = 60
_PAYLOAD = 1232  # avoids fragmentation almost everywhere (DNS flag day 2020)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one query asks."""

    id: int
    name: str  # lower case, without the dot at the end
    kind: int
    section: bytes  # the question as it came: the answer repeats its letters' case
    edns: bool


def parse(query: bytes) -> Question:
    """The question of a query. Raises ValueError where there is none that can be read."""
    try:
        number, flags, asked, _, _, additional = _HEADER.unpack_from(query)
        labels, end = _labels(query, _HEADER.size)
        kind, _ = struct.unpack_from("!HH", query, end)
    except (struct.error, IndexError) as exc:
        raise ValueError("not a DNS query") from exc
    if flags & 0xF800 or asked != 1:
        raise ValueError("not a standard query with one question")
    section = query[_HEADER.size : end + 4]
    return Question(id=number, name=".".join(labels), kind=kind, section=section, edns=additional > 0)


def _labels(message: bytes, at: int) -> tuple[list[str], int]:
    labels: list[str] = []
    while size := message[at]:
        if size > 63:
            raise ValueError("a compressed name in a question")
        labels.append(message[at + 1 : at + 1 + size].decode("ascii", "replace").lower())
        at += 1 + size
    return labels, at + 1


def answer(question: Question, rcode: int, addresses: tuple[str, ...] = ()) -> bytes:
    """An answer with the addresses of the family that was asked for; none means an SOA, so that it can be cached."""
    records = [_address(text) for text in addresses if _family(text) == question.kind]
    header = _HEADER.pack(question.id, _QR_RD_RA | rcode, 1, len(records), not records, question.edns)
    authority = b"" if records else _soa()
    return header + question.section + b"".join(records) + authority + (_opt() if question.edns else b"")


def failure(query: bytes, rcode: int) -> bytes | None:
    """An answer to what cannot be read, as long as it has an id."""
    if len(query) < _HEADER.size or query[2] & 0x80:  # never answer an answer
        return None
    return _HEADER.pack(int.from_bytes(query[:2], "big"), _QR_RD_RA | rcode, 0, 0, 0, 0)


def _family(address: str) -> int:
    return A if ipaddress.ip_address(address).version == 4 else AAAA


def _address(address: str) -> bytes:
    packed = ipaddress.ip_address(address).packed
    # 0xc00c points at the question's name, which follows the header
    return struct.pack("!HHHIH", 0xC00C, _family(address), 1, _TTL, len(packed)) + packed


def _soa() -> bytes:
    data = b"\x02ns\x00\x04root\x00" + struct.pack("!5I", 1, 3600, 600, 86_400, _TTL)
    return b"\x00" + struct.pack("!HHIH", SOA, 1, _TTL, len(data)) + data


def _opt() -> bytes:
    return b"\x00" + struct.pack("!HHIH", OPT, _PAYLOAD, 0, 0)
