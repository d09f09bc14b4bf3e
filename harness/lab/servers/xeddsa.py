"""XEdDSA signatures by a Curve25519 key (signal.org/docs/specifications/xeddsa, section 2.4), with RFC 8032's curve."""

from __future__ import annotations

import hashlib
import os
from typing import TypeAlias

Point: TypeAlias = tuple[int, int, int, int]
"""Extended homogeneous coordinates X, Y, Z, T (RFC 8032, 5.1.4)."""

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)
_HASH1 = (2**256 - 2).to_bytes(32, "little")  # the prefix that tells hash_1 from a hash over a point


def sign(private: bytes, text: bytes) -> bytes:
    """64 bytes that verify under the key's Montgomery public half."""
    secret, public = _key_pair(private)
    nonce = _hash(_HASH1, secret.to_bytes(32, "little"), text, os.urandom(64))
    commitment = _compress(_multiply(nonce, _BASE))
    challenge = _hash(commitment, public, text)
    return commitment + ((nonce + challenge * secret) % Q).to_bytes(32, "little")


def _key_pair(private: bytes) -> tuple[int, bytes]:
    """The Edwards scalar whose point has the sign bit 0, and that point (calculate_key_pair)."""
    scalar = int.from_bytes(private, "little") & ~7 & ~(1 << 255) | 1 << 254
    point = bytearray(_compress(_multiply(scalar, _BASE)))
    if point[31] & 0x80:
        scalar = -scalar
        point[31] &= 0x7F
    return scalar % Q, bytes(point)


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % Q


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * _D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _compress(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")
