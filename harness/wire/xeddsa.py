"""XEdDSA: signatures made with an X25519 key, verified as Ed25519 (signal.org/docs/specifications/xeddsa, part 3)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19  # RFC 7748, section 4.1
_SIGN = 0x80


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """True where the signature over the message was made with the X25519 key."""
    if len(key) != 32 or len(signature) != 64:
        return False
    u = int.from_bytes(key, "little")
    if u >= _P:
        return False
    # libsignal keeps the sign of the Edwards point in the highest bit of the signature; XEdDSA proper has it clear.
    sign, last = signature[63] & _SIGN, signature[63] & ~_SIGN & 0xFF
    try:
        edwards = Ed25519PublicKey.from_public_bytes(_edwards(u, sign))
        edwards.verify(signature[:63] + bytes((last,)), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _edwards(u: int, sign: int) -> bytes:
    """The birational map y = (u - 1) / (u + 1) of RFC 7748, section 4.1, with the sign of x beside it."""
    y = (u - 1) * pow(u + 1, _P - 2, _P) % _P
    packed = bytearray(y.to_bytes(32, "little"))
    packed[31] |= sign
    return bytes(packed)
