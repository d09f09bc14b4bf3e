"""The far end of the tests that measure: a source and a sink over TCP, and an echo over UDP that tells its clock.

Clocks are CLOCK_MONOTONIC, which all namespaces of a machine share: one-way times are exact.
"""

from __future__ import annotations

import asyncio
import pathlib
import struct
import time
from collections.abc import Callable
from typing import Any

from harness.lab.world import World

SOURCE, SINK, CALL, OTHER_CALL = 443, 444, 3478, 5000
PIECE = bytes(65536)


class Echo(asyncio.DatagramProtocol):
    """Sends every datagram back, with the time at which it came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(data + struct.pack("!d", time.monotonic()), addr)  # type: ignore[attr-defined]


async def _source(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Once the client has said something, sends until it has gone."""
    try:
        await reader.read(65536)
        while True:
            writer.write(PIECE)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.transport.abort()


async def _sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.read(65536):
            continue
    except OSError:
        return
    finally:
        writer.transport.abort()


async def _live(world: World, ready: Callable[[dict[str, Any]], None]) -> None:
    loop = asyncio.get_running_loop()
    for address in world.addresses:
        for port in (SOURCE, 22):
            await asyncio.start_server(_source, address, port)
        await asyncio.start_server(_sink, address, SINK)
        for port in (CALL, OTHER_CALL):
            await loop.create_datagram_endpoint(Echo, local_addr=(address, port))
    ready({})
    await asyncio.Event().wait()


def serve(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """What `open_lab(serve=...)` runs in the internet namespace."""
    asyncio.run(_live(world, ready))
