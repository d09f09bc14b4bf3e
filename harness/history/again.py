"""A record is judged again: by the same rules it must come to the same verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.history.runfile import Recorded
from harness.judge import RULES_VERSION, judge
from harness.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A cell that is judged otherwise than its record says."""

    key: str
    recorded: Verdict
    now: Verdict
    rules: str  # the version that judged then; where it is today's, the record was altered

    def __str__(self) -> str:
        then = f"{self.recorded.claim} by {self.recorded.rule}"
        now = f"{self.now.claim} by {self.now.rule}"
        cause = "the same rules, so the record was altered" if self.rules == RULES_VERSION else f"rules {self.rules}"
        return f"{self.key}: {then} ({cause}); now {now} (rules {RULES_VERSION})"


def judge_again(recorded: Recorded) -> Iterator[Changed]:
    """Every cell whose verdict differs; those of which nothing was planned cannot be judged and are left out."""
    for key, line in recorded.cells.items():
        if key not in recorded.planned:
            continue
        now = judge(recorded.planned[key], line.facts)
        if _bare(now) != _bare(line.verdict):
            yield Changed(key=key, recorded=line.verdict, now=now, rules=line.rules)


def _bare(verdict: Verdict) -> Verdict:
    """The verdict without its prose: a record's was redacted, and may have lost a word that a secret shares."""
    return replace(verdict, why="", declare="")
