"""ClientHellos as a middlebox reads them: what can be read of a part is read, and nothing makes it raise but `Other`.

RFC 8446 sections 4.1.2, 4.2 and 5.1; names: RFC 6066 section 3, protocols: RFC 7301, point formats: RFC 8422.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.lab.censor import preface
from harness.lab.censor.packet import Packet
from harness.lab.censor.params import Reassembly
from harness.lab.censor.stream import Stream

HANDSHAKE, CLIENT_HELLO = 22, 1
SERVER_NAME, GROUPS, FORMATS, SIGNATURES, PROTOCOLS, VERSIONS = 0, 10, 11, 13, 16, 43  # extensions
SEGMENTS_LOOKED_AT = 8  # of the opener's data, where each is looked at by itself


class Other(Exception):
    """These bytes cannot begin a ClientHello."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a ClientHello shows, its lists in their order; a part of one shows less."""

    whole: bool
    spelled: str | None = None  # the name as it was written
    version: int = 0  # the legacy one; the true ones are in `versions`
    ciphers: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    formats: tuple[int, ...] = ()
    signatures: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    protocols: tuple[bytes, ...] = ()  # by ALPN

    @property
    def name(self) -> str | None:
        """The name in lower case."""
        return None if self.spelled is None else self.spelled.lower()

    @property
    def newest(self) -> int:
        """The newest version that the client offers: 0x0304 is TLS 1.3, 0xfefc is DTLS 1.3."""
        return max((one for one in self.versions if not grease(one)), default=self.version, key=_age)


def _age(version: int) -> int:
    """A number that grows with each version; those of DTLS count downwards (RFC 6347 section 4.1)."""
    return version if version < 0xFE00 else 0x1FFFF - version


def grease(number: int) -> bool:
    """True for values that mean nothing and keep servers tolerant (RFC 8701): 0x0a0a, 0x1a1a, and so on."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def read(data: bytes, *, join: bool) -> Hello:
    """What the bytes show so far; with `join`, the message may lie in several records. Other where it is none."""
    return told(_handshake(data, join=join))


@functools.lru_cache(maxsize=64)  # all the rules that look at a flow are shown the same bytes
def told(message: bytes) -> Hello:
    """What a handshake message shows so far, outside its records. Other where it is no ClientHello."""
    if message[:1] not in {b"", bytes([CLIENT_HELLO])}:
        raise Other
    size = 4 + int.from_bytes(message[1:4], "big")
    body = message[4:size]
    at = 2 + 32  # version, random
    at += 1 + _number(body, at, 1)  # session id
    ciphers = _numbers(body, at, 2)
    at += 2 + _number(body, at, 2)
    at += 1 + _number(body, at, 1)  # compression methods
    kinds, blocks = _extensions(body[at + 2 :])
    return Hello(
        whole=len(message) >= max(4, size),
        version=_number(body, 0, 2),
        ciphers=ciphers,
        extensions=kinds,
        spelled=_server_name(blocks.get(SERVER_NAME, b"")),
        groups=_numbers(blocks.get(GROUPS, b""), 0, 2),
        formats=_numbers(blocks.get(FORMATS, b""), 0, 1, of=1),
        signatures=_numbers(blocks.get(SIGNATURES, b""), 0, 2),
        versions=_numbers(blocks.get(VERSIONS, b""), 0, 1),
        protocols=tuple(_protocols(blocks.get(PROTOCOLS, b""))),
    )


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


def _number(data: bytes, at: int, size: int) -> int:
    """The number of that many bytes; bytes that are missing count for nothing."""
    return int.from_bytes(data[at : at + size], "big")


def _numbers(data: bytes, at: int, prefix: int, *, of: int = 2) -> tuple[int, ...]:
    """A list behind its length: those numbers, of so many bytes each, that are there whole."""
    start = at + prefix
    end = min(start + _number(data, at, prefix), len(data))
    return tuple(_number(data, place, of) for place in range(start, end - of + 1, of))


def _extensions(block: bytes) -> tuple[tuple[int, ...], Mapping[int, bytes]]:
    """The kinds in their order, and the data of each, as far as it is there."""
    kinds: list[int] = []
    blocks: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(block):
        kind, size = _number(block, at, 2), _number(block, at + 2, 2)
        kinds.append(kind)
        blocks[kind] = block[at + 4 : at + 4 + size]
        at += 4 + size
    return tuple(kinds), blocks


def _server_name(data: bytes) -> str | None:
    """The first host name of the list, where all of it is there."""
    size = _number(data, 3, 2)
    if data[2:3] != b"\0" or len(data) < 5 + size:
        return None
    return data[5 : 5 + size].decode("ascii", "replace")


def _protocols(data: bytes) -> Iterator[bytes]:
    """The names of the list, the last one as far as it is there."""
    at = 2
    while at < len(data):
        yield data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]


class HelloReader:
    """The ClientHello of one flow, under a way of putting it together.

    `none`: each segment by itself, one record. `tls`: each segment by itself, its records joined.
    `tcp`: segments put in order, one record. `both`: segments put in order and records joined.
    Where segments are put in order, a hello inside plain proxies is found too.
    """

    __slots__ = ("_join", "_left", "_stream", "over", "strange")

    def __init__(self, how: Reassembly, isn: int | None) -> None:
        base = None if isn is None else (isn + 1) % (1 << 32)
        self._stream = Stream(base) if how in {"tcp", "both"} else None
        self._join = how in {"tls", "both"}
        self._left = SEGMENTS_LOOKED_AT
        self.over = False
        self.strange = False  # what came last is no part of a ClientHello

    def add(self, seq: int, payload: bytes) -> Hello | None:
        """What can be seen after this segment; `over` once no further segment is of interest."""
        try:
            hello = read(self._seen(seq, payload), join=self._join)
        except Other:
            self.strange = True
            self.over = self._stream is not None or self._left <= 0
            return None
        self.strange = False
        self.over = hello.whole or self._left <= 0 or (self._stream is not None and self._stream.full)
        return hello

    def read(self, packet: Packet) -> Hello | None:
        """What can be seen after this packet."""
        return self.add(packet.place, packet.payload)

    def _seen(self, seq: int, payload: bytes) -> bytes:
        if self._stream is not None:
            return preface.beyond(self._stream.add(seq, payload))
        self._left -= 1
        return payload
