"""A scenario file is understood: every name in it resolved by a library, everything wrong with it noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from harness.document.complaint import nearest, shown
from harness.document.node import Loc
from harness.document.reading import Reading
from harness.document.scalars import kind as kind_of
from harness.model import Check, Controls, Path, Retry, Target, item_name
from harness.paths.spell import DIRECT, read_path
from harness.paths.table import Tables
from harness.plan import Scenario
from harness.scenario.checks import read_check, read_checks
from harness.scenario.expect import Rows, matches
from harness.scenario.fields import NAME_REMEDY, NO_NAME, is_name
from harness.scenario.models import MarkEntry, OwnTarget, RetryEntry, ScenarioFile, ServiceTarget
from harness.scenario.services import RESERVED, Service, settle


class Library(Protocol):
    """Where names are looked up. What cannot be read is None; the library keeps the complaints about it."""

    def names(self, what: str) -> Iterable[str]:
        """All names of `path`, `control` or `service`."""

    def path(self, name: str) -> Path | None:
        """The path of a name that exists."""

    def control(self, name: str) -> Check | None:
        """The control of a name that exists."""

    def service(self, name: str) -> Service | None:
        """The service of a name that exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A scenario, and where in its file things stand (0-based lines)."""

    scenario: Scenario
    target_lines: dict[str, int]
    path_lines: dict[str, int]
    marks: dict[str, tuple[MarkEntry, ...]]  # by target
    expect: Rows
    services: tuple[Service, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a list of the file has given so far, and in which line each stands."""

    lines: dict[str, int] = field(default_factory=dict)
    marks: dict[str, tuple[MarkEntry, ...]] = field(default_factory=dict)


def understand(reading: Reading, library: Library, tables: Tables) -> Understood:
    """The scenario of a file; the reading's complaints say whether it may be used."""
    entry = reading.fit(ScenarioFile, stand_ins={"scenario": "unnamed", "targets": [None]}) or _EMPTY
    paths = _Paths(reading, library, tables)
    targets = _Targets(reading, library, tables, entry.marks)
    found_paths = tuple(paths.read()) if entry.paths else ()
    scenario = Scenario(
        name=entry.scenario,
        targets=tuple(targets.read()),
        paths=found_paths,
        controls=_Controls(reading, library, tables).read(),
        retry=_retry(entry.retry),
    )
    _expectations_apply(reading, scenario, entry.expect)
    return Understood(
        scenario=scenario,
        target_lines=targets.found.lines,
        path_lines=paths.found.lines,
        marks=targets.found.marks | {"": tuple(entry.marks)},
        expect=entry.expect,
        services=tuple(targets.services.values()),
    )


_EMPTY = ScenarioFile(scenario="unnamed", targets=[None])


def _retry(entry: RetryEntry) -> Retry:
    low, high = entry.backoff
    return Retry(attempts=entry.attempts, wait_min=low, wait_max=high, deadline=entry.deadline)


def _expectations_apply(reading: Reading, scenario: Scenario, rows: Rows) -> None:
    """Complain about expectations of cells that are not there; a slip in a name would else be silent."""
    if reading.complaints:
        return
    targets = ("path.up", *(target.name for target in scenario.targets))
    cells = [item_name(target, path.name) for target in targets for path in scenario.paths]
    for row in rows:
        if not any(name == row or matches(name, row) for name in cells):
            reading.wrong(("expect", row), "an expectation of no cell", nearest(row, cells), key=True)


def _line(reading: Reading, loc: Loc) -> int:
    return reading.document.at(loc).line - 1


def _unknown(reading: Reading, loc: Loc, what: str, name: str, known: Iterable[str]) -> None:
    said = shown(name, "of that name")
    names = list(known)
    remedy = nearest(name, names) if names else f"declare it in {what}s.yaml"
    reading.wrong(loc, f"no {what} {said}", remedy)


class _Paths:
    """The paths of a scenario: names, and entries written out."""

    def __init__(self, reading: Reading, library: Library, tables: Tables) -> None:
        self.reading, self.library, self.tables = reading, library, tables
        self.found = _Found()

    def read(self) -> Iterator[Path]:
        """Every path that can be read, in the file's order."""
        if "paths" not in self.reading.keys_at():
            self.found.lines[DIRECT] = 0
            yield Path(name=DIRECT)
        for place in range(self.reading.size(("paths",))):
            loc: Loc = ("paths", place)
            path = self._entry(loc)
            if path:
                yield path

    def _entry(self, loc: Loc) -> Path | None:
        value = self.reading.value(loc)
        if isinstance(value, str):
            return self._named(loc, value)
        if isinstance(value, dict) and len(value) == 1:
            return self._written_out(loc, next(iter(value)))
        self.reading.wrong(loc, f"a path is expected, not {kind_of(value)}", "write its name, or {NAME: URL}")
        return None

    def _named(self, loc: Loc, name: str) -> Path | None:
        if "://" in name:
            self.reading.wrong(loc, "a path without a name", "write {NAME: URL}")
        elif not is_name(name):
            self.reading.wrong(loc, NO_NAME, NAME_REMEDY)
        elif name != DIRECT and name not in (known := set(self.library.names("path"))):
            _unknown(self.reading, loc, "path", name, known | {DIRECT})
        elif self._new(loc, name):
            return Path(name=DIRECT) if name == DIRECT else self.library.path(name)
        return None

    def _written_out(self, loc: Loc, name: str) -> Path | None:
        inside = (*loc, name)
        if name == DIRECT:
            self.reading.wrong(
                inside, "direct is the empty path and cannot be declared", "choose another name", key=True
            )
        elif not is_name(name):
            self.reading.wrong(inside, NO_NAME, NAME_REMEDY, key=True)
        elif self._new(inside, name):
            return read_path(self.reading, inside, name, self.tables)
        return None

    def _new(self, loc: Loc, name: str) -> bool:
        if name in self.found.lines:
            first = self.found.lines[name] + 1
            self.reading.wrong(loc, f'path "{name}" stands twice, first on line {first}', "keep one", key=True)
            return False
        self.found.lines[name] = self.reading.document.key_at(loc).line - 1
        return True


class _Targets:
    """The targets of a scenario: capabilities of services, and endpoints of one's own."""

    def __init__(self, reading: Reading, library: Library, tables: Tables, marks: list[MarkEntry]) -> None:
        self.reading, self.library, self.tables = reading, library, tables
        self.common = tuple(marks)
        self.found = _Found()
        self.services: dict[str, Service] = {}

    def read(self) -> Iterator[Target]:
        """Every target that can be read, in the file's order."""
        for place in range(self.reading.size(("targets",))):
            loc: Loc = ("targets", place)
            value = self.reading.value(loc)
            if not isinstance(value, dict):
                self.reading.wrong(
                    loc,
                    f"a target is expected, not {kind_of(value)}",
                    "write {service: NAME} or {name: NAME, check: ...}",
                )
            elif "service" in value:
                yield from self._of_service(loc)
            else:
                yield from self._own(loc)

    def _own(self, loc: Loc) -> Iterator[Target]:
        entry = self.reading.fit(OwnTarget, loc, {"name": "", "check": {}})
        inside = (*loc, "checks")
        several = ((*inside, place) for place in range(self.reading.size(inside)))
        locs = [(*loc, "check")] if "check" in self.reading.keys_at(loc) else several
        checks = read_checks(self.reading, locs, self.tables.probes)
        if entry and checks and self._new((*loc, "name"), entry.name, entry.marks):
            needs = settle(self.reading, loc, entry, checks)
            yield Target(name=entry.name, checks=checks, quorum=entry.quorum, needs=needs, floor=entry.floor.floor())

    def _of_service(self, loc: Loc) -> Iterator[Target]:
        entry = self.reading.fit(ServiceTarget, loc)
        service = self._service((*loc, "service"), str(entry.service)) if entry else None
        if not entry or not service:
            return
        names = entry.capabilities or list(service.capabilities)
        for place, name in enumerate(names):
            at = (*loc, "capabilities", place)
            if name not in service.capabilities:
                wrong = f"{service.name} has no capability {shown(name, 'of that name')}"
                self.reading.wrong(at, wrong, nearest(name, service.capabilities))
                continue
            target = service.capabilities[name]
            if target and self._new(at, target.name, entry.marks):
                yield target

    def _service(self, loc: Loc, name: str) -> Service | None:
        known = set(self.library.names("service"))
        if name == RESERVED or name not in known:
            _unknown(self.reading, loc, "service", name, known)
            return None
        if name not in self.services and (found := self.library.service(name)):
            self.services[name] = found
        return self.services.get(name)

    def _new(self, loc: Loc, name: str, marks: list[MarkEntry]) -> bool:
        if name in self.found.lines:
            first = self.found.lines[name] + 1
            self.reading.wrong(loc, f'target "{name}" stands twice, first on line {first}', "keep one")
            return False
        self.found.lines[name] = _line(self.reading, loc)
        self.found.marks[name] = (*self.common, *marks)
        return True


class _Controls:
    """The controls of a scenario: names of `controls.yaml`, or checks written out with a name."""

    def __init__(self, reading: Reading, library: Library, tables: Tables) -> None:
        self.reading, self.library, self.tables = reading, library, tables

    def read(self) -> Controls:
        """All that can be read of them."""
        return Controls(
            foreign=tuple(self._checks("foreign")),
            domestic=tuple(self._checks("domestic")),
            reflectors=tuple(self._checks("reflectors")),
            paths=tuple(self._paths()),
            yardsticks=tuple(self._checks("yardsticks")),
        )

    def _checks(self, role: str) -> Iterator[Check]:
        seen: set[str] = set()
        for place in range(self.reading.size(("controls", role))):
            loc: Loc = ("controls", role, place)
            check = self._check(loc)
            if check and check.name in seen:
                self.reading.wrong(loc, f'control "{check.name}" stands twice', "keep one")
            elif check:
                seen.add(check.name)
                yield check

    def _check(self, loc: Loc) -> Check | None:
        value = self.reading.value(loc)
        if isinstance(value, dict):
            if "name" not in value:
                self.reading.wrong(loc, "a control written out has no name", "write name: NAME beside its probe")
            return read_check(self.reading, loc, self.tables.probes)
        known = set(self.library.names("control"))
        if not isinstance(value, str):
            self.reading.wrong(
                loc, f"a control is expected, not {kind_of(value)}", "write its name, or {name: NAME, http: URL}"
            )
        elif not is_name(value):
            self.reading.wrong(loc, NO_NAME, NAME_REMEDY)
        elif value not in known:
            _unknown(self.reading, loc, "control", value, known)
        else:
            return self.library.control(value)
        return None

    def _paths(self) -> Iterator[Path]:
        known = set(self.library.names("path"))
        for place in range(self.reading.size(("controls", "paths"))):
            loc: Loc = ("controls", "paths", place)
            name = self.reading.value(loc)
            if not isinstance(name, str):
                continue  # said by the model
            if name == DIRECT:
                yield Path(name=DIRECT)
            elif name not in known:
                _unknown(self.reading, loc, "path", name, known)
            elif path := self.library.path(name):
                yield path
