"""QUIC version 1 up to the first answer: a client's Initial with a ClientHello, and what a datagram says to it.

RFC 9000 sections 14 and 17 to 19, RFC 9001 section 5, RFC 8446 section 4.1.2. The handshake goes no further: nobody is
authenticated, but whoever answers has read our Initial, since keys and connection ids come from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from harness.wire.cursor import Cursor
from harness.wire.malformed import Malformed

VERSION = (1).to_bytes(4, "big")
SIZE = 1200  # bytes of a datagram with an Initial, at least (RFC 9000 section 14.1)
_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 section 5.2
_RETRY_KEY, _RETRY_NONCE = bytes.fromhex("be0c690b9f66575a1d766b54e368c84e"), bytes.fromhex("461599d35d632bf2239825bb")
_TAG = 16
_INITIAL, _RETRY = 0x00, 0x30  # the type bits of a long header
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0x00, 0x01, 0x02, 0x03, 0x06, 0x1C


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a datagram says to our Initial: `handshake`, `close`, `retry` or `version_negotiation`."""

    kind: str
    source: bytes = b""  # the connection id that the server goes by
    code: int | None = None  # of a close
    reason: str = ""
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An Initial under connection ids of its own, and what is needed to know the answers to it."""

    name: str | None
    target: bytes = field(default_factory=lambda: os.urandom(8))  # the connection id that the keys come from
    source: bytes = field(default_factory=lambda: os.urandom(8))

    def datagram(self) -> bytes:
        """The Initial; sent again it is the same packet."""
        hello = client_hello(self.name, self.source, self.target)
        return self._sealed(b"\x06\0" + _varint(len(hello)) + hello, number=0, to=self.target)

    def farewell(self, answer: Answer) -> bytes:
        """An Initial that ends the connection, so that the server need not wait for us (section 10.2.3)."""
        return self._sealed(bytes((_CLOSE, 0, 0, 0)), number=1, to=answer.source or self.target)

    def answer(self, datagram: bytes) -> Answer | None:
        """What a datagram answers to us; None where it answers somebody else, or nobody."""
        try:
            return self._read(Cursor(datagram), datagram)
        except (Malformed, InvalidTag):
            return None

    def _read(self, cursor: Cursor, datagram: bytes) -> Answer | None:
        first, version = cursor.number(1), cursor.take(4)
        ours, source = cursor.block(1), cursor.block(1)
        if not first & 0x80 or ours != self.source:
            return None
        if version == bytes(4):
            rest = cursor.rest()
            numbers = tuple(int.from_bytes(rest[at : at + 4], "big") for at in range(0, len(rest) - 3, 4))
            return Answer(kind="version_negotiation", versions=numbers) if source == self.target else None
        if version != VERSION:
            return None
        if first & 0x30 == _RETRY:
            pseudo = bytes([len(self.target)]) + self.target + datagram[:-_TAG]
            AESGCM(_RETRY_KEY).decrypt(_RETRY_NONCE, datagram[-_TAG:], pseudo)
            return Answer(kind="retry", source=source)
        return self._opened(cursor, datagram, source) if first & 0x30 == _INITIAL else None

    def _opened(self, cursor: Cursor, datagram: bytes, source: bytes) -> Answer:
        cursor.take(_number(cursor))  # the token
        size, rest = _number(cursor), cursor.rest()
        at, body = len(datagram) - len(rest), rest[:size]
        key, iv, header = _keys(self.target, b"server in")
        mask = _mask(header, body[4:20])
        first = datagram[0] ^ mask[0] & 0x0F
        length = (first & 3) + 1
        number = bytes(one ^ other for one, other in zip(body[:length], mask[1:], strict=False))
        clear = bytes([first]) + datagram[1:at] + number
        plain = AESGCM(key).decrypt(_nonce(iv, int.from_bytes(number, "big")), body[length:], clear)
        closed = next(_closes(Cursor(plain)), None)
        if closed is None:
            return Answer(kind="handshake", source=source)
        return Answer(kind="close", source=source, code=closed[0], reason=closed[1])

    def _sealed(self, frames: bytes, *, number: int, to: bytes) -> bytes:
        head = b"\xc3" + VERSION + bytes([len(to)]) + to + bytes([len(self.source)]) + self.source + b"\0"
        size = SIZE - len(head) - 2
        head += (0x4000 | size).to_bytes(2, "big") + number.to_bytes(4, "big")
        key, iv, header = _keys(self.target, b"client in")
        sealed = AESGCM(key).encrypt(_nonce(iv, number), frames.ljust(size - 4 - _TAG, b"\0"), head)
        mask = _mask(header, sealed[:16])  # the number takes four bytes, so the sample begins right behind it
        hidden = bytes(one ^ other for one, other in zip(head[-4:], mask[1:5], strict=True))
        return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:-4] + hidden + sealed


def client_hello(name: str | None, source: bytes, random: bytes) -> bytes:
    """A ClientHello for HTTP/3, outside of any record; what has to be fresh in it follows from `random`."""
    fresh = HKDFExpand(algorithm=SHA256(), length=64, info=b"fresh").derive(random.ljust(32, b"\0"))
    extensions = [
        (0x0A, _sized(2, bytes.fromhex("001d0017"))),  # groups: X25519, P-256
        (0x0D, _sized(2, bytes.fromhex("040308040401050308050501080606010201"))),
        (0x10, _sized(2, _sized(1, b"h3"))),
        (0x2B, _sized(1, bytes.fromhex("0304"))),
        (0x2D, _sized(1, b"\1")),
        (0x33, _sized(2, b"\x00\x1d" + _sized(2, fresh[32:]))),  # any 32 bytes are a public key (RFC 7748 section 5)
        (
            0x39,
            b"\x0f" + _sized(1, source) + b"\x04\x04\x80\x10\0\0\x09\x01\x03",
        ),  # who we are; data and streams allowed
    ]
    if name is not None:
        extensions.insert(0, (0x00, _sized(2, b"\0" + _sized(2, name.encode("ascii")))))
    listed = b"".join(kind.to_bytes(2, "big") + _sized(2, data) for kind, data in extensions)
    body = b"\x03\x03" + fresh[:32] + b"\0" + _sized(2, bytes.fromhex("130113021303")) + b"\1\0" + _sized(2, listed)
    return b"\1" + _sized(3, body)


def _closes(cursor: Cursor) -> Iterator[tuple[int, str]]:
    """Code and reason of a CONNECTION_CLOSE among frames."""
    while cursor:
        kind = cursor.number(1)
        if kind in {_ACK, _ACK_ECN}:
            _number(cursor), _number(cursor)
            for _ in range(1 + 2 * _number(cursor) + (3 if kind == _ACK_ECN else 0)):
                _number(cursor)
        elif kind == _CRYPTO:
            _number(cursor)
            cursor.take(_number(cursor))
        elif kind == _CLOSE:
            code, _ = _number(cursor), _number(cursor)
            yield code, cursor.take(_number(cursor)).decode("utf-8", "replace")[:128]
        elif kind not in {_PADDING, _PING}:
            return


def _number(cursor: Cursor) -> int:
    """A number of variable length (RFC 9000 section 16)."""
    first = cursor.number(1)
    more = (1 << (first >> 6)) - 1
    return (first & 0x3F) << 8 * more | int.from_bytes(cursor.take(more), "big")


def _varint(number: int) -> bytes:
    return number.to_bytes(1, "big") if number < 1 << 6 else (0x4000 | number).to_bytes(2, "big")


def _sized(by: int, data: bytes) -> bytes:
    return len(data).to_bytes(by, "big") + data


def _keys(target: bytes, side: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, IV and header protection key of one side's Initials."""
    extract = HMAC(_SALT, SHA256())
    extract.update(target)
    secret = _expanded(extract.finalize(), side, 32)
    return _expanded(secret, b"quic key", 16), _expanded(secret, b"quic iv", 12), _expanded(secret, b"quic hp", 16)


def _expanded(secret: bytes, label: bytes, size: int) -> bytes:
    info = size.to_bytes(2, "big") + _sized(1, b"tls13 " + label) + b"\0"
    return HKDFExpand(algorithm=SHA256(), length=size, info=info).derive(secret)


def _mask(key: bytes, sample: bytes) -> bytes:
    # One block under a mode that chains nothing is what RFC 9001 section 5.4.3 asks for.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(sample.ljust(16, b"\0"))  # noqa: S305


def _nonce(iv: bytes, number: int) -> bytes:
    return (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
