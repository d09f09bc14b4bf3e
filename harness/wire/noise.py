"""The symmetric state of Noise_XX_25519_AESGCM_SHA256 (noiseprotocol.org/noise.html, revision 34, section 5)."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.wire.malformed import Malformed

PROTOCOL = b"Noise_XX_25519_AESGCM_SHA256"
_HASH = 32


class Symmetric:
    """A chaining key, a transcript hash, and once keys have been agreed on, a cipher."""

    def __init__(self, prologue: bytes) -> None:
        # A name of at most HASHLEN bytes is padded with zeros instead of hashed (section 5.2).
        self.hash = PROTOCOL.ljust(_HASH, b"\0")
        self._chaining = self.hash
        self._key = b""
        self._nonce = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        """Take data into the transcript."""
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, secret: bytes) -> None:
        """Take a shared secret into the keys (HKDF with two outputs, section 4.3)."""
        early = hmac.digest(self._chaining, secret, "sha256")
        self._chaining = hmac.digest(early, b"\x01", "sha256")
        self._key = hmac.digest(early, self._chaining + b"\x02", "sha256")
        self._nonce = 0

    def decrypt(self, sealed: bytes) -> bytes:
        """The text under the current key and transcript. Raises Malformed where the tag does not fit."""
        try:
            text = AESGCM(self._key).decrypt(self._iv(), sealed, self.hash)
        except (InvalidTag, ValueError) as exc:
            raise Malformed("a Noise message that does not decrypt") from exc
        self._nonce += 1
        self.mix_hash(sealed)
        return text

    def encrypt(self, text: bytes) -> bytes:
        """The text sealed under the current key and transcript."""
        sealed = AESGCM(self._key).encrypt(self._iv(), text, self.hash)
        self._nonce += 1
        self.mix_hash(sealed)
        return sealed

    def _iv(self) -> bytes:
        # Section 12.4: 32 zero bits, then the counter, the highest byte first.
        return bytes(4) + self._nonce.to_bytes(8, "big")


def public(private: X25519PrivateKey) -> bytes:
    """The 32 bytes of a key's public half."""
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def agree(private: X25519PrivateKey, peer: bytes) -> bytes:
    """The shared secret with a peer's public key. Raises Malformed where that is no key, or a weak one."""
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(peer))
    except ValueError as exc:
        raise Malformed("no usable X25519 key") from exc
