"""Addresses to which a world leads its client, and at which nobody is who is looked for there: told at load."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from harness.document.node import Loc
from harness.document.reading import Reading
from harness.kinds import load
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import Host, World

RESOLVERS = frozenset({"dns", "unbound", "program"})
"""Servers that answer questions in the clear; of a program nobody knows it."""
_DNS = 53


class Sought(NamedTuple):
    """An address as it is written, and the servers of which one must be there, on that port where there is one."""

    loc: Loc
    address: str
    kinds: Collection[str]
    port: int | None = None


def complain(reading: Reading, loc: Loc, world: World) -> None:
    """Complain of every address in the part of a file at `loc` which is nobody's in the world that it makes."""
    for sought in (*_resolvers(reading, loc), *_led(reading, loc)):
        host = next((host for host in world.hosts if _has(host, sought.address)), None)
        if host is None:
            reading.wrong(sought.loc, "no host of this world has this address", _remedy(sought, world.hosts))
        elif not any(service.kind in sought.kinds and sought.port in {None, service.port} for service in host.services):
            where = f" on port {sought.port}" if sought.port else ""
            wrong = f'"{host.name}", which has this address, has no server {_either(sought.kinds)}{where}'
            reading.wrong(sought.loc, wrong, _remedy(sought, world.hosts))


def _resolvers(reading: Reading, loc: Loc) -> Iterator[Sought]:
    for here, address in _listed(reading, (*loc, "resolvers")):
        yield Sought(here, address, RESOLVERS, _DNS)


def _led(reading: Reading, loc: Loc) -> Iterator[Sought]:
    """Where the rules that are written here lead flows: those of the world below have been looked at there."""
    for place in range(reading.size((*loc, "censor"))):
        here = (*loc, "censor", place)
        for behaviour in filter(BEHAVIOURS.__contains__, reading.keys_at(here)):
            leads: Mapping[str, frozenset[str]] = getattr(load(BEHAVIOURS[behaviour].params), "LEADS_TO", {})
            for key, kinds in leads.items():
                for there, address in _listed(reading, (*here, behaviour, key)):
                    yield Sought(there, address, kinds)


def _listed(reading: Reading, loc: Loc) -> Iterator[tuple[Loc, str]]:
    for place in range(reading.size(loc)):
        address: Any = reading.value((*loc, place))
        yield (*loc, place), str(address)


def _has(host: Host, address: str) -> bool:
    return ipaddress.ip_address(address) in map(ipaddress.ip_address, host.addresses)


def _remedy(sought: Sought, hosts: Iterable[Host]) -> str:
    """The address of a host that would do; where there is none, what to give to one."""
    version = ipaddress.ip_address(sought.address).version
    for host in hosts:
        if any(service.kind in sought.kinds and sought.port in {None, service.port} for service in host.services):
            for address in (host.v4, host.v6)[version == 6][:1]:
                return f'write the address of a host that has one, such as {address} of "{host.name}"'
    return f"give it to a host with services: [{sorted(sought.kinds)[0]}]"


def _either(kinds: Collection[str]) -> str:
    return " or ".join(sorted(kinds))
