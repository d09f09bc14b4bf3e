"""A world measured by the real engine, with what its censor did meanwhile."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from harness import catalogue
from harness.lab import Event, Lab
from harness.lab.loopback.lab import Loopback
from harness.lab.world import load_world
from harness.model import Cell, Check, Json, Retry, ScenarioPlan, Vantage, Verdict
from harness.probes.route import Patience
from harness.vantage import Hushed, Setup
from harness.vantage.place import InWorld, OnLoopback, overlay
from harness.vantage.session import EngineSession

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "fixtures" / "truth"
SCENARIOS = (FOLDER, ROOT / "scenarios")
PATIENCE = 120.0  # seconds that one cell may take on a busy machine
HOLD = 0.05  # seconds of listening on after a DNS answer, where nobody gives a second one


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one cell showed, and which names or addresses each behaviour acted on during it."""

    verdict: Verdict
    censor: Mapping[str, frozenset[str]]

    @property
    def summary(self) -> tuple[str, str | None, str | None, str]:
        """Claim, mechanism, stage and steadiness."""
        verdict = self.verdict
        return str(verdict.claim), verdict.mechanism, verdict.stage and str(verdict.stage), verdict.steadiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one cell must show."""

    claim: str
    mechanism: str | None = None
    stage: str | None = None
    steadiness: str | None = None
    says: str = ""  # part of the reason
    censor: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """True where nothing is done to the cell, whatever else ails it."""
        return not self.censor

    def contradicted_by(self, shown: Shown) -> str:
        """How the verdict differs, "" where it does not; a stage or steadiness that is not expected may be any."""
        stage, steadiness = shown.summary[2:]
        wanted = (self.claim, self.mechanism, self.stage or stage, self.steadiness or steadiness)
        if self.says not in shown.verdict.why:
            return f"expected {self.says!r}, said {shown.verdict.why!r}"
        return "" if wanted == shown.summary else f"expected {wanted}, shown {shown.summary}"

    def denied_by(self, shown: Shown) -> str:
        """How the censor's log differs, "" where it does not: other behaviours, or names that it never acted on."""
        if set(self.censor) != set(shown.censor):
            return f"expected {sorted(self.censor)}, logged {shown.censor}"
        missing = {name for each, names in self.censor.items() for name in set(names) - shown.censor[each]}
        return f"never logged: {sorted(missing)}" if missing else ""


def truths() -> tuple[str, ...]:
    """What is measured: `WORLD`, and `WORLD@VANTAGE` or the like where a vantage or a time must show something else."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml") if not file.stem.endswith(".reach")))


class Truth:
    """What a world must show, from its file."""

    def __init__(self, world: str) -> None:
        plain = yaml.safe_load((FOLDER / f"{world}.yaml").read_text(encoding="utf-8"))
        assert plain["world"] == world
        self.world = world
        self._plain = plain

    @property
    def limits(self) -> Mapping[str, float]:
        """How many seconds a stage may last where that is not as usual, or which part of the usual all may last.

        A lab has no long way: what is silent for a second or two there will not speak any more.
        """
        said = self._plain.get("patience", {})
        if not isinstance(said, dict):
            stages = ("path", "resolve", "connect", "tls", "response")
            said = {stage: getattr(Patience(), stage) * said for stage in stages}
        return {"hold": HOLD, **said} if self._answered_once else said

    @property
    def _answered_once(self) -> bool:
        """True where no true answer follows a forged one, and the line brings each in its turn."""
        world = load_world(self.world)
        raced = any(rule.behaviour.startswith("dns_inject") for rule in world.censor)
        return not (raced or world.link.jitter or world.link.loss)

    @property
    def apart(self) -> float | None:
        """Seconds between two cells, each measured alone in the file's order, where that order is what it is about."""
        return float(self._plain["apart"]) if "apart" in self._plain else None

    def plan(self) -> ScenarioPlan:
        """The scenario's cells that the file is about: its items, or else path by path, targets in the file's order."""
        name = self._plain.get("scenario", "small")
        file = next(folder / f"{name}.reach.yaml" for folder in SCENARIOS if (folder / f"{name}.reach.yaml").is_file())
        plan = catalogue.read(file, root=ROOT, env={}, world=overlay(self.world)).plan
        # each try is a verdict's worth of evidence here: nothing in a lab needs to be waited out
        retry = Retry(attempts=self._plain.get("attempts", 2), wait_min=0.05, wait_max=0.1, deadline=60.0)
        cells = sorted((self._brief(cell) for cell in plan.cells if self._is_about(cell)), key=self._place)
        yardsticks = tuple(map(self._shorter, plan.controls.yardsticks))
        controls = dataclasses.replace(plan.controls, yardsticks=yardsticks)
        return dataclasses.replace(plan, cells=tuple(cells), controls=controls, retry=retry)

    def expected(self, item: str) -> Expected:
        """What the first entry that fits an item says; `*` stands for anything, brackets for themselves."""
        for pattern, plain in self._plain["cells"].items():
            if fits(pattern, item):
                return Expected(
                    **{**plain, "censor": {key: tuple(value) for key, value in plain.get("censor", {}).items()}}
                )
        raise AssertionError(f"{self.world}: nothing is said of {item}")

    def _is_about(self, cell: Cell) -> bool:
        if items := self._plain.get("items"):
            return item(cell) in items
        targets, paths = self._plain.get("targets"), self._plain.get("paths")
        return (not targets or cell.target.name in targets) and (not paths or cell.path.name in paths)

    def _brief(self, cell: Cell) -> Cell:
        target = dataclasses.replace(cell.target, checks=tuple(map(self._shorter, cell.target.checks)))
        return dataclasses.replace(cell, target=target)

    def _shorter(self, check: Check) -> Check:
        """A stream or transfer that lasts no longer than the file's `seconds`: what a lab does, it does throughout."""
        longest, own = self._plain.get("seconds"), check.params.get("seconds")
        if not longest or not own:
            return check
        return dataclasses.replace(check, params={**check.params, "seconds": min(own, longest)})

    def _place(self, cell: Cell) -> str:
        if items := self._plain.get("items"):
            return f"{items.index(item(cell)):03}"
        paths = self._plain.get("paths", [cell.path.name])
        return f"{paths.index(cell.path.name):03}{cell.path.name}"


def fits(pattern: str, item: str) -> bool:
    """True where `*` in the pattern can stand for what is left of the item."""
    first, *rest = pattern.split("*")
    if not item.startswith(first):
        return False
    item = item[len(first) :]
    for part in rest:
        place = item.rfind(part) if part is rest[-1] else item.find(part)
        if place < 0:
            return False
        item = item[place + len(part) :]
    return not item


def item(cell: Cell) -> str:
    """`target[path]`."""
    return f"{cell.target.name}[{cell.path.name}]"


def measure(truth: Truth) -> dict[str, Shown]:
    """Every cell of the truth in one lab: those with something to see one by one, all the others together."""
    plan = truth.plan()
    session = EngineSession.start(Setup(vantage=Vantage(name="truth"), world=truth.world, limits=truth.limits))
    try:
        seen: set[tuple[object, str]] = set()
        found = []
        for wave in _waves_of(truth, plan.cells):
            found.append(_measured(session, dataclasses.replace(plan, cells=wave), seen))
            time.sleep(truth.apart or 0.0)
        return {name: each for shown in found for name, each in shown.items()}
    finally:
        session.close()


def _waves_of(truth: Truth, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
    if truth.apart is not None:
        return [(cell,) for cell in cells]
    return _waves(cells, [truth.expected(item(cell)).quiet for cell in cells])


def _waves(cells: Sequence[Cell], quiet: Sequence[bool]) -> list[tuple[Cell, ...]]:
    """Cells that may be measured at once: quiet ones, but for those that are the innocent flow between two others."""
    around = [True, *quiet, True]
    alone = [not (here and (before or after)) for before, here, after in zip(around, quiet, around[2:], strict=False)]
    together = tuple(cell for cell, single in zip(cells, alone, strict=True) if not single)
    return [*((cell,) for cell, single in zip(cells, alone, strict=True) if single), together]


def _measured(session: EngineSession, plan: ScenarioPlan, seen: set[tuple[object, str]]) -> dict[str, Shown]:
    """What the cells showed; what the censor did meanwhile is laid to all of them."""
    lab = _lab(session)
    mark = lab.mark()
    session.submit([plan], Hushed())
    outcomes = {item(cell): session.result(cell.key, PATIENCE) for cell in plan.cells}
    censor = _acted_on(lab.log(mark), seen)
    late = [name for name, outcome in outcomes.items() if outcome is None]
    assert late == [], f"not ended within {PATIENCE} s"
    return {name: Shown(verdict=outcome.verdict, censor=censor) for name, outcome in outcomes.items() if outcome}


def _acted_on(events: Iterable[Event], seen: set[tuple[object, str]]) -> dict[str, frozenset[str]]:
    """Names, or else addresses, of flows not seen before: late packets are an earlier cell's."""
    found: dict[str, set[str]] = {}
    fresh = [event for event in events if event.behaviour and (event.flow, event.behaviour) not in seen]
    for event in fresh:
        seen.add((event.flow, event.behaviour))
        found.setdefault(event.behaviour, set()).add(event.name or (event.flow.dst if event.flow else ""))
    return {behaviour: frozenset(names) for behaviour, names in found.items()}


def _lab(session: EngineSession) -> Lab | Loopback:
    assert isinstance(session.place, InWorld | OnLoopback)
    return session.place._lab


def disagreements(texts: Mapping[str, str]) -> Json:
    """Only what disagrees."""
    return {name: text for name, text in texts.items() if text}
