"""The client's side of a lab for programs outside: a proxy with a password, `python -m harness.lab.entrance`.

It runs inside; the listening socket, its stdin, was made outside and stays there. Whatever is asked for is resolved and
connected from the client's own place, so that the censor sees it. SOCKS5 (RFC 1928, RFC 1929), CONNECT alone; what
does not begin as that is asked as a proxy of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import os
import socket
import struct
from collections.abc import Mapping
from typing import TypeAlias

from harness.lab import webproxy
from harness.lab.kept import kept

USER = webproxy.USER
PASSWORD = "WAYGAUGE_ENTRANCE"  # noqa: S105 - the name of the variable that holds it
PATIENCE = 30.0  # seconds for what comes before the connection stands
_READ = 65_536

_VERSION, _LOGIN, _NO_METHOD, _CONNECT = 5, 2, 0xFF, 1
_GRANTED, _GENERAL, _UNREACHABLE, _REFUSED, _EXPIRED, _NO_COMMAND, _NO_FAMILY = 0, 1, 4, 5, 6, 7, 8
_REPLIES: Mapping[type[OSError], int] = {
    ConnectionRefusedError: _REFUSED,
    TimeoutError: _EXPIRED,
}


Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """The visitor asked for something that is not given, or did not say who it is."""


async def main(listening: socket.socket, password: str) -> None:
    """Serve until the lab goes."""

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(Refused, OSError, EOFError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                begun = await reader.readexactly(1)
                lead = _by_socks if begun[0] == _VERSION else _by_http
                inner = await lead(begun, reader, writer, password)
            await _carry((reader, writer), inner)
        writer.close()

    async with await asyncio.start_server(kept(visited), sock=listening) as server:
        await server.serve_forever()


async def _by_http(begun: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> Streams:
    """Leads a visitor who speaks HTTP."""
    try:
        wanted = await webproxy.asked(begun, reader, password)
        inner = await _reach(wanted.host, wanted.port)
    except (webproxy.Turned, OSError) as exc:
        writer.write((exc if isinstance(exc, webproxy.Turned) else webproxy.unreached(exc)).answer)
        raise Refused from exc
    (inner[1] if wanted.first else writer).write(wanted.first or webproxy.STANDS)
    return inner


async def _by_socks(
    _begun: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str
) -> Streams:
    """Leads a visitor who speaks SOCKS5."""
    await _admit(reader, writer, password)
    host, port = await _asked(reader, writer)
    try:
        inner = await _reach(host, port)
    except OSError as exc:
        code = _UNREACHABLE if isinstance(exc, socket.gaierror) else _REPLIES.get(type(exc), _GENERAL)
        raise _refusal(writer, code) from exc
    writer.write(_reply(_GRANTED))
    return inner


async def _admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> None:
    """Lets in who knows the password (RFC 1929)."""
    (count,) = await reader.readexactly(1)
    if _LOGIN not in await reader.readexactly(count):
        writer.write(bytes((_VERSION, _NO_METHOD)))
        raise Refused
    writer.write(bytes((_VERSION, _LOGIN)))
    _, size = await reader.readexactly(2)
    user = await reader.readexactly(size)
    said = await reader.readexactly((await reader.readexactly(1))[0])
    known = hmac.compare_digest(said, password.encode()) and user == USER.encode()
    writer.write(bytes((1, 0 if known else 1)))
    if not known:
        raise Refused


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The host, by name or address, and the port that a visitor wants to be connected with."""
    _, command, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii", "replace")
    elif kind in {1, 4}:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
    else:
        raise _refusal(writer, _NO_FAMILY)
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    if command != _CONNECT:
        raise _refusal(writer, _NO_COMMAND)
    return host, port


async def _reach(host: str, port: int) -> Streams:
    """A connection from the client's place; OSError where nobody can be had, gaierror where there is no such name."""
    fault: OSError = socket.gaierror(socket.EAI_NONAME, "there is no such name")
    try:
        for *_, address in await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return await asyncio.open_connection(str(address[0]), port)
            except OSError as exc:
                fault = exc
    except UnicodeError:  # nothing that could be a name
        pass
    raise fault


def _refusal(writer: asyncio.StreamWriter, code: int) -> Refused:
    writer.write(_reply(code))
    return Refused()


def _reply(code: int) -> bytes:
    return bytes((_VERSION, code, 0, 1)) + bytes(6)


async def _carry(outer: Streams, inner: Streams) -> None:
    """Everything that comes on one side goes out on the other; a reset on one is a reset on the other."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass_on(outer[0], inner[1]))
            both.create_task(_pass_on(inner[0], outer[1]))
    except* OSError:
        for _, writer in (outer, inner):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
    inner[1].close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_READ):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(socket.socket(fileno=0), os.environ[PASSWORD]))
