"""A scenario file becomes a plan: read, looked up, laid over by a world, and refused with every complaint at once."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.catalogue.api import Kinds, Loaded, Mark, WorldOverlay
from harness.catalogue.files import Folders, read_file, shipped
from harness.catalogue.library import Library
from harness.document import BadFile
from harness.document.complaint import in_order
from harness.document.node import plain
from harness.document.reading import Reading
from harness.document.words import texts
from harness.errors import ScenarioError
from harness.kinds import Kind, Table, load
from harness.model import PATH_TARGET, Cell, Trust, cell_name
from harness.paths.keeping import host_of
from harness.paths.table import BASES, HELLOS, HOPS, RESOLVERS, Tables
from harness.plan import Serves, plan
from harness.scenario.expect import Expectations, Rows
from harness.scenario.models import ExpectFile, TrustFile
from harness.scenario.read import Understood, understand


def tables(kinds: Kinds | None = None) -> Tables:
    """The tables of kinds that files are read against: the shipped rows, then those of third parties by table."""
    shipped_ones = {"probes": load("harness.probes.table:PROBES"), "hops": HOPS, "resolvers": RESOLVERS}
    shipped_ones |= {"bases": BASES, "hellos": HELLOS}
    for name in kinds or {}:
        if name not in shipped_ones:
            raise ScenarioError(f"there is no table {name} of kinds; write one of {', '.join(shipped_ones)}")
    return Tables(**{name: _joined(table, (kinds or {}).get(name, ())) for name, table in shipped_ones.items()})


def _joined(table: Table, rows: Iterable[Kind]) -> Table:
    joined = Table(table.title, table)
    for row in rows:
        try:
            joined.add(row)
        except ValueError as exc:
            raise ScenarioError(f"{exc}; give the kind of your own another name") from None
    return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What surrounds a scenario file."""

    root: pathlib.Path
    env: Mapping[str, str]
    world: WorldOverlay | None = None
    expect: pathlib.Path | None = None
    tables: Tables = field(default_factory=tables)


def read_within(file: pathlib.Path, around: Around) -> Loaded:
    """The scenario in a file, given its surroundings; raises BadFile with every complaint."""
    reading = read_file(file, around.root, around.env)
    library = Library(Folders(file, around.root), around.root, around.env, around.tables, around.world)
    understood = understand(reading, library, around.tables)
    laid_over = _laid_over(around)
    readings = (reading, *library.readings, *([laid_over[0]] if laid_over else []))
    complaints = in_order((*reading.complaints, *library.complaints, *(laid_over[0].complaints if laid_over else ())))
    if complaints:
        raise BadFile(complaints)
    layers = (*([laid_over[1]] if laid_over else []), understood.expect)
    return _Loading(reading, understood, around, library, readings).loaded(layers)


def _laid_over(around: Around) -> tuple[Reading, Rows] | None:
    if not around.expect:
        return None
    reading = read_file(around.expect, around.root, around.env)
    entry = reading.fit(ExpectFile, stand_ins={"expect": {}})
    return reading, entry.expect if entry else {}


@dataclass(frozen=True, slots=True)
class _Loading:
    """Everything that has been read without a complaint, on its way to become a plan."""

    reading: Reading
    said: Understood
    around: Around
    library: Library
    readings: tuple[Reading, ...]

    def loaded(self, layers: tuple[Rows, ...]) -> Loaded:
        """The plan with all that belongs to it; `layers` are the expectations, the first ones asked first."""
        made = plan(self.said.scenario, self._serves())
        return Loaded(
            file=self.reading.document.name,
            plan=made,
            positions={cell_name(cell): _line(cell, self.said) for cell in made.cells},
            secrets=frozenset[str]().union(*(reading.secrets for reading in self.readings)),
            private=frozenset[str]().union(*(reading.private for reading in self.readings)) - public_resolvers(),
            used=tuple(self.library.used),
            marks={cell_name(cell): _marks(cell, self.said) for cell in made.cells},
            expectations=Expectations(layers),
            date=max((service.date for service in self.said.services), default=""),
        )

    def _serves(self) -> Serves | None:
        world = self.around.world
        if not world or not world.serves:
            return None
        return Serves(world=world.name, names=frozenset(world.serves), hosts=frozenset(world.hosts))


def _line(cell: Cell, said: Understood) -> int:
    if cell.target.name == PATH_TARGET:
        return said.path_lines[cell.path.name]
    return said.target_lines[cell.target.name]


def _marks(cell: Cell, said: Understood) -> tuple[Mark, ...]:
    entries = said.marks.get(cell.target.name, said.marks[""])
    return tuple(Mark(name=entry.name, reason=entry.reason) for entry in entries)


def shipped_date() -> str:
    """The youngest date of the shipped services: how old the catalogue is."""
    folder = shipped()
    readings = (read_file(file, folder, {}) for file in sorted((folder / "services").glob("*.yaml")))
    return max((str(reading.value(("date",)) or "") for reading in readings), default="")


def public_resolvers() -> frozenset[str]:
    """Names and addresses of the shipped catalogue's resolvers: they are nobody's secret."""
    folder = shipped()
    reading = read_file(folder / "paths.yaml", folder, {})
    return frozenset(_resolver_hosts(reading))


def _resolver_hosts(reading: Reading) -> Iterator[str]:
    for name in reading.keys_at():
        node = reading.document.node((name,))
        entry = plain(node) if node else None
        if isinstance(entry, dict):
            yield from (host_of(text) for key in ("dns", "bootstrap") for text in texts(entry.get(key)))


def read_trust(folder: pathlib.Path | None = None) -> Trust:
    """The anchors of the shipped catalogue, for vantages outside the lab."""
    folder = folder or shipped()
    reading = read_file(folder / "trust.yaml", folder, {})
    entry = reading.fit(TrustFile)
    if not entry or reading.complaints:
        raise BadFile(reading.complaints)
    return Trust(anchors={name: anchor.keys for name, anchor in entry.anchors.items()})
