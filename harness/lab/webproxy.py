"""The entrance as a proxy of HTTP, for what speaks no SOCKS5 with a password: browsers, pip, npm and their like.

CONNECT leads anywhere (RFC 9110, 9.3.6); a request in the clear is sent on as its server would get it without a proxy,
one a connection (RFC 9112, 3.2.2). Who does not say the password is asked for it (RFC 7617).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import urllib.parse
from dataclasses import dataclass

USER = "lab"
STANDS = b"HTTP/1.1 200 Connection established\r\n\r\n"
_OURS = ("proxy-", "connection:", "keep-alive:")  # header fields that are for us, and not for the server
_REASONS = {
    400: "Bad Request",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


class Turned(Exception):
    """The visitor is not let through; what it is answered."""

    def __init__(self, status: int, why: str, more: str = "") -> None:
        super().__init__(why)
        body = f"waygauge lab: {why}\n".encode()
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{more}Content-Type: text/plain\r\n"
        self.answer = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Where a visitor wants to be led, and what is to be said there first; nothing where it says all by itself."""

    host: str
    port: int
    first: bytes = b""


async def asked(begun: bytes, reader: asyncio.StreamReader, password: str) -> Asked:
    """What a visitor asks for, whose first bytes are `begun`; Turned where it does not get it."""
    try:
        head = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *fields = head[:-4].split("\r\n")
        method, target, version = request.split(" ")
    except (ValueError, asyncio.LimitOverrunError) as exc:
        raise Turned(400, "this is a proxy of HTTP/1.1, and of SOCKS5") from exc
    if not any(_known(field, password) for field in fields):
        raise Turned(407, "say the password", 'Proxy-Authenticate: Basic realm="waygauge lab"\r\n')
    try:
        return _tunnel(target) if method == "CONNECT" else _plain(method, target, version, fields)
    except ValueError as exc:
        raise Turned(400, "this is a proxy; ask it for http://HOST/PATH, or to CONNECT HOST:PORT") from exc


def _known(field: str, password: str) -> bool:
    name, _, said = field.partition(":")
    wanted = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
    return name.lower() == "proxy-authorization" and hmac.compare_digest(said.strip().encode(), wanted.encode())


def _tunnel(target: str) -> Asked:
    host, _, port = target.rpartition(":")
    return Asked(host=host.strip("[]"), port=_port(port))


def _plain(method: str, target: str, version: str, fields: list[str]) -> Asked:
    url = urllib.parse.urlsplit(target)
    if url.scheme != "http" or not url.hostname:
        raise ValueError(target)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    kept = [field for field in fields if not field.lower().startswith(_OURS)]
    lines = [f"{method} {path} {version}", *kept, "Connection: close", "", ""]
    return Asked(host=url.hostname, port=_port(url.port or 80), first="\r\n".join(lines).encode("latin-1"))


def _port(said: str | int) -> int:
    if not 0 < int(said) < 65536:
        raise ValueError(said)
    return int(said)


def unreached(fault: OSError) -> Turned:
    """What a visitor is answered where nobody is."""
    if isinstance(fault, TimeoutError):
        return Turned(504, "the server does not answer")
    number = fault.errno or 0
    why = os.strerror(number) if number > 0 else fault.strerror  # of a refusal asyncio has words of its own
    return Turned(502, f"the server cannot be reached: {why}")
