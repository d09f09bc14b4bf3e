"""The lab's proxies, by a real sing-box."""

from __future__ import annotations

import asyncio
import base64
import gc

import pytest

from harness.errors import ApparatusError
from harness.lab.servers import singbox
from tests import needs
from tests.truth.loopback import Serve

pytestmark = needs.needs(singbox.program(), "no sing-box; pip install 'waygauge[engines]'")


async def connect(serve: Serve, user: str) -> bytes:
    """The status line that a CONNECT to an echoing listener gets, and what comes back through it."""
    target = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = target.sockets[0].getsockname()[1]
    async with target, serve("proxy_http", username="alice", password="pw") as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        credentials = base64.b64encode(user.encode()).decode()
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]
        writer.write(b"ping")
        answer = await reader.read(4)
        writer.close()
        return status[9:12] + b" " + answer


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(100))
    await writer.drain()
    writer.close()


def test_connect_with_the_password_carries_bytes(serve: Serve) -> None:
    assert b"200 ping" == asyncio.run(connect(serve, "alice:pw"))


def test_connect_with_a_wrong_password_is_answered_by_407(serve: Serve) -> None:
    assert b"407 " == asyncio.run(connect(serve, "alice:no"))[:4]


async def _after_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked = await reader.read()
    gc.collect()
    await asyncio.sleep(0)
    writer.write(asked)
    writer.close()


async def ended_first(serve: Serve) -> bytes:
    """What a client that has said all gets of a target that answers only then, through a CONNECT."""
    target = await asyncio.start_server(_after_all, "127.0.0.1", 0)
    async with target, serve("proxy_http") as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(f"CONNECT 127.0.0.1:{target.sockets[0].getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ping")
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer


def test_who_has_said_all_is_answered_even_where_the_collector_comes_by(serve: Serve) -> None:
    assert b"ping" == asyncio.run(ended_first(serve))


async def by_socks(serve: Serve, password: bytes) -> bytes:
    """The answers of SOCKS5 to a user and password, and to a CONNECT where that was let in (RFC 1928, 1929)."""
    target = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = target.sockets[0].getsockname()[1]
    async with target, serve("proxy_socks", username="alice", password="pw") as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"\x05\x01\x02\x01\x05alice" + bytes([len(password)]) + password)
        answers = await reader.readexactly(4)
        if answers[3] == 0:
            writer.write(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big"))
            answers += (await reader.readexactly(10))[:2]
        writer.close()
        return answers


@pytest.mark.parametrize(("password", "expected"), [(b"pw", "050201000500"), (b"no", "05020101")])
def test_socks_asks_for_the_password(serve: Serve, password: bytes, expected: str) -> None:
    assert expected == asyncio.run(by_socks(serve, password)).hex()


@pytest.mark.parametrize(
    ("program", "said"),
    [(None, "no sing-box for the proxies"), ("/bin/false", "sing-box ended with status 1: it said nothing")],
)
def test_a_proxy_without_its_program_ends_the_servers_by_name(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, program: str | None, said: str
) -> None:
    monkeypatch.setattr(singbox, "program", lambda: program)

    async def asked() -> None:
        async with serve("proxy_socks") as served:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.close()
            await served.ended

    with pytest.raises(ApparatusError, match=said):
        asyncio.run(asked())
