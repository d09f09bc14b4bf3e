"""The responder's half of Noise_XX_25519_AESGCM_SHA256 as WhatsApp speaks it, up to the second message.

noiseprotocol.org/noise.html, sections 5 and 7.4; WhatsApp's client hashes no empty payload after the first message
(tulir/whatsmeow, socket/noisehandshake.go and handshake.go).
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PATTERN = b"Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"  # exactly 32 bytes: it is the first hash itself


class Responder:
    """One handshake, for one connection."""

    def __init__(self, prologue: bytes, static: X25519PrivateKey) -> None:
        self._hash = self._salt = self._key = _PATTERN
        self._count = 0
        self._static = static
        self._absorb(prologue)

    def answer(self, client: bytes, payload: bytes) -> tuple[bytes, bytes, bytes]:
        """For the client's ephemeral key: our ephemeral key, our static key encrypted, the payload encrypted."""
        theirs = X25519PublicKey.from_public_bytes(client)
        ours = X25519PrivateKey.generate()
        public = ours.public_key().public_bytes_raw()
        self._absorb(client)
        self._absorb(public)
        self._mix(ours.exchange(theirs))
        static = self._encrypt(self._static.public_key().public_bytes_raw())
        self._mix(self._static.exchange(theirs))
        return public, static, self._encrypt(payload)

    def _absorb(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix(self, secret: bytes) -> None:
        both = HKDF(algorithm=SHA256(), length=64, salt=self._salt, info=b"").derive(secret)
        self._salt, self._key, self._count = both[:32], both[32:], 0

    def _encrypt(self, plain: bytes) -> bytes:
        nonce = self._count.to_bytes(12, "big")
        sealed = AESGCM(self._key).encrypt(nonce, plain, self._hash)
        self._count += 1
        self._absorb(sealed)
        return sealed
