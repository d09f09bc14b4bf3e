"""Datagrams handed on to a program on loopback and back, each client by a socket of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

_LONGEST = 65_535  # bytes of a datagram
_WAITING = 64  # datagrams of one client are kept until the program listens
IDLE = 300.0  # seconds without a datagram after which a client is forgotten, as NATs do it (RFC 4787, REQ-5)

Inner: TypeAlias = Callable[[], Awaitable[int]]
"""The loopback port of the program, which is started first where it does not run yet."""


class Relay:
    """What comes to one public socket goes to the program, what the program answers goes to whom it is for."""

    def __init__(self, bound: socket.socket, inner: Inner) -> None:
        self._bound = bound
        self._inner = inner
        self._loop = asyncio.get_running_loop()
        self._clients: dict[Any, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Take in what comes from now on."""
        self._loop.add_reader(self._bound, self._take)

    def close(self) -> None:
        """Let go of every socket."""
        self._loop.remove_reader(self._bound)
        self._bound.close()
        for task in self._tasks:
            task.cancel()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, source = self._bound.recvfrom(_LONGEST)
                with contextlib.suppress(asyncio.QueueFull):  # a datagram may be lost
                    self._queue_of(source).put_nowait(data)

    def _queue_of(self, source: Any) -> asyncio.Queue[bytes]:
        if source not in self._clients:
            self._clients[source] = asyncio.Queue(_WAITING)
            task = asyncio.create_task(self._carry(source, self._clients[source]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._clients[source]

    async def _carry(self, source: Any, coming: asyncio.Queue[bytes]) -> None:
        """One client's datagrams, both ways, until there are none for long."""
        try:
            port = await self._inner()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own, contextlib.suppress(TimeoutError):
                own.setblocking(False)
                own.connect(("127.0.0.1", port))
                async with asyncio.timeout(IDLE) as idle, asyncio.TaskGroup() as both:
                    both.create_task(self._back(own, source, idle))
                    both.create_task(self._forth(own, coming, idle))
        finally:
            del self._clients[source]

    async def _forth(self, own: socket.socket, coming: asyncio.Queue[bytes], idle: asyncio.Timeout) -> None:
        while True:
            data = await coming.get()
            idle.reschedule(self._loop.time() + IDLE)
            with contextlib.suppress(OSError):
                own.send(data)

    async def _back(self, own: socket.socket, source: Any, idle: asyncio.Timeout) -> None:
        while True:
            with contextlib.suppress(OSError):
                data = await self._loop.sock_recv(own, _LONGEST)
                idle.reschedule(self._loop.time() + IDLE)
                self._bound.sendto(data, source)
