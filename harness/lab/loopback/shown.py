"""What a lab on the loopback runs of a world, and what of a plan it cannot carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from harness.lab.servers.table import SERVERS
from harness.lab.world import Host, World
from harness.model import Cell, Check, Controls, Path

STAND_INS = {
    "proxy_http": "harness.lab.loopback.proxies:HttpProxy",
    "proxy_socks": "harness.lab.loopback.proxies:SocksProxy",
}
"""The proxies that the tier has of its own, where other tiers have sing-box."""

SING_BOX = "sing-box"
QUIC = "quic"

LACKS_TUNNELS = "tier loopback has no tunnels: their ends are outside programs that would dial the world's addresses"
PROXIES = frozenset({"http_connect", "socks5", "socks5h"})
LACKS_QUIC = "tier loopback has no HTTP/3: its server is an outside program"


def served(world: World) -> World:
    """The world without the servers that are sing-box's: on the loopback it would dial the world's addresses itself."""
    return dataclasses.replace(world, hosts=tuple(map(_own, world.hosts)))


def _own(host: Host) -> Host:
    own = tuple(one for one in host.services if one.kind in STAND_INS or SING_BOX not in SERVERS[one.kind].traits)
    return dataclasses.replace(host, services=own)


def lacks(cell: Cell) -> str:
    """Why nothing may be sent for a cell; "" where the tier carries it."""
    if _tunnelled(cell.path):
        return LACKS_TUNNELS
    return LACKS_QUIC if any(map(_over_quic, cell.target.checks)) else ""


def carried(controls: Controls) -> Controls:
    """The controls that the tier carries: the others are as if none had been declared."""
    return dataclasses.replace(
        controls,
        foreign=_without_quic(controls.foreign),
        domestic=_without_quic(controls.domestic),
        reflectors=_without_quic(controls.reflectors),
        yardsticks=_without_quic(controls.yardsticks),
        paths=tuple(path for path in controls.paths if not _tunnelled(path)),
    )


def _without_quic(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(check for check in checks if not _over_quic(check))


def _tunnelled(path: Path) -> bool:
    return path.base.kind != "direct" or any(hop.kind not in PROXIES for hop in path.hops)


def _over_quic(check: Check) -> bool:
    return check.probe == QUIC
