"""STUN (RFC 8489): a binding request, and what its answer says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from harness.failures import Failed

COOKIE = 0x2112A442  # section 5
REQUEST, SUCCESS, ERROR = 0x0001, 0x0101, 0x0111  # section 5: method binding, and the class of the message
MAPPED, ERROR_CODE, XOR_MAPPED, SOFTWARE = 0x0001, 0x0009, 0x0020, 0x8022  # section 18.3
_HEAD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one request: the source that the server saw, or the code of its error."""

    source: str | None
    port: int | None
    code: int | None = None
    software: str = ""


def request(transaction: bytes) -> bytes:
    """A binding request without attributes, under a transaction id of 12 bytes."""
    return REQUEST.to_bytes(2, "big") + b"\0\0" + COOKIE.to_bytes(4, "big") + transaction


def answer(datagram: bytes, transaction: bytes) -> Answer | None:
    """What a datagram answers to our transaction; None where it is not an answer to it at all.

    Raises Failed where it is one, and shows neither a source nor an error (section 6.3.3).
    """
    kind, size = int.from_bytes(datagram[:2], "big"), int.from_bytes(datagram[2:4], "big")
    ours = COOKIE.to_bytes(4, "big") + transaction
    if kind not in {SUCCESS, ERROR} or datagram[4:_HEAD] != ours or len(datagram) != _HEAD + size:
        return None
    found = _attributes(datagram[_HEAD:])
    software = found.get(SOFTWARE, b"").decode("utf-8", "replace")[:128]
    if kind == ERROR:
        return Answer(source=None, port=None, code=_code(found.get(ERROR_CODE, b"")), software=software)
    if XOR_MAPPED not in found:
        raise Failed("protocol_error", why="no XOR-MAPPED-ADDRESS")
    source, port = _unmasked(found[XOR_MAPPED], ours)
    return Answer(source=source, port=port, software=software)


def _attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by type, the first of each (section 14); padded to four bytes."""
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        kind, size = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        found.setdefault(kind, data[4 : 4 + size])
        data = data[4 + size + -size % 4 :]
    return found


def _unmasked(value: bytes, mask: bytes) -> tuple[str, int]:
    """The address and port of an XOR-MAPPED-ADDRESS (section 14.2)."""
    size = {1: 4, 2: 16}.get(value[1] if len(value) > 3 else 0)
    if size is None or len(value) != 4 + size:
        raise Failed("protocol_error", why="a malformed XOR-MAPPED-ADDRESS")
    plain = bytes(one ^ other for one, other in zip(value[4:], mask, strict=False))
    return str(ipaddress.ip_address(plain)), int.from_bytes(value[2:4], "big") ^ (COOKIE >> 16)


def _code(value: bytes) -> int | None:
    """The number of an ERROR-CODE (section 14.8)."""
    return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else None
