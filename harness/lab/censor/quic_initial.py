"""QUIC's Initial packets as a middlebox reads them: their keys follow from what they show in the clear.

RFC 9000 section 17.2 (headers) and 19 (frames), RFC 9001 section 5 (keys and header protection), RFC 9369 (version 2).
Nothing that comes in makes it raise: what cannot be read shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from harness.lab.censor.quic import FIXED, LONG, WIRE

_LONGEST_ID = 20  # bytes of a connection id
_SAMPLE, _TAG = 16, 16
_KEYS = ((b"key", 16), (b"iv", 12), (b"hp", 16))
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0x00, 0x01, 0x02, 0x03, 0x06


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    salt: bytes
    label: bytes  # what the names of its keys begin with
    initial: int  # its number of the type "Initial"
    retry: int  # of the type "Retry", which says no length and is the last of its datagram


VERSIONS = {
    1: _Version(salt=bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), label=b"quic ", initial=0, retry=3),
    2: _Version(salt=bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), label=b"quicv2 ", initial=1, retry=0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """A CRYPTO frame: a stretch of a TLS handshake, of the connection that the client calls `dcid`."""

    version: int
    dcid: bytes
    offset: int
    data: bytes
    behind: bytes  # of a packet's first frame: all that stands behind its head, whatever its length says


def read(datagram: bytes) -> tuple[Crypto, ...]:
    """The CRYPTO frames of a client's Initials in a datagram, which may hold several packets (section 12.2)."""
    return tuple(_cryptos(datagram, checked=True))


def read_unchecked(datagram: bytes) -> tuple[Crypto, ...]:
    """The same as a box sees them that looks at no tag, so that the end of a packet may be missing."""
    return tuple(_cryptos(datagram, checked=False))


def _cryptos(datagram: bytes, *, checked: bool) -> Iterator[Crypto]:
    while True:
        version = WIRE.get(datagram[1:5], 0)
        found = _split(datagram, whole=checked) if version and datagram[0] & (LONG | FIXED) == LONG | FIXED else None
        if found is None:
            return
        packet, datagram = found
        if (packet.raw[0] & 0x30) >> 4 == VERSIONS[version].initial:
            for offset, data, behind in _frames(_opened(packet, VERSIONS[version], checked=checked)):
                yield Crypto(version=version, dcid=packet.dcid, offset=offset, data=data, behind=behind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Protected:
    raw: bytes
    dcid: bytes
    at: int  # where its number begins


def _split(datagram: bytes, *, whole: bool) -> tuple[_Protected, bytes] | None:
    """The first packet, and what follows it; None where there is none, or one without a length."""
    dcid, at = _counted(datagram, 5)
    scid, at = _counted(datagram, at)
    kind, version = (datagram[0] & 0x30) >> 4, VERSIONS[WIRE[datagram[1:5]]]
    if max(len(dcid), len(scid)) > _LONGEST_ID or kind == version.retry:
        return None
    if kind == version.initial:
        size, at = _varint(datagram, at)
        at += size  # the token
    size, at = _varint(datagram, at)
    end = at + size
    if min(end, len(datagram)) < at + 4 + _SAMPLE or (whole and end > len(datagram)):
        return None
    return _Protected(raw=datagram[:end], dcid=dcid, at=at), datagram[end:]


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    size = data[at] if at < len(data) else 0
    return data[at + 1 : at + 1 + size], at + 1 + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends (RFC 9000 section 16)."""
    if at >= len(data):
        return 0, at + 1
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at : at + size], "big") & (1 << 8 * size - 2) - 1, at + size


def _opened(packet: _Protected, version: _Version, *, checked: bool) -> bytes:
    """The frames of an Initial, b"" where its keys do not open it; unchecked, whatever the keys make of it."""
    key, iv, header = _keys(packet.dcid, version)
    mask = _mask(header, packet.raw[packet.at + 4 : packet.at + 4 + _SAMPLE])
    first = packet.raw[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(one ^ other for one, other in zip(packet.raw[packet.at :][:size], mask[1:], strict=False))
    clear = bytes([first]) + packet.raw[1 : packet.at] + number
    nonce = (int.from_bytes(iv, "big") ^ int.from_bytes(number, "big")).to_bytes(12, "big")
    sealed = packet.raw[packet.at + size :]
    if not checked:
        # GCM's keystream for the text begins at its second block (NIST SP 800-38D, section 7.2).
        return Cipher(algorithms.AES(key), modes.CTR(nonce + b"\0\0\0\2")).decryptor().update(sealed[:-_TAG])
    try:
        return AESGCM(key).decrypt(nonce, sealed, clear)
    except InvalidTag:
        return b""


def _mask(key: bytes, sample: bytes) -> bytes:
    # One block under a mode that chains nothing is what RFC 9001 section 5.4.3 asks for.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(sample)


def _keys(dcid: bytes, version: _Version) -> tuple[bytes, bytes, bytes]:
    """Key, IV and header protection key of what the client sends (RFC 9001 section 5.2)."""
    secret = _expand(_hmac(version.salt, dcid), b"client in", 32)
    key, iv, header = (_expand(secret, version.label + name, size) for name, size in _KEYS)
    return key, iv, header


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 section 7.1); one round of the hash is always enough here."""
    label = b"tls13 " + label
    return _hmac(secret, size.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0\x01")[:size]


def _hmac(key: bytes, data: bytes) -> bytes:
    made = HMAC(key, SHA256())
    made.update(data)
    return made.finalize()


def _frames(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Offset and bytes of each CRYPTO frame, and of a first frame what stands behind its head.

    It ends at a frame that an Initial should not have (RFC 9000 section 12.4).
    """
    at = 0
    while at < len(data):
        start, kind, at = at, data[at], at + 1
        if kind == _CRYPTO:
            offset, at = _varint(data, at)
            size, at = _varint(data, at)
            yield offset, data[at : at + size], b"" if start else data[at:]
            at += size
        elif kind in {_ACK, _ACK_ECN}:
            at = _after_ack(data, at, 3 if kind == _ACK_ECN else 0)
        elif kind not in {_PADDING, _PING}:
            return


def _after_ack(data: bytes, at: int, more: int) -> int:
    """Where an ACK frame ends (section 19.3): four numbers, two for each further range, `more` counts of ECN."""
    for _ in range(2):
        _, at = _varint(data, at)
    ranges, at = _varint(data, at)
    for _ in range(1 + 2 * min(ranges, len(data)) + more):
        _, at = _varint(data, at)
    return at
