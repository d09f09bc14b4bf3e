"""WireGuard's server knows a client by its key alone: two tunnels of the same keys are never up at once."""

from __future__ import annotations

import asyncio

import pytest

from harness.dial.open import OpenPath
from harness.model import Spec
from harness.tunnels.engines import Engine, Lease, Standing
from harness.tunnels.settings import Settings
from harness.tunnels.tunnel import Tunnel
from tests.dial.loopback import soon, tape
from tests.truth.loopback import Serve
from tests.tunnels.ways import WIREGUARD, WIREGUARD_SERVER, hop, opened


def up(path: OpenPath) -> bool:
    """Whether the path's engine runs."""
    assert isinstance(path.dialer, Tunnel)
    return any(engine.alive for engine in path.dialer.lease.held.values())


@pytest.mark.parametrize("more", [{"host": "::1"}, {"mtu": 1400}])
def test_a_tunnel_of_the_same_keys_ends_before_the_other_begins(serve: Serve, more: dict[str, str | int]) -> None:
    async def act() -> list[tuple[bool, bool]]:
        async with serve("wireguard", **WIREGUARD_SERVER) as served:
            way = hop("wireguard", served.port, **WIREGUARD)
            seen = []
            with opened(way) as one, opened(Spec(kind=way.kind, params={**way.params, **more})) as other:
                for path in (one, other, one, other):
                    await path.up(soon(15), tape())
                    seen.append((up(one), up(other)))
            return seen

    assert [(True, False), (False, True)] * 2 == asyncio.run(act())


def settings(port: int, known_by: bytes, tunnel: bytes) -> Settings:
    return Settings(part="endpoints", described={"port": port}, known_by=known_by, tunnel=tunnel)


def test_a_tunnel_is_tried_at_other_addresses_meanwhile_and_ended_there_once_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(Engine, "stop", lambda engine: ended.append(engine.settings.described["port"]))

    async def act() -> list[list[int]]:
        lease, seen = Lease(), []
        lease.engine(settings(1, b"keys", b"tunnel"))
        lease.engine(settings(2, b"other keys", b"tunnel"))
        lease.engine(settings(3, b"", b"tunnel"))
        engine = lease.engine(settings(4, b"keys", b"tunnel"))
        seen.append([*ended])
        lease.stand(Standing(engine=engine, address="192.0.2.7"))
        seen.append([*ended])
        lease.engine(settings(5, b"keys", b"another tunnel"))
        return [*seen, [*ended]]

    assert [[], [1], [1, 1, 4]] == asyncio.run(act())
