"""What a lab on the loopback runs of a world, and what of a plan it cannot carry."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable

from harness.lab.servers import singbox
from harness.lab.servers.table import SERVERS
from harness.lab.world import Host, Service, World
from harness.model import Cell, Check, Controls, Path

STAND_INS = {
    "proxy_http": "harness.lab.loopback.proxies:HttpProxy",
    "proxy_socks": "harness.lab.loopback.proxies:SocksProxy",
}
"""The proxies that the tier has of its own, where other tiers have sing-box."""

SING_BOX = "sing-box"
QUIC, HTTP3 = "quic", "http3"

LACKS_TUNNELS = "tier loopback has no tunnels: their ends are outside programs that would dial the world's addresses"
PROXIES = frozenset({"http_connect", "socks5", "socks5h"})
LACKS_QUIC = "no HTTP/3 here: its server is sing-box, which is not installed; pip install 'waygauge[engines]'"


def served(world: World) -> World:
    """The world without what sing-box would dial for from this machine; its server of HTTP/3 dials for nobody."""
    return dataclasses.replace(world, hosts=tuple(map(_own, world.hosts)))


def _own(host: Host) -> Host:
    return dataclasses.replace(host, services=tuple(filter(_is_own, host.services)))


def _is_own(service: Service) -> bool:
    if service.kind == HTTP3:
        return _serves_quic()
    return service.kind in STAND_INS or SING_BOX not in SERVERS[service.kind].traits


def _serves_quic() -> bool:
    """True where sing-box is there, and an event loop that watches both sockets and programs."""
    return os.name == "posix" and singbox.program() is not None


def lacks(cell: Cell) -> str:
    """Why nothing may be sent for a cell; "" where the tier carries it."""
    if _tunnelled(cell.path):
        return LACKS_TUNNELS
    return LACKS_QUIC if any(map(_over_quic, cell.target.checks)) and not _serves_quic() else ""


def carried(controls: Controls) -> Controls:
    """The controls that the tier carries: the others are as if none had been declared."""
    checks = tuple[Check, ...] if _serves_quic() else _without_quic
    return dataclasses.replace(
        controls,
        foreign=checks(controls.foreign),
        domestic=checks(controls.domestic),
        reflectors=checks(controls.reflectors),
        yardsticks=checks(controls.yardsticks),
        paths=tuple(path for path in controls.paths if not _tunnelled(path)),
    )


def _without_quic(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(check for check in checks if not _over_quic(check))


def _tunnelled(path: Path) -> bool:
    return path.base.kind != "direct" or any(hop.kind not in PROXIES for hop in path.hops)


def _over_quic(check: Check) -> bool:
    return check.probe == QUIC
