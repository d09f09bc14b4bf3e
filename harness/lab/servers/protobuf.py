"""As much of the protocol buffers' wire format as the lab's servers need (protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from collections.abc import Mapping

_VARINT, _LENGTH = 0, 2


def message(fields: Mapping[int, int | bytes]) -> bytes:
    """The fields by number, each a varint or bytes."""
    return b"".join(_field(number, value) for number, value in fields.items())


def parse(data: bytes) -> dict[int, int | bytes]:
    """The fields of a message; what is neither varint nor bytes raises ValueError."""
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == _VARINT:
            fields[key >> 3] = value
        elif key & 7 == _LENGTH and at + value <= len(data):
            fields[key >> 3] = data[at : at + value]
            at += value
        else:
            raise ValueError("not a message of varints and bytes")
    return fields


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    return _varint(number << 3 | _LENGTH) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError("the message ends inside a number")
