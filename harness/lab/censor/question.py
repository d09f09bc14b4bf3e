"""DNS questions as a middlebox reads them, and the answers that it makes up (RFC 1035, RFC 3596)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from harness.lab.censor.stream import Stream

A, AAAA, IN = 1, 28, 1
RCODES = {"noerror": 0, "servfail": 2, "nxdomain": 3, "refused": 5}
_LONGEST = 255  # octets of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The first question of a query."""

    ident: bytes
    flags: int
    name: str
    kind: int
    raw: bytes  # name, type and class as they were asked


def read(data: bytes) -> Question | None:
    """The question, None where the bytes are no query."""
    if len(data) < 17:
        return None
    flags, count = struct.unpack_from("!HH", data, 2)
    if flags & 0x8000 or not count:  # an answer, or without a question
        return None
    labels, at = _labels(data)
    if labels is None or at + 4 > len(data):
        return None
    (kind,) = struct.unpack_from("!H", data, at)
    name = ".".join(label.decode("ascii", "replace") for label in labels).lower()
    return Question(ident=data[:2], flags=flags, name=name, kind=kind, raw=data[12 : at + 4])


class TcpReader:
    """The questions of one connection, each behind two bytes of length (RFC 7766 section 8).

    `none` reads each segment by itself, and sees those questions alone that lie within one; `tcp` puts them in order.
    """

    __slots__ = ("_stream",)

    def __init__(self, how: str, isn: int | None) -> None:
        base = None if isn is None else (isn + 1) % (1 << 32)
        self._stream = Stream(base) if how == "tcp" else None

    def add(self, seq: int, payload: bytes) -> list[Question]:
        """The questions that this segment completes."""
        data = payload if self._stream is None else self._stream.add(seq, payload)
        asked, size = _framed(data)
        if self._stream is not None:
            self._stream.take(size)
        return asked


def _framed(data: bytes) -> tuple[list[Question], int]:
    """The questions in whole messages, and how many bytes those take up."""
    asked: list[Question] = []
    at = 0
    while at + 2 <= len(data) and (end := at + 2 + int.from_bytes(data[at : at + 2], "big")) <= len(data):
        if (one := read(data[at + 2 : end])) is not None:
            asked.append(one)
        at = end
    return asked, at


def _labels(data: bytes) -> tuple[list[bytes] | None, int]:
    labels: list[bytes] = []
    at = 12
    while at < min(len(data), 12 + _LONGEST):
        size = data[at]
        if size == 0:
            return labels, at + 1
        if size > 63 or at + 1 + size > len(data):  # no query compresses its first name
            return None, at
        labels.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return None, at


def fitting(addresses: Sequence[str], kind: int) -> list[bytes]:
    """Those of the addresses that answer a question of that type, packed."""
    family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
    if family is None:
        return []
    return [socket.inet_pton(family, text) for text in addresses if (":" in text) == (kind == AAAA)]


def answer(asked: Question, records: Sequence[bytes] = (), *, rcode: int = 0, ttl: int = 60, aa: bool = False) -> bytes:
    """An answer with those addresses, or with a response code alone."""
    flags = 0x8080 | (0x0400 if aa else 0) | asked.flags & 0x7900 | rcode  # QR, RA; opcode and RD as asked
    head = asked.ident + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
    each = (struct.pack("!HHHIH", 0xC00C, asked.kind, IN, ttl, len(packed)) + packed for packed in records)
    return head + asked.raw + b"".join(each)
