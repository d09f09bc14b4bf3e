"""Telegram's transport obfuscation (core.telegram.org/mtproto/mtproto-transports#transport-obfuscation)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

TAGS: Mapping[str, bytes] = {
    "abridged": b"\xef\xef\xef\xef",
    "intermediate": b"\xee\xee\xee\xee",
    "padded": b"\xdd\xdd\xdd\xdd",
}
"""What tells the server which envelope follows, at offset 56 of the first 64 bytes."""

_SIZE, _TAG, _CENTRE = 64, 56, 60
_KEY, _IV = slice(8, 40), slice(40, 56)

_RESERVED = frozenset({b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02", TAGS["padded"], TAGS["intermediate"]})
"""First four bytes that a server would take for HTTP, for TLS, or for a transport that is not obfuscated."""


class Obfuscation:
    """Two key streams, of AES-256 in counter mode, that last as long as the connection; `opening` is sent first."""

    def __init__(self, transport: str, random: Callable[[int], bytes], centre: int | None = None) -> None:
        plain = bytearray(_start(random))
        plain[_TAG:_CENTRE] = TAGS[transport]
        if centre is not None:  # asked for by MTProxies and by the web front only
            plain[_CENTRE : _CENTRE + 2] = centre.to_bytes(2, "little", signed=True)
        backwards = bytes(reversed(plain))
        self._out = _stream(bytes(plain))
        self._in = _stream(backwards)
        sealed = self._out.update(bytes(plain))
        self.opening = bytes(plain[:_TAG]) + sealed[_TAG:]

    def seal(self, data: bytes) -> bytes:
        """The next bytes to send."""
        return self._out.update(data)

    def unseal(self, data: bytes) -> bytes:
        """What the next bytes that came say."""
        return self._in.update(data)


def _start(random: Callable[[int], bytes]) -> bytes:
    while True:
        start = random(_SIZE)
        # A zero second word would announce the full transport and its first sequence number.
        if start[0] != 0xEF and start[:4] not in _RESERVED and start[4:8] != bytes(4):
            return start


def _stream(material: bytes) -> CipherContext:
    # Counter mode encrypts and decrypts alike, so that one direction of the context serves both.
    return Cipher(algorithms.AES(material[_KEY]), modes.CTR(material[_IV])).encryptor()
