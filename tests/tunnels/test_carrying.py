"""Shadowsocks and Trojan carry streams and datagrams, by a real sing-box on both sides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.dial.api import Address, WalkEnded
from harness.dial.open import OpenPath
from harness.model import Spec, Stage, Trust
from harness.tunnels import engines, program
from harness.tunnels.tunnel import Tunnel
from tests.dial.loopback import only, soon, stages, tape
from tests.truth.loopback import Serve, free_port
from tests.tunnels.ways import (
    KINDS,
    SHADOWSOCKS,
    TROJAN,
    WIREGUARD,
    WIREGUARD_SERVER,
    echoed,
    hop,
    opened,
    returned,
    target,
)


@pytest.mark.parametrize(("kind", "params"), KINDS)
def test_a_tunnel_carries_streams_and_datagrams(serve: Serve, kind: str, params: dict[str, Any]) -> None:
    async def act() -> tuple[bytes, bytes, bytes]:
        async with target() as to, serve(kind, **params) as served:
            with opened(hop(kind, served.port, **params), trust=Trust(ca_file=served.trust["ca_file"])) as path:
                return await echoed(path, to), await returned(path, to), await returned(path, to, bytes(1200))

    assert (b"ping", b"ping", bytes(1200)) == asyncio.run(act())


def test_bringing_up_and_asking_are_stages_of_their_own(serve: Serve) -> None:
    written = tape()

    async def act() -> None:
        async with target() as to, serve("shadowsocks", **SHADOWSOCKS) as served:
            with opened(hop("shadowsocks", served.port, **SHADOWSOCKS)) as path:
                await echoed(path, to, written)

    asyncio.run(act())

    assert [("hop:1", "path", None), ("hop:1", "hop", None)] == stages(written)


def test_the_engine_is_named_by_version_and_digest(serve: Serve) -> None:
    written = tape()

    async def act() -> None:
        async with target() as to, serve("shadowsocks", **SHADOWSOCKS) as served:
            with opened(hop("shadowsocks", served.port, **SHADOWSOCKS)) as path:
                await echoed(path, to, written)

    asyncio.run(act())
    said = only(written, Stage.PATH, "hop:1").detail

    assert ("sing-box", 64, True) == (said["engine"], len(said["sha256"]), said["version"][0].isdigit())


def test_walks_and_paths_of_one_tunnel_share_its_engine(serve: Serve) -> None:
    async def act() -> tuple[int, bool, bool]:
        async with target() as to, serve("shadowsocks", **SHADOWSOCKS) as served:
            way = hop("shadowsocks", served.port, **SHADOWSOCKS)
            with opened(way) as one:
                with opened(way) as other:
                    await asyncio.gather(echoed(one, to), echoed(one, to), echoed(other, to))
                    found = {engine(one), engine(other)}
                left = engine(one).alive
            return len(found), left, found.pop().alive

    assert (1, True, False) == asyncio.run(act())


def engine(path: OpenPath) -> engines.Engine:
    """The engine by which a path goes."""
    tunnel = path.dialer
    assert isinstance(tunnel, Tunnel)
    assert tunnel.lease.standing
    return tunnel.lease.standing.engine


def test_an_engine_that_was_killed_is_started_again(serve: Serve) -> None:
    async def act() -> tuple[bytes, bool]:
        async with target() as to, serve("shadowsocks", **SHADOWSOCKS) as served:
            with opened(hop("shadowsocks", served.port, **SHADOWSOCKS)) as path:
                await echoed(path, to)
                running = engine(path)
                running.stop()
                gone = running.alive
                return await echoed(path, to), gone

    assert (b"ping", False) == asyncio.run(act())


def failing(way: Spec) -> list[tuple[str, str, str | None]]:
    """The stages of a walk through a tunnel that does not come through."""
    written = tape()

    async def act() -> None:
        with opened(way) as path, pytest.raises(WalkEnded):
            await path.dialer.stream(Address("192.0.2.7", 9), soon(10), written)

    asyncio.run(act())
    return stages(written)


def test_a_server_that_refuses_is_asked_itself() -> None:
    assert ("hop:1", "connect", "connection_refused") == failing(hop("shadowsocks", free_port(), **SHADOWSOCKS))[-1]


def test_a_machine_without_the_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "find", lambda: None)

    assert [("hop:1", "path", "engine_missing")] == failing(hop("shadowsocks", 1, **SHADOWSOCKS))
    assert "waygauge[engines]" in program.REMEDY


def test_an_engine_that_cannot_read_its_tunnel_ends_with_its_last_words() -> None:
    wrong = {**SHADOWSOCKS, "method": "rot13"}

    assert [("hop:1", "path", "engine_failed")] == failing(hop("shadowsocks", 1, **wrong))


def test_another_name_in_the_certificate_is_a_failure_of_the_tunnels_own_tls(serve: Serve) -> None:
    assert ("hop:1", "tls", "ssl_invalid_hostname") == asyncio.run(trojan(serve, server_name="other.example"))[-1]


def test_an_authority_that_nobody_trusts_is_told_as_such(serve: Serve) -> None:
    assert ("hop:1", "tls", "ssl_unknown_authority") == asyncio.run(trojan(serve, trusted=False))[-1]


async def trojan(serve: Serve, *, trusted: bool = True, **params: Any) -> list[tuple[str, str, str | None]]:
    """The stages of a walk through a Trojan server that shows its own certificate."""
    written = tape()
    async with target() as to, serve("trojan", **TROJAN) as served:
        trust = Trust(ca_file=served.trust["ca_file"] if trusted else None)
        with opened(hop("trojan", served.port, **TROJAN, **params), trust=trust) as path, pytest.raises(WalkEnded):
            await echoed(path, to, written)
    return stages(written)


@pytest.mark.parametrize(("kind", "params"), [KINDS[0], KINDS[2]])
def test_unknown_credentials_end_the_stream_with_nothing(serve: Serve, kind: str, params: dict[str, Any]) -> None:
    other = {**params, "password": "AAAAAAAAAAAAAAAAAAAAAA=="}

    async def act() -> bytes:
        async with target() as to, serve(kind, **params) as served:
            trust = Trust(ca_file=served.trust["ca_file"])
            with opened(hop(kind, served.port, **other), trust=trust) as path:
                try:
                    return await echoed(path, to)
                except ConnectionResetError:
                    return b""

    assert b"" == asyncio.run(act())


def test_a_tunnel_behind_another_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="write it first"), opened(hop("socks5", 1), hop("trojan", 1, **TROJAN)):
        pass


def test_wireguards_first_handshake_waits_for_a_server_that_is_still_starting(serve: Serve) -> None:
    written = tape()

    async def act() -> None:
        async with serve("wireguard", **WIREGUARD_SERVER) as served:
            with opened(hop("wireguard", served.port, **WIREGUARD)) as path:
                await path.up(soon(15), written)

    asyncio.run(act())
    stage = only(written, Stage.PATH, "hop:1")

    assert stage.ended - stage.started < 5  # at which the second one leaves


def test_a_handshake_is_remembered_when_the_log_has_long_gone_on(serve: Serve) -> None:
    written = tape()

    async def act() -> None:
        async with serve("wireguard", **WIREGUARD_SERVER) as served:
            way = hop("wireguard", served.port, **WIREGUARD)
            with opened(way) as path, opened(way) as later:
                await path.up(soon(15), tape())
                running = engine(path)._process
                assert running is not None
                running.lines.extend(["a line"] * 1000)
                await later.up(soon(15), written)

    asyncio.run(act())
    stage = only(written, Stage.PATH, "hop:1")

    assert stage.ended - stage.started < 0.9  # no time for a second look at the server
