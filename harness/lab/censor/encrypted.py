"""Whether a first payload looks like nothing, as the Great Firewall asks: it exempts what is something, by crude signs.

Wu 2023, "How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic" (USENIX Security), section 4: what
meets none of five exemptions counts as fully encrypted.
"""

from __future__ import annotations

import re

FEWEST, MOST = 3.4, 4.6  # set bits a byte: random bytes lie about 4
FIRST = 6  # printable bytes at the start
SHARE = 0.5  # of printable bytes
RUN = 20  # printable bytes in a row

_PRINTABLE = bytes(range(0x20, 0x7F))
_TLS = re.compile(rb"[\x16\x17]\x03[\x00-\x09]")
_HTTP = re.compile(rb"(?:GET|PRI|PUT|POST|HEAD) ")
_LONG_RUN = re.compile(rb"[\x20-\x7e]{%d}" % (RUN + 1))


def set_bits(data: bytes) -> float:
    """Set bits a byte, on average."""
    return int.from_bytes(data, "big").bit_count() / len(data)


def exemption(data: bytes) -> str:
    """Which exemption a first payload meets, "" where it meets none."""
    if not data or not FEWEST < set_bits(data) < MOST:
        return "bits"
    if len(data) >= FIRST and not data[:FIRST].translate(None, _PRINTABLE):
        return "first"
    if len(data) - len(data.translate(None, _PRINTABLE)) > SHARE * len(data):
        return "share"
    if _LONG_RUN.search(data):
        return "run"
    return "protocol" if begins_plainly(data) else ""


def begins_plainly(data: bytes) -> bool:
    """True where the first bytes are those of a record of TLS, or of a request of HTTP."""
    return bool(_TLS.match(data) or _HTTP.match(data))
