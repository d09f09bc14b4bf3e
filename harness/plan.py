"""A scenario becomes cells: every path's own cell first, then each target over each path. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.model import PATH_TARGET, Cell, Controls, Level, Path, Retry, ScenarioPlan, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario with every name in it resolved: what a file, its catalogue and a world say together."""

    name: str
    targets: tuple[Target, ...]
    paths: tuple[Path, ...]
    controls: Controls = field(default_factory=Controls)
    retry: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serves:
    """What a world answers for: names of services, of capabilities (`whatsapp.media`) and of own targets."""

    world: str
    names: frozenset[str]

    def covers(self, target: Target) -> bool:
        """True where the world answers for the target."""
        return not self.names.isdisjoint({target.name, target.service} - {""})


def item_name(target: str, path: str) -> str:
    """The name under which a cell is run and reported: `whatsapp.messaging[doh-quad9]`."""
    return f"{target}[{path}]"


def cell_name(cell: Cell) -> str:
    """The cell's own item name."""
    return item_name(cell.target.name, cell.path.name)


def plan(scenario: Scenario, serves: Serves | None = None) -> ScenarioPlan:
    """All cells of a scenario; `serves` is what a world answers for, None where everything is to be asked."""
    path_target = _path_target(scenario.controls)
    cells = (*_cells(scenario, [path_target], None), *_cells(scenario, scenario.targets, serves))
    return ScenarioPlan(scenario=scenario.name, cells=cells, controls=scenario.controls, retry=scenario.retry)


def _path_target(controls: Controls) -> Target:
    """The target of `path.up`: one neutral answer from abroad, or one reflector, shows that a path carries.

    An authenticated one where any of them can give it.
    """
    checks = {check.name: check for check in (*controls.foreign, *controls.reflectors)}
    needs = min(Level.E2, max((check.level for check in checks.values()), default=Level.E2))
    return Target(name=PATH_TARGET, checks=tuple(checks.values()), quorum=1, needs=needs)


def _cells(scenario: Scenario, targets: Iterable[Target], serves: Serves | None) -> Iterator[Cell]:
    for target in targets:
        reason = _not_applicable(target, serves)
        for path in scenario.paths:
            key = f"{scenario.name}:{item_name(target.name, path.name)}"
            yield Cell(key=key, scenario=scenario.name, target=target, path=path, not_applicable=reason)


def _not_applicable(target: Target, serves: Serves | None) -> str | None:
    if not target.checks:
        return "no foreign control and no reflector is declared; write controls: {foreign: [NAME]}"
    if serves and not serves.covers(target):
        return f"the world {serves.world} does not serve {target.name}"
    return None
