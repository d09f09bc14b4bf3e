"""What is expected of cells: claims by the cell's name, in the scenario or laid over it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Claim, Verdict

USABLE = frozenset({Claim.USABLE})
"""What is expected where nothing is said."""

Rows = Mapping[str, frozenset[Claim]]


@dataclass(frozen=True, slots=True)
class Expectations:
    """Claims by cell name. Layers are asked in order; in each a whole name wins over patterns, then the first one."""

    layers: tuple[Rows, ...] = ()

    def of(self, name: str) -> frozenset[Claim]:
        """The claims with which the cell passes: `whatsapp.messaging[direct]`."""
        found = (_of(name, rows) for rows in self.layers)
        return next((claims for claims in found if claims), USABLE)


def _of(name: str, rows: Rows) -> frozenset[Claim] | None:
    return rows.get(name) or next((claims for pattern, claims in rows.items() if matches(name, pattern)), None)


def matches(name: str, pattern: str) -> bool:
    """True where the pattern covers the cell: `*` and `?` stand for anything, brackets only for themselves."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def expect_text(verdicts: Mapping[str, Verdict]) -> str:
    """The file that expects exactly what these cells showed; usable cells and those without a finding are left out."""
    lines = [f'  "{name}": {verdict.claim}' for name, verdict in verdicts.items() if _is_said(verdict)]
    return "\n".join(
        ["# What this vantage is known to show; laid over a scenario by --expect.", _head(lines), *lines, ""]
    )


def _head(lines: list[str]) -> str:
    return "expect:" if lines else "expect: {}"


def _is_said(verdict: Verdict) -> bool:
    return verdict.claim not in (Claim.USABLE, Claim.INCONCLUSIVE, Claim.NOT_APPLICABLE)
