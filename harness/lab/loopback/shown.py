"""What a lab on the loopback runs of a world, and what of a plan it cannot carry."""

from __future__ import annotations

import dataclasses

from harness.lab.servers.table import SERVERS
from harness.lab.world import Host, World
from harness.model import Cell, Check, Controls, Path

SING_BOX = "sing-box"
QUIC = "quic"

LACKS_HOPS = "tier loopback has no proxies and no tunnels: their servers would call on addresses of the world"
LACKS_QUIC = "tier loopback has no HTTP/3: its server is an outside program"


def served(world: World) -> World:
    """The world without the servers that are sing-box's: on the loopback it would dial the world's addresses itself."""
    return dataclasses.replace(world, hosts=tuple(map(_own, world.hosts)))


def _own(host: Host) -> Host:
    own = tuple(service for service in host.services if SING_BOX not in SERVERS[service.kind].traits)
    return dataclasses.replace(host, services=own)


def lacks(cell: Cell) -> str:
    """Why nothing may be sent for a cell; "" where the tier carries it."""
    if _through_others(cell.path):
        return LACKS_HOPS
    return LACKS_QUIC if any(map(_over_quic, cell.target.checks)) else ""


def carried(controls: Controls) -> Controls:
    """The controls that the tier carries: the others are as if none had been declared."""
    kept = {
        name: tuple(check for check in getattr(controls, name) if not _over_quic(check))
        for name in ("foreign", "domestic", "reflectors", "yardsticks")
    }
    paths = tuple(path for path in controls.paths if not _through_others(path))
    return dataclasses.replace(controls, paths=paths, **kept)


def _through_others(path: Path) -> bool:
    return bool(path.hops) or path.base.kind != "direct"


def _over_quic(check: Check) -> bool:
    return check.probe == QUIC
