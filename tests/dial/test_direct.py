import asyncio
import socket
import sys

import pytest

from harness.dial.api import WalkEnded
from harness.dial.direct import Direct
from harness.model import Stage
from tests.dial.loopback import DIRECT, descriptors, echo, here, only, resetting, serving, silent, soon, stages, tape


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_stream_carries_bytes_both_ways_and_counts_them(host: str) -> None:
    async def act() -> tuple[bytes, int, int]:
        async with serving(echo, host=host) as port:
            stream = await DIRECT.stream(here(port, host), soon(), tape())
            await stream.write(b"hello", soon())
            data = await stream.read(100, soon())
            stream.close()
            return data, stream.sent, stream.received

    assert (b"hello", 5, 5) == asyncio.run(act())


def test_a_connection_is_one_stage_with_what_the_kernel_knows() -> None:
    written = tape()

    async def act() -> int:
        async with serving(echo) as port:
            (await DIRECT.stream(here(port), soon(), written)).close()
            return port

    port = asyncio.run(act())
    seen = only(written, Stage.CONNECT)

    assert ("127.0.0.1", port, None) == (seen.detail["address"], seen.detail["port"], seen.failure)
    assert 0 <= seen.detail["rtt"] < 1
    assert 0 == seen.detail["retransmits"]


def test_segments_are_no_longer_than_asked_for() -> None:
    async def act() -> int:
        async with serving(echo) as port:
            stream = await Direct(segment=1220).stream(here(port), soon(), tape())
            told = stream.tcp_info(20)  # type: ignore[attr-defined]
            stream.close()
            return int.from_bytes(told[16:20], sys.byteorder)  # tcpi_snd_mss, linux/tcp.h

    assert asyncio.run(act()) <= 1220


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def test_a_closed_port_refuses() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(DIRECT.stream(here(closed_port()), soon(), written))

    assert [("target", "connect", "connection_refused")] == stages(written)


def test_an_address_that_may_not_be_reached_is_not_reached() -> None:
    written = tape()
    walled = Direct(permit=lambda address: address != "127.0.0.1")

    with pytest.raises(WalkEnded):
        asyncio.run(walled.stream(here(1), soon(), written))

    assert [("target", "connect", "permission_denied")] == stages(written)


def test_a_full_backlog_is_cut_by_the_deadline() -> None:
    written = tape()

    async def act() -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen(0)
            full = [await DIRECT.stream(here(sock.getsockname()[1]), soon(), tape())]
            try:
                await DIRECT.stream(here(sock.getsockname()[1]), soon(0.2), written)
            finally:
                full[0].close()

    with pytest.raises(WalkEnded):
        asyncio.run(act())

    assert [("target", "connect", "generic_timeout_error")] == stages(written)


def test_a_reset_while_reading_is_the_kernels_own_error() -> None:
    async def act() -> None:
        async with serving(resetting) as port:
            stream = await DIRECT.stream(here(port), soon(), tape())
            try:
                await stream.write(b"x", soon())
                await stream.read(1, soon())
            finally:
                stream.close()

    with pytest.raises(ConnectionResetError):
        asyncio.run(act())


def test_a_peer_that_keeps_silent_is_cut_by_the_deadline() -> None:
    async def act() -> None:
        async with serving(silent) as port:
            stream = await DIRECT.stream(here(port), soon(), tape())
            try:
                await stream.read(1, soon(0.05))
            finally:
                stream.close()

    with pytest.raises(TimeoutError):
        asyncio.run(act())


def test_a_cancelled_connection_leaves_no_socket() -> None:
    async def act() -> tuple[int, int]:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen(0)
            first = await DIRECT.stream(here(sock.getsockname()[1]), soon(), tape())
            before = descriptors()
            waiting = asyncio.create_task(DIRECT.stream(here(sock.getsockname()[1]), soon(), tape()))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])
            first.close()
            return before - 1, descriptors()

    before, after = asyncio.run(act())

    assert before == after


def test_datagrams_of_other_sources_are_never_seen() -> None:
    async def act() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as right, socket.socket(type=socket.SOCK_DGRAM) as wrong:
            right.bind(("127.0.0.1", 0))
            flow = await DIRECT.datagrams(here(right.getsockname()[1]), soon(), tape())
            flow.send(b"question")
            _, client = right.recvfrom(100)
            wrong.sendto(b"forged", client)
            right.sendto(b"true", client)
            data = await flow.receive(soon())
            flow.close()
            return data

    assert b"true" == asyncio.run(act())


def test_a_closed_udp_port_is_an_error_and_no_silence() -> None:
    async def act() -> None:
        flow = await DIRECT.datagrams(here(closed_port()), soon(), tape())
        try:
            flow.send(b"question")
            await flow.receive(soon())
        finally:
            flow.close()

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(act())
