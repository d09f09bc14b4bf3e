"""What a scenario must declare so that the next run can tell more."""

from __future__ import annotations

from harness.judge.compared import by_way_of_hops
from harness.judge.seen import GENUINE, lent, passed
from harness.model import Cell, CellFacts, Control, Role, Stage, Walk

ECHO = "WAYGAUGE_ECHO=HOST, a server of your own that runs waygauge echo"
YARDSTICKS = {"transfer": "neutral-rate", "stun": "neutral-stun", "quic": "neutral-quic"}
OURS = frozenset({"engine_missing", "engine_failed"})
"""What no declaration helps with: the remedy stands in the verdict."""
_TELLS_NOTHING = frozenset({None, Stage.RESOLVE, Stage.PATH})
"""Where a walk over another resolver of the same line ends that has something else to tell, or nothing."""
_EXAMPLES = {Role.FOREIGN: "foreign: [neutral-abroad]", Role.DOMESTIC: "domestic: [neutral-home]"}


def declare(cell: Cell, facts: CellFacts) -> str:
    """The line to add to the scenario, empty where everything that could help was declared."""
    if not any(walk.failure for walk in _walks(facts)):
        return ""
    if any(walk.failure in OURS for walk in _walks(facts)):
        return ""
    if any(walk.failure == "not_declared" for walk in _walks(facts)):
        return ECHO
    missing = [text for role, text in _EXAMPLES.items() if not _ran(facts.controls, role, cell)]
    missing += [*_another_abroad(cell, facts), *_yardstick(cell, facts)]
    good = [control for control in facts.controls if control.role is Role.KNOWN_GOOD]
    if _same_line(good, facts):
        missing.append("paths: [a-path-by-another-way]")
    elif not any(map(_says_something, good)):
        missing.append(f"paths: [{_placeholder(cell, facts)}]")
    return f"controls: {{{', '.join(missing)}}}" if missing else ""


def _walks(facts: CellFacts) -> list[Walk]:
    return [walk for attempt in facts.attempts for walk in attempt.walks]


def _ran(controls: tuple[Control, ...], role: Role, cell: Cell) -> bool:
    own = role is Role.FOREIGN and any(
        control.check == check.name for control in controls for check in cell.target.checks
    )
    return own or any(control.role is role and not lent(control) for control in controls)


def _another_abroad(cell: Cell, facts: CellFacts) -> list[str]:
    """A second neutral host, where the only one failed and something else did not: it may be down, or meant itself."""
    abroad = [one for one in facts.controls if one.role is Role.FOREIGN and one.path == cell.path.name]
    names = {one.check for one in abroad}
    works = any(passed(one) for one in facts.controls if one.role in GENUINE and not lent(one))
    alone = len(names) == 1 and works and not any(map(passed, abroad))
    return [f"foreign: [{name}, another-neutral-host]" for name in names] if alone else []


def _yardstick(cell: Cell, facts: CellFacts) -> list[str]:
    """A neutral host for the probe, where it can be compared with one, and was not."""
    fitting = (YARDSTICKS[check.probe] for check in cell.target.checks if check.probe in YARDSTICKS)
    name = None if any(one.role is Role.YARDSTICK for one in facts.controls) else next(fitting, None)
    return [f"yardsticks: [{name}]"] if name else []


def _says_something(control: Control) -> bool:
    """True where the control's path was able to carry what was asked of it."""
    return any(walk.failure != "not_supported" for walk in control.walks)


def _same_line(good: list[Control], facts: CellFacts) -> bool:
    """True where paths known good failed, and without hops here and there took the very line that is in question."""
    theirs = [walk for control in good for walk in control.walks if _says_something(control)]
    parted = any(map(by_way_of_hops, (*theirs, *_walks(facts)))) or any(map(lent, good))
    return not parted and bool(theirs) and all(walk.failed_at not in _TELLS_NOTHING for walk in theirs)


def _placeholder(cell: Cell, facts: CellFacts) -> str:
    """A path is no control of itself, and none of what it cannot carry."""
    if any(control.role is Role.KNOWN_GOOD for control in facts.controls):
        return "a-path-that-carries-datagrams"
    return "a-path-known-good" if cell.path.name == "direct" else "another-path-known-good"
