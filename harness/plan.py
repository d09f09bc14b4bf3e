"""A scenario becomes cells: every path's own cell first, then each target over each path. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.judge.carriage import CARRIAGE
from harness.judge.controls.over import DIRECT
from harness.judge.endpoints import asked_host
from harness.model import PATH_TARGET, Cell, Check, Controls, Level, Path, Retry, ScenarioPlan, Target, item_name


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
    """What a world answers for: services, capabilities (`whatsapp.media`) and targets by name, and its own hosts."""

    world: str
    names: frozenset[str]
    hosts: frozenset[str] = frozenset()  # names and addresses; whoever asks one of them asks something that is there

    def covers(self, target: Target) -> bool:
        """True where the world answers for the target; one that asks nobody, as without an echo, will say so itself."""
        asked = {host for check in target.checks if (host := asked_host(check))}
        return (
            not asked
            or not self.names.isdisjoint({target.name, target.service} - {""})
            or not self.hosts.isdisjoint(asked)
        )


def plan(scenario: Scenario, serves: Serves | None = None) -> ScenarioPlan:
    """All cells of a scenario; `serves` is what a world answers for, None where everything is to be asked."""
    path_target = _path_target(scenario.controls)
    cells = (*_cells(scenario, [path_target], None), *_cells(scenario, scenario.targets, serves))
    # who keeps away from a target but by a proxy or a tunnel is not led there by a control
    controls = replace(scenario.controls, direct=any(path.name == DIRECT.name for path in scenario.paths))
    return ScenarioPlan(scenario=scenario.name, cells=cells, controls=controls, retry=scenario.retry)


def _path_target(controls: Controls) -> Target:
    """The target of `path.up`: one neutral answer from abroad, or one reflector, shows that a path carries.

    An authenticated one where any of them can give it. Where a STUN server is among the yardsticks, the path is asked
    besides whether it carries datagrams; nothing is held against it for that.
    """
    checks = {check.name: check for check in (*controls.foreign, *controls.reflectors)}
    needs = min(Level.E2, max((check.level for check in checks.values()), default=Level.E2))
    return Target(name=PATH_TARGET, checks=(*checks.values(), *_carriage(controls, checks)), quorum=1, needs=needs)


def _carriage(controls: Controls, checks: Mapping[str, Check]) -> Iterator[Check]:
    server = next((one for one in controls.yardsticks if one.probe == "stun"), None)
    if server and checks:
        yield replace(server, name=CARRIAGE, probe=CARRIAGE, level=Level.E1)


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
