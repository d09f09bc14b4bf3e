"""What a client says to a plain proxy before it speaks to its target: a middlebox reads past it, for nothing hides it.

Xue 2021 (IMC, section 6) saw the TSPU follow HTTP and SOCKS proxies. Framing: RFC 1928, 1929 and 9110 section 9.3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_CONNECT = b"CONNECT "
_VERSION, _PASSWORD, _NAME = 5, 1, 3  # SOCKS5, its negotiation of a password, an address that is a name
_SIZES = {1: 4, 4: 16}  # bytes of an IPv4 and of an IPv6 address


def beyond(data: bytes) -> bytes:
    """The client's bytes behind its openings to plain proxies, one after the other; b"" while one is not whole."""
    while data[:1] == bytes([_VERSION]) or data.startswith(_CONNECT) or (data and _CONNECT.startswith(data[:8])):
        size = _socks5(data) if data[0] == _VERSION else _http_connect(data)
        if size is None:
            return b""
        data = data[size:]
    return data


def _http_connect(data: bytes) -> int | None:
    end = data.find(b"\r\n\r\n")
    return None if end < 0 else end + 4


def _socks5(data: bytes) -> int | None:
    """Greeting, password where there is one, request: the length of all, None while something is missing."""
    steps: Sequence[Callable[[bytes, int], int]] = (_greeting, _password, _request)
    at = 0
    for step in steps:
        try:
            at = step(data, at)
        except IndexError:
            return None
    return at if at <= len(data) else None


def _greeting(data: bytes, at: int) -> int:
    return at + 2 + data[at + 1]


def _password(data: bytes, at: int) -> int:
    if data[at] != _PASSWORD:
        return at
    password = at + 2 + data[at + 1]
    return password + 1 + data[password]


def _request(data: bytes, at: int) -> int:
    kind = data[at + 3]
    return at + 4 + (1 + data[at + 4] if kind == _NAME else _SIZES.get(kind, 0)) + 2
