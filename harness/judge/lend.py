"""A free vantage's cells as controls of a censored one's: what works there shows that the target itself is up. Pure.

What is lent says something of the target and nothing of the network here: its paths are named `direct@free-home`, which
no path of a scenario can be, and no condition about this network counts it (`harness.judge.seen`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.model import PATH_TARGET, Attempt, Cell, CellFacts, Control, Role, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """What a free vantage saw, by the cell's key."""

    vantage: str
    cells: Mapping[str, CellFacts]


def lend(cell: Cell, facts: CellFacts, free: Free) -> CellFacts:
    """The facts with what the free vantage saw of the same cell beside them; a cell that it has not is left as it is.

    The same check there is a control over a path known good; what answered the path's own cell there, and the neutral
    hosts abroad, show that this path was up.
    """
    there = free.cells.get(cell.key)
    if there is None or not any(walk.failure for attempt in facts.attempts for walk in attempt.walks):
        return facts
    path = f"{cell.path.name}@{free.vantage.replace('#', '')}"
    lent = (*_known_good(there, facts, path), *_foreign(cell, there, free, path))
    return replace(facts, controls=(*facts.controls, *lent))


def _known_good(there: CellFacts, here: CellFacts, path: str) -> Iterator[Control]:
    addresses = {walk.address for attempt in here.attempts for walk in attempt.walks} - {None}
    for attempt, check, walks in _by_check(there):
        yield _control(Role.KNOWN_GOOD, check, path, attempt.at, walks)
        for address in sorted(str(walk.address) for walk in walks if walk.address in addresses):
            one = tuple(walk for walk in walks if walk.address == address)
            # As the engine's own controls to a chosen address: what the same address does elsewhere.
            yield replace(
                _control(Role.KNOWN_GOOD, check, path, attempt.at, one), id=f"known_good:{check}@{path}#{address}"
            )


def _foreign(cell: Cell, there: CellFacts, free: Free, path: str) -> Iterator[Control]:
    for control in there.controls:
        if control.role is Role.FOREIGN and control.path == cell.path.name:
            yield replace(control, id=f"{control.id}@{path}", path=path)
    own = free.cells.get(f"{cell.scenario}:{PATH_TARGET}[{cell.path.name}]")
    if own is not None:
        for attempt, check, walks in _by_check(own):
            yield _control(Role.FOREIGN, check, path, attempt.at, walks)


def _by_check(facts: CellFacts) -> Iterator[tuple[Attempt, str, tuple[Walk, ...]]]:
    for attempt in facts.attempts:
        for check in dict.fromkeys(walk.check for walk in attempt.walks):
            yield attempt, check, tuple(walk for walk in attempt.walks if walk.check == check)


def _control(role: Role, check: str, path: str, at: float, walks: tuple[Walk, ...]) -> Control:
    return Control(id=f"{role}:{check}@{path}", role=role, path=path, check=check, at=at, walks=walks)
