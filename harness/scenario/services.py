"""A service of the catalogue: its capabilities as targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.document.node import Loc
from harness.document.reading import Reading
from harness.kinds import Table
from harness.model import PATH_TARGET, Check, Level, Target
from harness.scenario.checks import read_checks
from harness.scenario.models import CapabilityEntry, OwnTarget, ServiceFile

RESERVED = PATH_TARGET.partition(".")[0]
"""`path.up` is the target of the paths themselves, so no service bears that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service file that has been read."""

    name: str
    date: str
    capabilities: Mapping[str, Target | None]  # None where the capability could not be read


def read_service(reading: Reading, name: str, probes: Table) -> Service | None:
    """The service in a file that is named after it; complaints stay with the reading."""
    entry = reading.fit(
        ServiceFile, stand_ins={"service": name, "capabilities": {"unread": None}, "date": "", "sources": []}
    )
    if entry and entry.service != name:
        reading.wrong(("service",), "the file is named otherwise than its service", f"write service: {name}")
    found = {key: _capability(reading, name, key, probes) for key in reading.keys_at(("capabilities",))}
    return Service(name=name, date=entry.date, capabilities=found) if entry else None


def _capability(reading: Reading, service: str, name: str, probes: Table) -> Target | None:
    loc: Loc = ("capabilities", name)
    entry = reading.fit(CapabilityEntry, loc, {"checks": [None]})
    inside = (*loc, "checks")
    checks = read_checks(reading, ((*inside, place) for place in range(reading.size(inside))), probes)
    if not entry or not checks:
        return None
    needs = settle(reading, loc, entry, checks)
    return Target(
        name=f"{service}.{name}",
        checks=checks,
        quorum=entry.quorum,
        needs=needs,
        service=service,
        capability=name,
        floor=entry.floor.floor(),
    )


def settle(reading: Reading, loc: Loc, entry: CapabilityEntry | OwnTarget, checks: tuple[Check, ...]) -> Level:
    """The level that a target needs, after complaining where its checks could never give it."""
    needs = min(check.level for check in checks) if entry.needs is None else entry.needs
    able = sum(check.level >= needs for check in checks)
    if entry.quorum > len(checks):
        wrong = f"a quorum of {entry.quorum} of {len(checks)} checks"
        reading.wrong((*loc, "quorum"), wrong, f"write {len(checks)} or less")
    elif able < entry.quorum:
        wrong = f"{entry.quorum} of the checks must show {needs.name}, and {able or 'none'} of them can"
        reading.wrong((*loc, "needs"), wrong, "write a lower level, or add a check that shows it")
    return needs
