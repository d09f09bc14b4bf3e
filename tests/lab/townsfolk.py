"""Small servers for the lab's own tests: they echo, answer HTTP and DNS, and say who they are."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import time
from collections.abc import Callable
from typing import Any

from harness.errors import ApparatusError
from harness.lab.world import World

TRUE_V4, TRUE_V6 = "192.0.43.8", "2001:500:88:200::8"


class Resolver(asyncio.DatagramProtocol):
    """Answers every A and AAAA question; the national resolver says NXDOMAIN instead."""

    def __init__(self, address: str, *, national: bool) -> None:
        self.address = address
        self.national = national

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(answered(data, national=self.national), addr)  # type: ignore[attr-defined]


def answered(query: bytes, *, national: bool) -> bytes:
    """The answer to a query of one question and nothing else."""
    import ipaddress

    kind = int.from_bytes(query[-4:-2], "big")
    packed = ipaddress.ip_address(TRUE_V4 if kind == 1 else TRUE_V6).packed
    record = b"" if national else b"\xc0\x0c" + query[-4:] + bytes((0, 0, 0, 60, 0, len(packed))) + packed
    flags = b"\x81\x83" if national else b"\x81\x80"
    return query[:2] + flags + b"\0\1" + bytes((0, int(not national), 0, 0, 0, 0)) + query[12:] + record


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads until the client pauses and answers `true page`; a lost peer is no concern of ours.

    It listens for a while still: what comes late on a busy machine would be answered by a reset.
    """
    try:
        await _until_quiet(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntrue page")
        writer.write_eof()
        async with asyncio.timeout(2):
            while await reader.read(65536):
                continue
    except OSError:
        return
    finally:
        writer.close()


async def _until_quiet(reader: asyncio.StreamReader) -> None:
    await reader.read(65536)
    with contextlib.suppress(TimeoutError):
        while await asyncio.wait_for(reader.read(65536), 0.06):
            continue


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


async def _dns_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = int.from_bytes(await reader.readexactly(2), "big")
    answer = answered(await reader.readexactly(size), national=False)
    writer.write(len(answer).to_bytes(2, "big") + answer)
    writer.close()


async def _live(world: World, ready: Callable[[dict[str, Any]], None]) -> None:
    loop = asyncio.get_running_loop()
    for host in world.hosts:
        for address in host.addresses:
            for port in (80, 443):
                await asyncio.start_server(_page, address, port)
            await asyncio.start_server(_echo, address, 7)
            await asyncio.start_server(_dns_tcp, address, 53)
            make = lambda address=address, host=host: Resolver(address, national=host.home)  # noqa: E731
            await loop.create_datagram_endpoint(make, local_addr=(address, 53))
    ready({})
    await asyncio.Event().wait()


def serve(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """What `open_lab(serve=...)` runs in the internet namespace."""
    asyncio.run(_live(world, ready))


def sleep(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """Servers that never get ready."""
    time.sleep(60)


def stay(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """Servers that serve nobody."""
    ready({})
    time.sleep(600)


def lack(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """Needs a program that this machine does not have."""
    raise ApparatusError("no such program here; install it")
