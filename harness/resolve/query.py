"""One DNS question as an HTTP request, and what answered it."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGE = "application/dns-message"
"""The media type of both directions (RFC 8484, section 6)."""

LARGEST = 65536
"""Bytes of a body that are read; no DNS message is longer (RFC 1035, section 4.2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A request, whichever version of HTTP carries it."""

    method: str
    authority: str
    path: str
    body: bytes

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The fields of RFC 8484, section 4.1, and no user agent: it would only tell us apart."""
        body = [("content-type", MESSAGE), ("content-length", str(len(self.body)))] if self.body else []
        return [("accept", MESSAGE), *body]


@dataclass(slots=True, kw_only=True)
class Reply:
    """A response while it comes in."""

    query: Query
    status: int = 0
    content_type: str = ""
    body: bytes = b""
