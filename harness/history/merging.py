"""The records of a run's shards become one record; what is missing and what was measured twice is told."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.errors import HarnessError
from harness.history.runfile import Recorded
from harness.record import CellLine, ControlLine, EndLine, Line, RunLine, TwiceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One record out of several, and what there is to say of it."""

    run: RunLine
    cells: tuple[CellLine, ...]  # in the order of the plan
    rest: tuple[Line, ...]  # paths, controls and the end
    missing: tuple[str, ...]  # planned somewhere, and finished nowhere
    twice: tuple[TwiceLine, ...]  # measured more than once; the earliest was kept
    cut: tuple[str, ...]  # the shards that ended early

    @property
    def lines(self) -> tuple[Line, ...]:
        """The whole record."""
        return (self.run, *self.cells, *self.twice, *self.rest)

    @property
    def contradicted(self) -> tuple[TwiceLine, ...]:
        """What was measured twice with another claim."""
        claims = {line.key: line.verdict.claim for line in self.cells}
        return tuple(one for one in self.twice if one.verdict.claim != claims[one.key])


def groups(records: Sequence[Recorded]) -> dict[str, list[Recorded]]:
    """The records of each vantage and world, under the world's name, else the vantage's."""
    found: dict[str, list[Recorded]] = {}
    for one in records:
        found.setdefault(one.run.world or one.run.vantage.name, []).append(one)
    return found


def merge(records: Sequence[Recorded]) -> Merged:
    """One record of several runs. Raises HarnessError where they were not made at one place."""
    places = {(one.run.vantage.name, one.run.world) for one in records}
    if len(places) != 1:
        told = ", ".join(sorted(world or name for name, world in places)) or "nothing"
        raise HarnessError(f"these records are of different places ({told}); merge those of one place, or use --into")
    runs = sorted({one.run.id: one for one in records}.values(), key=lambda one: one.run.started)
    order = list(dict.fromkeys(key for one in runs for key in (*one.run.whole, *one.planned)))
    kept, twice = _kept(runs)
    missing = tuple(key for key in order if key not in kept)
    cut = tuple(one.run.shard or one.run.id for one in runs if one.end is None or one.end.reason != "finished")
    cells = tuple(kept[key] for key in order if key in kept)
    rest = (*_rest(runs), _end(runs, cells, missing))
    return Merged(run=_run(runs, order), cells=cells, rest=rest, missing=missing, twice=twice, cut=cut)


def _run(runs: Sequence[Recorded], order: Sequence[str]) -> RunLine:
    planned = {key: cell for one in reversed(runs) for key, cell in one.planned.items()}
    ids = tuple(one.run.id for one in runs)
    return replace(
        runs[0].run,
        id=hashlib.blake2b(" ".join(sorted(ids)).encode(), digest_size=16).hexdigest(),
        planned=tuple(planned[key] for key in order if key in planned),
        catalogue=max(one.run.catalogue for one in runs),
        shard="",
        whole=tuple(order),
        merged=ids,
    )


def _kept(runs: Sequence[Recorded]) -> tuple[dict[str, CellLine], tuple[TwiceLine, ...]]:
    """The earliest measurement of each cell, and the others."""
    found: dict[str, list[tuple[float, str, CellLine]]] = {}
    for one in runs:
        for key, line in one.cells.items():
            at = line.facts.attempts[0].at if line.facts.attempts else one.run.started
            found.setdefault(key, []).append((at, one.run.id, line))
    ordered = {key: sorted(lines, key=lambda one: one[:2]) for key, lines in found.items()}
    twice = tuple(
        TwiceLine(key=key, kept=first, left=other, verdict=line.verdict)
        for key, [(_, first, _), *others] in ordered.items()
        for _, other, line in others
    )
    return {key: lines[0][2] for key, lines in ordered.items()}, twice


def _rest(runs: Sequence[Recorded]) -> Iterator[Line]:
    yield from {path.name: path for one in reversed(runs) for path in one.paths}.values()
    for control in sorted((control for one in runs for control in one.controls), key=lambda one: one.at):
        yield ControlLine(control=control)


def _end(runs: Sequence[Recorded], cells: Sequence[CellLine], missing: Sequence[str]) -> EndLine:
    ends = [one.end.ended if one.end else one.run.started for one in runs]
    reason = f"{len(missing)} planned cells are missing" if missing else "finished"
    return EndLine(ended=max(ends), reason=reason, counts=Counter(line.verdict.claim.value for line in cells))
