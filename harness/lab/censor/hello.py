"""ClientHellos as a middlebox reads them: what can be read of a part is read, and nothing makes it raise but `Other`.

RFC 8446 sections 4.1.2 and 5.1; the name is RFC 6066 section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import preface
from harness.lab.censor.params import Reassembly
from harness.lab.censor.stream import Stream

HANDSHAKE, CLIENT_HELLO, SERVER_NAME = 22, 1, 0
SEGMENTS_LOOKED_AT = 8  # of the opener's data, where each is looked at by itself


class Other(Exception):
    """These bytes cannot begin a ClientHello."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a ClientHello shows; a part of one shows less."""

    name: str | None
    extensions: tuple[int, ...]
    whole: bool


def read(data: bytes, *, join: bool) -> Hello:
    """What the bytes show so far; with `join`, the message may lie in several records. Other where it is none."""
    message = _handshake(data, join=join)
    if message[:1] not in {b"", bytes([CLIENT_HELLO])}:
        raise Other
    size = 4 + int.from_bytes(message[1:4], "big")
    whole = len(message) >= max(4, size)
    name, extensions = _extensions(_after_suites(message[:size]))
    return Hello(name=name, extensions=extensions, whole=whole)


def _handshake(data: bytes, *, join: bool) -> bytes:
    """The handshake bytes within the records."""
    message = b""
    at = 0
    while at < len(data):
        if data[at] != HANDSHAKE or data[at + 1 : at + 2] not in {b"", b"\x03"}:
            if not at:
                raise Other
            break
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        message += data[at + 5 : at + 5 + size]
        at += 5 + size
        if not join:
            break
    return message


def _after_suites(message: bytes) -> bytes:
    """The block of extensions, as far as it is there."""
    at = 4 + 2 + 32  # message header, version, random
    at += 1 + int.from_bytes(message[at : at + 1], "big")  # session id
    at += 2 + int.from_bytes(message[at : at + 2], "big")  # cipher suites
    at += 1 + int.from_bytes(message[at : at + 1], "big")  # compression methods
    return message[at + 2 :]


def _extensions(block: bytes) -> tuple[str | None, tuple[int, ...]]:
    name = None
    kinds: list[int] = []
    at = 0
    while at + 4 <= len(block):
        kind = int.from_bytes(block[at : at + 2], "big")
        size = int.from_bytes(block[at + 2 : at + 4], "big")
        kinds.append(kind)
        if kind == SERVER_NAME:
            name = _server_name(block[at + 4 : at + 4 + size])
        at += 4 + size
    return name, tuple(kinds)


def _server_name(data: bytes) -> str | None:
    """The first host name of the list, where all of it is there."""
    size = int.from_bytes(data[3:5], "big")
    if data[2:3] != b"\0" or len(data) < 5 + size:
        return None
    return data[5 : 5 + size].decode("ascii", "replace").lower()


class HelloReader:
    """The ClientHello of one flow, under a way of putting it together.

    `none`: each segment by itself, one record. `tls`: each segment by itself, its records joined.
    `tcp`: segments put in order, one record. `both`: segments put in order and records joined.
    Where segments are put in order, a hello inside plain proxies is found too.
    """

    __slots__ = ("_join", "_left", "_stream", "over")

    def __init__(self, how: Reassembly, isn: int | None) -> None:
        base = None if isn is None else (isn + 1) % (1 << 32)
        self._stream = Stream(base) if how in {"tcp", "both"} else None
        self._join = how in {"tls", "both"}
        self._left = SEGMENTS_LOOKED_AT
        self.over = False

    def add(self, seq: int, payload: bytes) -> Hello | None:
        """What can be seen after this segment; `over` once no further segment is of interest."""
        try:
            hello = read(self._seen(seq, payload), join=self._join)
        except Other:
            self.over = self._stream is not None or self._left <= 0
            return None
        self.over = hello.whole or self._left <= 0 or (self._stream is not None and self._stream.full)
        return hello

    def _seen(self, seq: int, payload: bytes) -> bytes:
        if self._stream is not None:
            return preface.beyond(self._stream.add(seq, payload))
        self._left -= 1
        return payload
