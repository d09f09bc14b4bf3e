"""As much of Protocol Buffers as a handshake needs (protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from typing import TypeAlias

from harness.wire.cursor import Cursor
from harness.wire.malformed import Malformed

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10

Message: TypeAlias = dict[int, int | bytes]
"""Field number to value; of a repeated field the last, as the format has it for fields that are not repeated."""


def read(data: bytes) -> Message:
    """The fields of a message. Raises Malformed."""
    rest, found = Cursor(data), Message()
    while rest:
        key = _varint(rest)
        if key >> 3 == 0:
            raise Malformed("field number 0")
        found[key >> 3] = _value(rest, key & 7)
    return found


def field(number: int, value: bytes) -> bytes:
    """One field of bytes."""
    return _as_varint(number << 3 | _BYTES) + _as_varint(len(value)) + value


def blob(message: Message, number: int) -> bytes:
    """A field of bytes. Raises Malformed where the message has none."""
    value = message.get(number)
    if not isinstance(value, bytes):
        raise Malformed(f"no bytes in field {number}")
    return value


def number(message: Message, at: int) -> int:
    """A field of a number, 0 where the message has none. Raises Malformed where it is something else."""
    value = message.get(at, 0)
    if not isinstance(value, int):
        raise Malformed(f"no number in field {at}")
    return value


def _value(rest: Cursor, kind: int) -> int | bytes:
    if kind == _VARINT:
        return _varint(rest)
    if kind == _BYTES:
        return rest.take(_varint(rest))
    if kind in {_FIXED64, _FIXED32}:
        return int.from_bytes(rest.take(8 if kind == _FIXED64 else 4), "little")
    raise Malformed(f"wire type {kind}")


def _varint(rest: Cursor) -> int:
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = rest.number(1)
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value
    raise Malformed("a number of more than ten bytes")


def _as_varint(value: int) -> bytes:
    head = b""
    while value >= 0x80:
        head += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return head + bytes((value,))
