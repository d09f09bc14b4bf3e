"""Servers on the loopback, ours and such as misbehave, and walks to them."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias, cast

from harness.lab import servers
from harness.model import Path, Trust, Walk
from tests.engine.loopback import walked
from tests.truth.loopback import NAME, free_port, loopback_world

Answer: TypeAlias = Callable[[bytes], bytes | None]
HERE = Path(name="direct", pins={NAME: ("127.0.0.1",)})


class Answering(asyncio.DatagramProtocol):
    """Answers each datagram by a function."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (back := self._answer(data)) is not None:
            self._transport.sendto(back, addr)


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A UDP port of the loopback where each datagram is answered so."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Answering(answer), ("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def lab(kind: str, folder: pathlib.Path, **params: Any) -> AsyncIterator[tuple[int, Trust]]:
    """One server of the lab, its port, and the anchors that it is verified under."""
    port, ready = free_port(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(servers.run(loopback_world(kind, port, **params), folder, ready.set_result))
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield port, Trust(ca_file=ready.result()["ca_file"], anchors=ready.result()["anchors"])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.02)


def asked(probe: str, params: dict[str, Any], answer: Answer, seconds: float = 5.0) -> Walk:
    """The walk of a probe to a port where each datagram is answered so."""

    async def world() -> Walk:
        async with answering(answer) as port:
            given = {"host": "127.0.0.1", "port": port} | params
            return await walked(probe, given, trust=Trust(), path=HERE, seconds=seconds)

    return asyncio.run(world())


def of_lab(probe: str, params: dict[str, Any], kind: str, folder: pathlib.Path, **served: Any) -> Walk:
    """The walk of a probe to a server of the lab; `PORT` in a URL is its port."""

    async def world() -> Walk:
        async with lab(kind, folder, **served) as (port, trust):
            url = {"url": params["url"].replace("PORT", str(port))} if "url" in params else {"port": port}
            return await walked(probe, params | url, trust=trust, path=HERE, seconds=20.0)

    return asyncio.run(world())
