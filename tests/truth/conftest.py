"""Servers of the lab on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from harness.lab import servers
from tests.truth.loopback import Serve, Served, free_port, loopback_world


@pytest.fixture
def serve(tmp_path: pathlib.Path) -> Serve:
    """`async with serve(kind, **params) as served:` runs one service on 127.0.0.1 and ::1, from an odd folder."""
    workdir = tmp_path / """some one's "folder"; é"""
    workdir.mkdir()

    @contextlib.asynccontextmanager
    async def running(kind: str, **params: Any) -> AsyncIterator[Served]:
        port, trust = free_port(), asyncio.get_running_loop().create_future()
        world = loopback_world(kind, port, **params)
        task = asyncio.create_task(servers.run(world, workdir, trust.set_result))
        await asyncio.wait({task, trust}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        try:
            yield Served(port=port, trust=trust.result(), ended=task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.02)  # connections that were being served see that they are closed

    return running
