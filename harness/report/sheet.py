"""What a report shows: cells and the verdicts that are known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.model import PATH_TARGET, Cell, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Cells in their order, and verdicts by key; a cell without one has not finished.

    `Sheet.of(recorded.planned.values(), recorded.verdicts)` shows a record.
    """

    cells: tuple[Cell, ...]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    _places: dict[tuple[str, str], Cell] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._places.update({(cell.target.name, cell.path.name): cell for cell in self.cells})

    @classmethod
    def of(cls, cells: Iterable[Cell], verdicts: Mapping[str, Verdict]) -> Sheet:
        """A sheet of any cells."""
        return cls(cells=tuple(cells), verdicts=verdicts)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios in order of appearance."""
        return tuple(dict.fromkeys(cell.scenario for cell in self.cells))

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths in order of appearance."""
        return tuple(dict.fromkeys(cell.path.name for cell in self.cells))

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets in order of appearance, the paths' own left out."""
        return tuple(dict.fromkeys(cell.target.name for cell in self.cells if cell.target.name != PATH_TARGET))

    def only(self, scenario: str) -> Sheet:
        """The part of one scenario."""
        return Sheet(cells=tuple(cell for cell in self.cells if cell.scenario == scenario), verdicts=self.verdicts)

    def at(self, target: str, path: str) -> tuple[Cell | None, Verdict | None]:
        """The cell of a target over a path, and its verdict where it has one."""
        cell = self._places.get((target, path))
        return cell, self.verdicts.get(cell.key) if cell else None
