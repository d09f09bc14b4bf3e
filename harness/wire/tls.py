"""TLS as it looks on the wire: the facts of a ClientHello, and the certificates that a server shows.

Numbers are those of RFC 8446 (sections 4 and 5) and RFC 5246 (section 7.4.2).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.wire.cursor import Cursor
from harness.wire.malformed import Malformed

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_SERVER_NAME, _ALPN = 0, 16
_GROUPS, _POINT_FORMATS, _SIGNATURES, _VERSIONS = 10, 11, 13, 43


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """What a client shows of itself before anything is encrypted."""

    size: int  # bytes of the message with its record headers, as an observer counts them
    version: int  # legacy_version; the real ones are in `versions`
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]  # in order of appearance
    sni: str | None
    alpn: tuple[str, ...]
    groups: tuple[int, ...]
    point_formats: tuple[int, ...]
    signatures: tuple[int, ...]
    versions: tuple[int, ...]

    @property
    def ja3(self) -> str:
        """The JA3 digest (github.com/salesforce/ja3): five lists in their order, GREASE left out."""
        lists = ((self.version,), self.ciphers, self.extensions, self.groups, self.point_formats)
        text = ",".join("-".join(str(number) for number in numbers if not grease(number)) for numbers in lists)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    @property
    def ja4(self) -> str:
        """The JA4 fingerprint over TCP (github.com/FoxIO-LLC/ja4, technical_details/JA4.md)."""
        ciphers = sorted(f"{number:04x}" for number in self.ciphers if not grease(number))
        shown = [number for number in self.extensions if not grease(number)]
        hashed = sorted(f"{number:04x}" for number in shown if number not in {_SERVER_NAME, _ALPN})
        signatures = ",".join(f"{number:04x}" for number in self.signatures)
        head = f"t{self._ja4_version}{'d' if self.sni else 'i'}{min(len(ciphers), 99):02}{min(len(shown), 99):02}"
        tail = ",".join(hashed) + (f"_{signatures}" if signatures else "")
        return f"{head}{self._ja4_alpn}_{_short(','.join(ciphers))}_{_short(tail)}"

    @property
    def _ja4_version(self) -> str:
        offered = [number for number in self.versions if not grease(number)] or [self.version]
        return {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10"}.get(max(offered), "00")

    @property
    def _ja4_alpn(self) -> str:
        return f"{self.alpn[0][0]}{self.alpn[0][-1]}" if self.alpn and self.alpn[0] else "00"


def grease(number: int) -> bool:
    """True for the values that clients sprinkle in to keep servers tolerant (RFC 8701): 0x0a0a, 0x1a1a, ..."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def client_hello(data: bytes) -> ClientHello:
    """The facts of a ClientHello in its records. Raises Malformed."""
    message = Cursor(_handshake_bytes(data))
    if message.number(1) != _CLIENT_HELLO:
        raise Malformed("no ClientHello")
    body = Cursor(message.block(3))
    version = body.number(2)
    body.take(32)  # random
    body.block(1)  # session id
    ciphers = _numbers(body.block(2), 2)
    body.block(1)  # compression
    extensions = _extensions(body.block(2)) if body else ()
    return _hello(len(data), version, ciphers, extensions)


def certificates(message: bytes, *, tls13: bool) -> tuple[bytes, ...]:
    """The certificates (DER, the server's own first) of a Certificate message with its header. Raises Malformed."""
    whole = Cursor(message)
    if whole.number(1) != 11:
        raise Malformed("no Certificate message")
    body = Cursor(whole.block(3))
    if tls13:
        body.block(1)  # certificate_request_context
    entries, found = Cursor(body.block(3)), []
    while entries:
        found.append(entries.block(3))
        if tls13:
            entries.block(2)  # the entry's extensions
    return tuple(found)


def _hello(size: int, version: int, ciphers: tuple[int, ...], pairs: tuple[tuple[int, bytes], ...]) -> ClientHello:
    by_kind = dict(pairs)
    return ClientHello(
        size=size,
        version=version,
        ciphers=ciphers,
        extensions=tuple(kind for kind, _ in pairs),
        sni=_sni(by_kind.get(_SERVER_NAME)),
        alpn=_alpn(by_kind.get(_ALPN)),
        groups=_list(by_kind.get(_GROUPS), 2, 2),
        point_formats=_list(by_kind.get(_POINT_FORMATS), 1, 1),
        signatures=_list(by_kind.get(_SIGNATURES), 2, 2),
        versions=_list(by_kind.get(_VERSIONS), 1, 2),
    )


def _handshake_bytes(data: bytes) -> bytes:
    records, joined = Cursor(data), b""
    while records:
        if records.number(1) != _HANDSHAKE_RECORD:
            raise Malformed("no handshake record")
        records.take(2)
        joined += records.block(2)
    return joined


def _extensions(data: bytes) -> tuple[tuple[int, bytes], ...]:
    rest, found = Cursor(data), []
    while rest:
        found.append((rest.number(2), rest.block(2)))
    return tuple(found)


def _numbers(data: bytes, size: int) -> tuple[int, ...]:
    if len(data) % size:
        raise Malformed("a list of odd length")
    return tuple(int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size))


def _list(extension: bytes | None, prefix: int, size: int) -> tuple[int, ...]:
    return () if extension is None else _numbers(Cursor(extension).block(prefix), size)


def _sni(extension: bytes | None) -> str | None:
    if extension is None:
        return None
    names = Cursor(Cursor(extension).block(2))
    if names.number(1) != 0:  # host_name, RFC 6066, section 3
        return None
    return names.block(2).decode("latin-1")


def _alpn(extension: bytes | None) -> tuple[str, ...]:
    if extension is None:
        return ()
    names, found = Cursor(Cursor(extension).block(2)), []
    while names:
        found.append(names.block(1).decode("latin-1"))
    return tuple(found)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
