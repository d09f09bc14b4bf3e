import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from harness.dial import http_connect, socks5
from harness.dial.api import Address, Dialer, Tape, WalkEnded
from harness.dial.direct import Direct
from harness.dial.hop import Hop
from harness.dial.names import HandedOn, Pinned
from harness.model import Stage, Trust
from tests.dial.loopback import (
    Authority,
    Handler,
    Reader,
    Writer,
    descriptors,
    echo,
    greeted,
    hanging_up,
    only,
    piping,
    resetting,
    saying,
    serving,
    silent,
    soon,
    stages,
    tape,
)

NOBODY = Pinned(pins={}, resolver=HandedOn())
TARGET = Address("target.example", 443)


def socks_hop(port: int, inner: Dialer | None = None, position: int = 1, **params: Any) -> Hop:
    where: Mapping[str, Any] = {"host": "127.0.0.1", "port": port, **params}
    return socks5.build(where, inner or Direct(of="hop:1"), NOBODY, position, Trust())


def http_hop(port: int, inner: Dialer | None = None, trust: Trust | None = None, **params: Any) -> Hop:
    where: Mapping[str, Any] = {"host": "127.0.0.1", "port": port, **params}
    return http_connect.build(where, inner or Direct(of="hop:1"), NOBODY, 1, trust or Trust())


def socks_server(asked: list[bytes], reply: int = 0, password: bytes | None = None, port: int = 0) -> Handler:
    """A SOCKS5 server that writes down what it is asked, and pipes to a port of ours where it grants it."""

    async def handle(reader: Reader, writer: Writer) -> None:
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x02" if password else b"\x05\x00")
        if password:
            assert b"\x02" in methods
            given = await reader.readexactly(len(password))
            writer.write(b"\x01\x00" if given == password else b"\x01\x01")
            if given != password:
                return await writer.drain()
        asked.append(await reader.read(300))
        writer.write(b"\x05" + bytes([reply]) + b"\x00\x01\x00\x00\x00\x00\x00\x00")
        await writer.drain()
        return await (piping(reader, writer, port) if port else echo(reader, writer))

    return handle


def connect_server(asked: list[bytes], answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n", port: int = 0) -> Handler:
    """An HTTP proxy that writes down what it is asked, and pipes to a port of ours where there is one."""

    async def handle(reader: Reader, writer: Writer) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        await (piping(reader, writer, port) if port else echo(reader, writer))

    return handle


async def spoken(hop: Dialer, written: Tape, to: Address = TARGET) -> bytes:
    """What comes back when `hello` is said through the hop."""
    stream = await hop.stream(to, soon(), written)
    try:
        await stream.write(b"hello", soon())
        return await stream.read(100, soon())
    finally:
        stream.close()


@pytest.mark.parametrize(
    ("host", "asked_for"),
    [
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01"),
        ("target.example", b"\x03\x0etarget.example"),
        ("::1", b"\x04" + bytes(15)),
    ],
)
def test_socks5_hands_on_what_it_is_given(host: str, asked_for: bytes) -> None:
    asked: list[bytes] = []

    async def act() -> bytes:
        async with serving(socks_server(asked)) as port:
            return await spoken(socks_hop(port), tape(), Address(host, 443))

    assert b"hello" == asyncio.run(act())
    assert asked[0][3:].startswith(asked_for)


def test_a_hop_is_a_connection_and_a_stage_of_its_own() -> None:
    written = tape()

    async def act() -> None:
        async with serving(socks_server([], password=b"\x01\x05alice\x06secret")) as port:
            await spoken(socks_hop(port, username="alice", password="secret"), written)

    asyncio.run(act())

    assert [("hop:1", "connect", None), ("hop:1", "hop", None)] == stages(written)
    assert {"kind": "socks5", "to": "target.example", "reply": 0}.items() <= only(
        written, Stage.HOP, "hop:1"
    ).detail.items()


def refused(handler: Handler, make: Any, **params: Any) -> Any:
    """The `hop` stage where a proxy does not let us through; nothing is left open."""
    written = tape()

    async def act() -> tuple[int, int]:
        async with serving(handler) as port:
            before = descriptors()
            with pytest.raises(WalkEnded):
                await make(port, **params).stream(TARGET, soon(0.3), written)
            await asyncio.sleep(0.02)
            return before, descriptors()

    before, after = asyncio.run(act())
    assert after <= before
    return only(written, Stage.HOP, "hop:1")


def test_a_refusal_keeps_the_servers_code() -> None:
    seen = refused(socks_server([], reply=5), socks_hop)

    assert ("proxy_refused", 5, "connection refused") == (seen.failure, seen.detail["reply"], seen.detail["meaning"])


@pytest.mark.parametrize("rest", [b"", b"\x00", b"\x00\x00\x00\x00\x00\x00\x00\x00"])
def test_a_refusal_is_one_however_the_server_cuts_it_short(rest: bytes) -> None:
    async def handle(reader: Reader, writer: Writer) -> None:
        await reader.readexactly(3)
        writer.write(b"\x05\x00")
        await reader.read(300)
        writer.write(b"\x05\x04" + rest)
        await writer.drain()

    seen = refused(handle, socks_hop)

    assert ("proxy_refused", "host unreachable") == (seen.failure, seen.detail["meaning"])


@pytest.mark.parametrize(
    ("handler", "failure", "phase"),
    [
        (socks_server([], password=b"\x01\x05alice\x06secret"), "proxy_auth_failed", "login"),
        (saying(b"\x05\xff"), "proxy_auth_failed", "login"),
        (saying(b"\x05\x09"), "proxy_protocol_error", "login"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "proxy_protocol_error", "greeting"),
        (silent, "generic_timeout_error", "greeting"),
        (hanging_up, "eof_error", "greeting"),
        (resetting, "connection_reset", "greeting"),
    ],
)
def test_where_a_socks5_hop_failed_is_told(handler: Handler, failure: str, phase: str) -> None:
    seen = refused(handler, socks_hop, username="alice", password="wrong!")

    assert (failure, phase) == (seen.failure, seen.detail["phase"])
    assert "wrong!" not in str(seen)


@pytest.mark.parametrize(
    ("answer", "failure", "status"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy_auth_failed", 407),
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", "proxy_auth_failed", 401),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy_refused", 502),
        (b"\x05\x00 no http at all\r\n\r\n", "proxy_protocol_error", None),
    ],
)
def test_what_an_http_proxy_answers_is_told(answer: bytes, failure: str, status: int | None) -> None:
    seen = refused(connect_server([], answer), http_hop)

    assert (failure, status) == (seen.failure, seen.detail.get("status"))


def test_a_proxy_that_never_answers_is_cut_by_the_deadline() -> None:
    seen = refused(silent, http_hop)

    assert "generic_timeout_error" == seen.failure
    assert seen.ended - seen.started < 1


def test_bytes_that_came_with_the_answer_are_not_lost() -> None:
    async def act() -> bytes:
        async with serving(connect_server([], b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x")) as port:
            stream = await http_hop(port).stream(TARGET, soon(), tape())
            data = await stream.read(3, soon()) + await stream.read(100, soon())
            stream.close()
            return data

    assert b"SSH-2.0-x" == asyncio.run(act())


def test_an_https_proxy_is_spoken_to_under_tls(vouched: Authority) -> None:
    written, asked = tape(), list[bytes]()

    async def act() -> bytes:
        async with serving(connect_server(asked), vouched.server("127.0.0.1")) as port:
            return await spoken(http_hop(port, trust=vouched.trust, tls=True, username="a", password="b"), written)

    assert b"hello" == asyncio.run(act())
    assert [("hop:1", "connect", None), ("hop:1", "tls", None), ("hop:1", "hop", None)] == stages(written)
    assert b"Proxy-Authorization: Basic YTpi" in asked[0]


def test_hops_nest_and_tls_goes_through_all_of_them(vouched: Authority) -> None:
    written, asked = tape(), list[bytes]()

    async def act() -> bytes:
        async with (
            serving(echo, vouched.server()) as target,
            serving(socks_server(asked, port=target)) as second,
            serving(connect_server(asked, port=second)) as first,
        ):
            through = socks_hop(second, http_hop(first), position=2)
            stream = await through.stream(Address("site.example", 443), soon(), written)
            return await greeted(stream, vouched.trust, written)

    assert b"hello" == asyncio.run(act())
    assert [
        ("hop:1", "connect", None),
        ("hop:1", "hop", None),
        ("hop:2", "hop", None),
        ("target", "tls", None),
    ] == stages(written)


def test_an_http_proxy_carries_no_datagrams_and_says_so() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(http_hop(1).datagrams(TARGET, soon(), written))

    assert [("hop:1", "hop", "not_supported")] == stages(written)
