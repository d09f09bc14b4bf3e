"""The keys of the world's services: WhatsApp's issuer of certificates and Telegram's RSA key."""

from __future__ import annotations

import functools
import hashlib
import os
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from harness.lab.servers import protobuf, xeddsa

_ISSUER_SERIAL = 0  # tulir/whatsmeow handshake.go, WACertIssuerSerial
_DAY = 86_400


class Issuer:
    """Signs WhatsApp's server key, and owns Telegram's; `skew` as in `Authority`."""

    def __init__(self, skew: float = 0.0) -> None:
        self._now = int(time.time() - skew)
        self._root = X25519PrivateKey.generate()
        self.public = self._root.public_key().public_bytes_raw()
        self.static = X25519PrivateKey.generate()
        self.rsa_fingerprint = f"{_rsa_fingerprint(_modulus()):016x}"

    @functools.cached_property
    def chain(self) -> bytes:
        """A CertChain message: a leaf for the servers' static key, signed by an intermediate, signed by the root."""
        middle = X25519PrivateKey.generate()
        middle_details = _details(self._now, 1, _ISSUER_SERIAL, middle.public_key().public_bytes_raw())
        leaf_details = _details(self._now, 2, 1, self.static.public_key().public_bytes_raw())
        leaf = protobuf.message({1: leaf_details, 2: xeddsa.sign(middle.private_bytes_raw(), leaf_details)})
        intermediate = protobuf.message(
            {1: middle_details, 2: xeddsa.sign(self._root.private_bytes_raw(), middle_details)}
        )
        return protobuf.message({1: leaf, 2: intermediate})


def _details(now: int, serial: int, issuer_serial: int, key: bytes) -> bytes:
    """NoiseCertificate.Details: serial 1, issuerSerial 2, key 3, notBefore 4, notAfter 5 (whatsmeow waCert.proto)."""
    return protobuf.message({1: serial, 2: issuer_serial, 3: key, 4: now - _DAY, 5: now + 30 * _DAY})


def _modulus() -> bytes:
    """2048 random bits. The servers stop after `resPQ`, so that nobody needs the factors."""
    return bytes([0x80 | os.urandom(1)[0]]) + os.urandom(254) + bytes([os.urandom(1)[0] | 1])


def _rsa_fingerprint(modulus: bytes) -> int:
    """The lower 64 bits of the SHA-1 of the bare type `rsa_public_key n e` (core.telegram.org/mtproto/auth_key)."""
    digest = hashlib.sha1(tl_bytes(modulus) + tl_bytes(b"\x01\x00\x01"), usedforsecurity=False).digest()
    return int.from_bytes(digest[-8:], "little")


def tl_bytes(data: bytes) -> bytes:
    """A TL string: its length, itself, and zeros up to a multiple of four (core.telegram.org/mtproto/serialize)."""
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    whole = head + data
    return whole + bytes(-len(whole) % 4)
