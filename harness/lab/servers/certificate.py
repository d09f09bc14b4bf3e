"""X.509 certificates of P-256 keys, and the keys themselves, written down: RFC 5280, RFC 5480, RFC 5958, X.690.

The library's own module for certificates takes 30 ms and 4 MiB, which every lab would pay as it starts.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_BOOLEAN, _INTEGER, _BITS, _OCTETS, _OID, _UTF8 = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0C
_UTC_TIME, _TIME, _SEQUENCE, _SET = 0x17, 0x18, 0x30, 0x31
_CONTEXT, _CONSTRUCTED = 0x80, 0xA0  # to which the number of a field is added
_DNS_NAME, _IP_ADDRESS = 2, 7  # of GeneralName
_SIGNS = b"\1\6"  # KeyUsage: certificates (bit 5) and revocations (bit 6), one bit unused


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate is about, and for how long."""

    name: str
    key: ec.EllipticCurvePrivateKey
    begins: dt.datetime
    ends: dt.datetime
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def root(subject: Subject) -> bytes:
    """The certificate of an authority, in PEM, by its own signature."""
    extensions = (
        _extension("2.5.29.19", _sequence(_written(_BOOLEAN, b"\xff"), _integer(0)), critical=True),
        _extension("2.5.29.15", _written(_BITS, _SIGNS), critical=True),
    )
    return _signed(subject, subject, extensions)


def leaf(subject: Subject, issuer: Subject) -> bytes:
    """The certificate of a server, in PEM, by an authority's signature."""
    names = [_written(_CONTEXT + _DNS_NAME, name.encode("ascii")) for name in subject.names]
    addresses = [_written(_CONTEXT + _IP_ADDRESS, ipaddress.ip_address(text).packed) for text in subject.addresses]
    extensions = (
        _extension("2.5.29.19", _sequence(), critical=True),
        _extension("2.5.29.17", _sequence(*names, *addresses)),
        _extension("2.5.29.37", _sequence(_oid("1.3.6.1.5.5.7.3.1"))),  # a TLS server
        # Python 3.13 verifies with VERIFY_X509_STRICT, which asks for the issuer's key (RFC 5280, 4.2.1.1).
        _extension("2.5.29.35", _sequence(_written(_CONTEXT, _digest(issuer.key)))),
    )
    return _signed(subject, issuer, extensions)


def private_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key in PEM, not encrypted (PKCS #8)."""
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    point = _written(_CONSTRUCTED + 1, _bits(_point(key)))
    inner = _sequence(_integer(1), _written(_OCTETS, secret), point)  # RFC 5915
    whole = _sequence(_integer(0), _kind_of_key(), _written(_OCTETS, inner))
    text = base64.b64encode(whole).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", "")).encode()


def _signed(subject: Subject, issuer: Subject, extensions: Iterable[bytes]) -> bytes:
    digest = _extension("2.5.29.14", _written(_OCTETS, _digest(subject.key)))
    algorithm = _sequence(_oid("1.2.840.10045.4.3.2"))  # ECDSA with SHA-256
    body = _sequence(
        _written(_CONSTRUCTED + 0, _integer(2)),  # version 3
        _integer(int.from_bytes(os.urandom(16), "big")),
        algorithm,
        _common_name(issuer.name),
        _sequence(_time(subject.begins), _time(subject.ends)),
        _common_name(subject.name),
        _sequence(_kind_of_key(), _bits(_point(subject.key))),
        _written(_CONSTRUCTED + 3, _sequence(digest, *extensions)),
    )
    signature = issuer.key.sign(body, ec.ECDSA(hashes.SHA256()))
    return ssl.DER_cert_to_PEM_cert(_sequence(body, algorithm, _bits(signature))).encode()


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = [_written(_BOOLEAN, b"\xff")] if critical else []
    return _sequence(_oid(oid), *flag, _written(_OCTETS, value))


def _common_name(name: str) -> bytes:
    return _sequence(_written(_SET, _sequence(_oid("2.5.4.3"), _written(_UTF8, name.encode()))))


def _kind_of_key() -> bytes:
    return _sequence(_oid("1.2.840.10045.2.1"), _oid("1.2.840.10045.3.1.7"))  # an elliptic curve: P-256


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return b"\4" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def _digest(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The identifier of a key (RFC 5280, 4.2.1.2, method 1)."""
    return hashlib.sha1(_point(key), usedforsecurity=False).digest()


def _time(when: dt.datetime) -> bytes:
    """A time as RFC 5280, 4.1.2.5 wants it: with two digits of the year up to 2049."""
    if 1950 <= when.year < 2050:
        return _written(_UTC_TIME, when.strftime("%y%m%d%H%M%SZ").encode())
    return _written(_TIME, when.strftime("%Y%m%d%H%M%SZ").encode())


def _oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    return _written(_OID, b"".join(map(_base128, (first * 40 + second, *rest))))


def _base128(number: int) -> bytes:
    """Seven bits a byte; all but the last are marked."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(number & 0x7F | 0x80)
    return bytes(reversed(found))


def _integer(number: int) -> bytes:
    return _written(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(data: bytes) -> bytes:
    return _written(_BITS, b"\0" + data)


def _sequence(*parts: bytes) -> bytes:
    return _written(_SEQUENCE, b"".join(parts))


def _written(tag: int, data: bytes) -> bytes:
    """One element by the distinguished encoding rules (X.690, 8.1.3 and 10.1)."""
    size = len(data)
    if size < 0x80:
        return bytes((tag, size)) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + data
