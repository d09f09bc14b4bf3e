"""What a tunnel's server is asked once its tunnel has failed."""

from __future__ import annotations

import asyncio
import socket

from harness.dial.api import Address
from harness.dial.deadline import Deadline
from harness.tunnels import knock


async def refused(*, silent: float, patience: float) -> bool:
    """Whether a refusal is heard of a port whose host says nothing for so long, as one does that has just said it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        server = Address("127.0.0.1", bound.getsockname()[1])
        if not silent:
            bound.close()
        asyncio.get_running_loop().call_later(silent, bound.close)
        return await knock.refused_by_udp(server, Deadline.after(patience))


def test_a_closed_port_is_heard_at_once() -> None:
    async def act() -> float:
        began = asyncio.get_running_loop().time()
        assert await refused(silent=0, patience=5)
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(act()) < 1


def test_a_host_that_keeps_its_word_back_at_first_is_asked_again() -> None:
    assert asyncio.run(refused(silent=0.3, patience=5))


def test_silence_is_no_refusal() -> None:
    assert not asyncio.run(refused(silent=9, patience=0.3))
