"""Connections that are served until they are done, whatever the collector does.

A loop knows its tasks only weakly. What serves a connection is held by the transport, and that by the selector: but no
longer once the client has said all, as nothing more is read from it then (asyncio.loop.create_task).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_AT_WORK: set[asyncio.Task[Any] | None] = set()


def kept(serve: Serve) -> Serve:
    """The same for `asyncio.start_server`, and each connection's task is held until it ends."""

    async def serving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        _AT_WORK.add(task)
        try:
            await serve(reader, writer)
        finally:
            _AT_WORK.discard(task)

    return serving
