"""One run beside another: what changed, cell by cell, and how surely. Pure.

A verdict on one night rests on few tries, and lines are noisy, so a change is told apart from a confirmed change. A
change is confirmed where both of its sides are firm:

- `usable` is firm where every try went through: a proof was shown, and chance does not make one;
- every other claim is firm where an artefact settled it (`confirmed`), or where a pattern beside good controls
  (`likely`) held in at least `ENOUGH` tries. One failed try against one that went through is never enough: with three
  tries each, 3 of 3 against 0 of 3 still has p = 0.10 by Fisher's exact test.

So what was intermittent then, or is now, is told as `unconfirmed`, and does not fail a run by itself.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.model import CONCLUSIVE, Claim, Strength, Verdict

ENOUGH = 2
"""Tries in which a likely failure must have shown itself before a change to it counts as confirmed."""

REGRESSIONS, UNREADABLE, UNKNOWN = 1, 2, 3
"""Exit codes, besides 0: something asked for has changed, nothing can be compared, nothing is conclusive."""


class Change(enum.StrEnum):
    """What became of a cell, the worst first."""

    NEWLY_BLOCKED = "newly_blocked"
    NEWLY_DOWN = "newly_down"
    DEGRADED = "degraded"
    MECHANISM_CHANGED = "mechanism_changed"
    STEADINESS_CHANGED = "steadiness_changed"
    NOT_RUN = "not_run"
    GONE = "gone"
    UNDECIDED = "undecided"
    NEWLY_USABLE = "newly_usable"
    RECOVERED = "recovered"
    APPEARED = "appeared"
    SAME = "same"


MEANINGS: Mapping[Change, str] = {
    Change.NEWLY_BLOCKED: "it worked, and somebody on the way keeps it from working now",
    Change.NEWLY_DOWN: "it worked, and the service or the path is down now; nobody is shown to block it",
    Change.DEGRADED: "it still works, and poorly now",
    Change.MECHANISM_CHANGED: "it did not work and does not work, for another reason now",
    Change.STEADINESS_CHANGED: "the same verdict, in more or fewer of the tries",
    Change.NOT_RUN: "planned, and not finished in one of the two runs",
    Change.GONE: "measured then, and no longer planned",
    Change.UNDECIDED: "one of the two runs does not know; never a regression",
    Change.NEWLY_USABLE: "it was blocked, and works now",
    Change.RECOVERED: "it was degraded or down, and works again",
    Change.APPEARED: "not measured then",
    Change.SAME: "as before",
}

WORSE = (Change.NEWLY_BLOCKED, Change.NEWLY_DOWN, Change.DEGRADED)
"""What fails a comparison unless it is told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a run says of a cell: its verdict, None where it was planned and did not finish, and the tries behind it."""

    verdict: Verdict | None = None
    tries: int = 0

    @property
    def claim(self) -> Claim | None:
        """The verdict's claim."""
        return self.verdict.claim if self.verdict else None

    @property
    def asked(self) -> bool:
        """True where the cell was to be measured; what does not apply is planned only in name."""
        return self.claim is not Claim.NOT_APPLICABLE

    @property
    def conclusive(self) -> bool:
        """True where something is known of the network."""
        return self.claim in CONCLUSIVE

    @property
    def firm(self) -> bool:
        """True where the verdict is not a matter of one try."""
        if self.verdict is None or self.verdict.steadiness.startswith("intermittent"):
            return False
        if self.verdict.claim is Claim.USABLE or self.verdict.strength is Strength.CONFIRMED:
            return True
        return self.verdict.strength is Strength.LIKELY and self.tries >= ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two runs: what it says of each cell that it planned, by key and in order."""

    name: str
    cells: Mapping[str, Standing] = field(default_factory=dict)
    about: str = ""  # from where and when, in words
    lacks: tuple[str, ...] = ()  # what it cannot say, a sentence each


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One cell in two runs; a side is None where it was not planned there."""

    key: str
    change: Change
    then: Standing | None
    now: Standing | None
    confirmed: bool = True

    @property
    def news(self) -> bool:
        """True for a change: not for what is as before, nor for what neither run knows."""
        known = any(one is not None and one.conclusive for one in (self.then, self.now))
        return self.change is not Change.SAME and (known or self.change in {Change.APPEARED, Change.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs side by side, the worst change first, each kind in the order of the plan."""

    then: Side
    now: Side
    cells: tuple[Compared, ...]

    @property
    def news(self) -> tuple[Compared, ...]:
        """The changes."""
        return tuple(one for one in self.cells if one.news)

    @property
    def counts(self) -> Mapping[Change, int]:
        """Changes by kind, and how many cells are the same."""
        return Counter(one.change if one.news else Change.SAME for one in self.cells)

    @property
    def shared(self) -> int:
        """Cells that both runs planned."""
        return sum(one.then is not None and one.now is not None for one in self.cells)

    @property
    def conclusive(self) -> int:
        """Cells of which both runs know something."""
        return sum(bool(one.then and one.now and one.then.conclusive and one.now.conclusive) for one in self.cells)

    def failing(self, fail_on: Collection[Change], *, unconfirmed: bool = False) -> tuple[Compared, ...]:
        """The changes of those kinds; those that are not confirmed only where that is asked for."""
        return tuple(one for one in self.news if one.change in fail_on and (one.confirmed or unconfirmed))


def compare(then: Side, now: Side) -> Comparison:
    """What changed from one run to the other."""
    keys = dict.fromkeys([*now.cells, *then.cells])
    cells = [_compared(key, then.cells.get(key), now.cells.get(key)) for key in keys]
    order = {change: place for place, change in enumerate(Change)}
    return Comparison(then=then, now=now, cells=tuple(sorted(cells, key=lambda one: order[one.change])))


def status(found: Sequence[Comparison], fail_on: Collection[Change] = WORSE, *, unconfirmed: bool = False) -> int:
    """The exit code: 0, or why not. What has no counterpart counts only where nothing has one."""
    if not any(one.shared for one in found):
        return UNREADABLE
    if any(one.failing(fail_on, unconfirmed=unconfirmed) for one in found):
        return REGRESSIONS
    return 0 if any(one.conclusive for one in found) else UNKNOWN


def total(found: Iterable[Comparison]) -> Mapping[Change, int]:
    """The counts of several comparisons together."""
    summed: Counter[Change] = Counter()
    for one in found:
        summed.update(one.counts)
    return summed


def _compared(key: str, then: Standing | None, now: Standing | None) -> Compared:
    change = _change(then, now)
    firm = then is not None and now is not None and then.firm and now.firm
    by_plan = change in {Change.APPEARED, Change.GONE, Change.NOT_RUN, Change.UNDECIDED, Change.SAME}
    return Compared(key=key, change=change, then=then, now=now, confirmed=by_plan or firm)


def _change(then: Standing | None, now: Standing | None) -> Change:
    """What was planned comes before what was found: a cell that did not finish is never gone."""
    measured_then, measured_now = bool(then and then.asked), bool(now and now.asked)
    if not (measured_then and measured_now):
        return _planned_once(then if measured_then else None, now if measured_now else None)
    assert then is not None
    assert now is not None
    if then.verdict is None or now.verdict is None:
        return Change.NOT_RUN
    if not (then.conclusive and now.conclusive):
        return Change.UNDECIDED
    return _between(then.verdict, now.verdict)


def _planned_once(then: Standing | None, now: Standing | None) -> Change:
    if now is not None:
        return Change.NOT_RUN if now.verdict is None else Change.APPEARED
    return Change.GONE if then is not None else Change.SAME


def _between(then: Verdict, now: Verdict) -> Change:
    """What lies between two conclusive verdicts."""
    if (found := _KINDS.get((_STATES[then.claim], _STATES[now.claim]))) is not None:
        return found
    if (then.claim, then.mechanism) != (now.claim, now.mechanism):
        return Change.MECHANISM_CHANGED
    return Change.SAME if _how(then) == _how(now) else Change.STEADINESS_CHANGED


def _how(verdict: Verdict) -> str:
    """`steady`, `intermittent` or `residual`: 1 of 2 tries and 1 of 3 are no different."""
    return verdict.steadiness.partition(" ")[0]


_STATES: Mapping[Claim, str] = {
    Claim.USABLE: "works",
    Claim.DEGRADED: "poor",
    Claim.BLOCKED: "cut",
    Claim.DOWN: "down",
    Claim.PATH_DOWN: "down",
}
_KINDS: Mapping[tuple[str, str], Change] = {
    ("works", "poor"): Change.DEGRADED,
    ("works", "cut"): Change.NEWLY_BLOCKED,
    ("works", "down"): Change.NEWLY_DOWN,
    ("poor", "works"): Change.RECOVERED,
    ("poor", "cut"): Change.NEWLY_BLOCKED,
    ("poor", "down"): Change.NEWLY_DOWN,
    ("cut", "works"): Change.NEWLY_USABLE,
    ("cut", "poor"): Change.NEWLY_USABLE,
    ("down", "works"): Change.RECOVERED,
    ("down", "poor"): Change.RECOVERED,
}
