"""The Host line of HTTP/1 requests as a middlebox reads it (RFC 9112 section 3.2), and the pages that it makes up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REQUEST = re.compile(rb"[A-Z]{3,10} ([^\r\n]*) HTTP/1\.[01]\r?\n")
_HOST = re.compile(rb"\r?\nhost[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?\n", re.IGNORECASE)
_TO_THE_LETTER = re.compile(rb"\r\nHost: ([^ \t\r\n][^\r\n]*?)\r\n")
_LONGEST = 16384  # bytes of a request's head
_SEGMENTS_LOOKED_AT = 8  # for a first request, where each is looked at by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a request's head says of whom it is for."""

    name: str  # of the Host line, without its port
    path: str  # as it was asked for


class HostReader:
    """The requests of one flow, one after another; with `each`, every segment by itself. `over` once it is not HTTP."""

    __slots__ = ("_buffer", "_each", "_host", "_left", "_met", "over")

    def __init__(self, *, each: bool = False, strict: bool = False) -> None:
        self._each = each
        self._host = _TO_THE_LETTER if strict else _HOST
        self._buffer = b""
        self._met = False
        self._left = _SEGMENTS_LOOKED_AT
        self.over = False

    def add(self, data: bytes) -> list[Request]:
        """The requests whose Host lines the bytes complete; what follows a request's head is passed over."""
        self._buffer = (data if self._each else self._buffer + data)[-_LONGEST:]
        found: list[Request] = []
        while one := self._next():
            found.append(one)
        self.over = not self._met and self._hopeless()
        return found

    def _next(self) -> Request | None:
        start = _REQUEST.search(self._buffer)
        if start is None:
            return None
        self._met = True
        host = self._host.search(self._buffer, start.end() - 2)
        if host is None:
            return None
        self._buffer = self._buffer[host.end() :]
        return Request(name=_name(host[1]), path=start[1].decode("latin-1"))

    def _hopeless(self) -> bool:
        """True where no request is to be expected any more."""
        self._left -= self._each
        return self._left <= 0 if self._each else not _may_begin(self._buffer)


def _may_begin(data: bytes) -> bool:
    """True where the bytes may yet become a request."""
    word = data.split(b" ", 1)[0]
    return len(word) <= 10 and (not word or (word.isalpha() and word.isupper())) and len(data) < _LONGEST


def _name(value: bytes) -> str:
    """The name alone, without its port."""
    text = value.decode("ascii", "replace").lower()
    host, _, port = text.rpartition(":")
    return (host if port.isdigit() and host else text).strip("[]").rstrip(".")


def page(status: tuple[int, str], headers: Mapping[str, str], body: str) -> bytes:
    """A whole answer that ends its connection."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status[0]} {status[1]}"]
    whole = {
        "Content-Type": "text/html; charset=utf-8",
        **headers,
        "Content-Length": str(len(content)),
        "Connection": "close",
    }
    lines += [f"{name}: {value}" for name, value in whole.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content
