"""What works now, by which path: one line a capability."""

from __future__ import annotations

from harness.model import Claim, Verdict
from harness.report.sheet import Sheet

_MANY = 3
"""So many names are read at a glance; where all of more paths work, the names say nothing."""


def lines(sheet: Sheet) -> list[str]:
    """`whatsapp.messaging works now by: doh-quad9, office-socks (2 of 3 tries)`, in the order of the scenario."""
    return [
        _line(sheet.only(scenario), target) for scenario in sheet.scenarios for target in sheet.only(scenario).targets
    ]


def _line(sheet: Sheet, target: str) -> str:
    found = [(path, *sheet.at(target, path)) for path in sheet.paths]
    asked = [(path, verdict) for path, cell, verdict in found if cell and not _idle(verdict)]
    works = [_path(path, verdict) for path, verdict in asked if verdict and verdict.claim is Claim.USABLE]
    if works == [path for path, _ in asked] and len(works) > _MANY:
        return f"{target} works now by: every path tried"
    if works:
        return f"{target} works now by: {', '.join(works)}"
    slow = [path for path, verdict in asked if verdict and verdict.claim is Claim.DEGRADED]
    if slow:
        return f"{target} works now, but poorly, by: {', '.join(slow)}"
    return f"{target}: {_otherwise([verdict for _, verdict in asked])}"


def _idle(verdict: Verdict | None) -> bool:
    """True where nothing was asked, and nothing was going to be."""
    return verdict is not None and verdict.claim is Claim.NOT_APPLICABLE


def _path(path: str, verdict: Verdict) -> str:
    shaky = verdict.steadiness.partition(" ")[2]
    return f"{path} ({shaky.replace('/', ' of ')} tries)" if shaky else path


def _otherwise(verdicts: list[Verdict | None]) -> str:
    """What is said where nothing works, of all that was asked; what has not finished is None."""
    finished = [verdict for verdict in verdicts if verdict]
    if not finished:
        return "was not finished over any path" if verdicts else "was not asked of any path"
    if any(verdict.claim is Claim.DOWN for verdict in finished):
        return "no path works; the service itself seems to be down"
    unknown = sum(verdict is None or verdict.claim is Claim.INCONCLUSIVE for verdict in verdicts)
    if unknown == len(verdicts):
        return "not known for any path"
    return "no path tried works" + (f"; {unknown} of {len(verdicts)} are not known" if unknown else "")
