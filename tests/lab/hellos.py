"""ClientHellos made to measure, for rules that look at more than a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SNI, GROUPS, FORMATS, SIGNATURES, ALPN, VERSIONS = 0, 10, 11, 13, 16, 43
ESNI, ECH = 0xFFCE, 0xFE0D
GREASE = 0x1A1A


def numbers(text: str) -> tuple[int, ...]:
    """Numbers from hexadecimal words."""
    return tuple(int(word, 16) for word in text.split())


@dataclass(frozen=True, kw_only=True)
class Made:
    """A ClientHello by its parts; kinds of extensions that need data get it, others are empty."""

    name: str | None = "www.example.org"
    version: int = 0x0303
    ciphers: tuple[int, ...] = numbers("1301 1302 1303 c02b c02f")
    kinds: tuple[int, ...] = numbers("0000 000a 000b 000d 0010 002b")
    groups: tuple[int, ...] = (0x001D, 0x0017)
    formats: tuple[int, ...] = (0,)
    signatures: tuple[int, ...] = numbers("0403 0804 0401")
    versions: tuple[int, ...] = (0x0304, 0x0303)
    alpn: tuple[bytes, ...] = (b"h2", b"http/1.1")
    data: Mapping[int, bytes] = field(default_factory=dict)  # of other extensions

    def but(self, **other: Any) -> Made:
        """The same with other parts."""
        return dataclasses.replace(self, **other)

    @property
    def message(self) -> bytes:
        """The handshake message."""
        body = self.version.to_bytes(2, "big") + bytes(32) + b"\x20" + bytes(32)
        body += sized(2, _listed(self.ciphers)) + b"\x01\x00"
        kinds = [kind for kind in self.kinds if kind != SNI or self.name is not None]
        body += sized(2, b"".join(kind.to_bytes(2, "big") + sized(2, self._data(kind)) for kind in kinds))
        return b"\x01" + sized(3, body)

    @property
    def record(self) -> bytes:
        """The message in one record."""
        return b"\x16\x03\x01" + sized(2, self.message)

    def _data(self, kind: int) -> bytes:
        made = {
            SNI: sized(2, b"\0" + sized(2, (self.name or "").encode())),
            GROUPS: sized(2, _listed(self.groups)),
            FORMATS: sized(1, bytes(self.formats)),
            SIGNATURES: sized(2, _listed(self.signatures)),
            ALPN: sized(2, b"".join(sized(1, one) for one in self.alpn)),
            VERSIONS: sized(1, _listed(self.versions)),
        }
        return {**made, **self.data}.get(kind, b"")


def sized(by: int, data: bytes) -> bytes:
    """Data behind its length."""
    return len(data).to_bytes(by, "big") + data


def _listed(those: Iterable[int]) -> bytes:
    return b"".join(one.to_bytes(2, "big") for one in those)


# The lists of the worked example in FoxIO-LLC/ja4, technical_details/JA4.md, with GREASE as Chrome sprinkles it.
CHROME_2023 = Made(
    ciphers=(GREASE, *numbers("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035")),
    kinds=(
        GREASE,
        *numbers("001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"),
        GREASE,
    ),
    groups=(GREASE, *numbers("001d 0017 0018")),
    signatures=numbers("0403 0804 0401 0503 0805 0501 0806 0601"),
    versions=(GREASE, 0x0304, 0x0303),
    data={0x0015: bytes(200)},
)

# Chrome since 131, whose hello Telegram's fake TLS imitates: ECH instead of padding, the newer number of ALPS.
CHROME_2025 = CHROME_2023.but(
    kinds=(
        GREASE,
        *numbers("001b 0000 0033 0010 44cd 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a fe0d"),
        GREASE,
    ),
    groups=(GREASE, *numbers("11ec 001d 0017 0018")),
    data={ECH: bytes(186)},
)

# As Chrome sends it, its key share of ML-KEM in it: longer than a packet.
CHROME_LONG = CHROME_2025.but(data={**CHROME_2025.data, 0x0033: bytes(1263)})

FIREFOX = Made(
    ciphers=numbers("1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 009c 009d 002f 0035"),
    kinds=numbers("0000 0017 ff01 000a 000b 0023 0010 0005 0022 0033 002b 000d 002d 001c fe0d"),
    signatures=numbers("0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201"),
)
