"""What identifies a client's TLS: JA3 and JA4 of its ClientHello, GREASE left out (RFC 8701).

JA3: github.com/salesforce/ja3. JA4: github.com/FoxIO-LLC/ja4, technical_details/JA4.md.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from harness.lab.censor.hello import PROTOCOLS, SERVER_NAME, Hello, grease

_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_VERSIONS |= {0xFEFC: "d3", 0xFEFD: "d2", 0xFEFF: "d1"}
_NOTHING = "000000000000"  # in place of the digest of an empty list
_MOST = 99  # of a list, in the two digits that count it


def ja3(hello: Hello) -> str:
    """The five lists of JA3, before they are hashed."""
    lists = ((hello.version,), hello.ciphers, hello.extensions, hello.groups, hello.formats)
    return ",".join("-".join(map(str, _plain(numbers))) for numbers in lists)


@functools.lru_cache(maxsize=64)
def ja3_digest(hello: Hello) -> str:
    """JA3 as it is usually written: the MD5 of its lists."""
    import hashlib  # brings OpenSSL with it, so only for worlds that look at fingerprints

    return hashlib.md5(ja3(hello).encode(), usedforsecurity=False).hexdigest()


@functools.lru_cache(maxsize=64)
def ja4(hello: Hello, transport: str = "t") -> str:
    """JA4 over TCP (`t`), QUIC (`q`) or DTLS (`d`)."""
    ciphers, extensions = _plain(hello.ciphers), _plain(hello.extensions)
    kinds = _hex(sorted(one for one in extensions if one not in {SERVER_NAME, PROTOCOLS}))
    signatures = _hex(_plain(hello.signatures))
    version = _VERSIONS.get(hello.newest, "00")
    name = "d" if SERVER_NAME in extensions else "i"
    counts = f"{min(len(ciphers), _MOST):02}{min(len(extensions), _MOST):02}"
    head = f"{transport}{version}{name}{counts}{_protocol(hello)}"
    return f"{head}_{_digest(_hex(sorted(ciphers)))}_{_digest(kinds + (signatures and '_' + signatures))}"


def _plain(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if not grease(number)]


def _hex(numbers: Iterable[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else _NOTHING


def _protocol(hello: Hello) -> str:
    """The ends of the first protocol of ALPN; those of its hexadecimal form where they are no letters or digits."""
    first = hello.protocols[0] if hello.protocols else b""
    if not first:
        return "00"
    text = chr(first[0]) + chr(first[-1])
    return text if text.isascii() and text.isalnum() else first.hex()[0] + first.hex()[-1]
