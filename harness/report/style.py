"""How verdicts look: a sign and a colour for each claim, with and without Unicode and colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Claim, Strength, Verdict

WAITING = "waiting"
"""What stands for a cell that has not finished."""


@dataclass(frozen=True, slots=True)
class Look:
    """A sign in Unicode and in ASCII, an SGR colour (ECMA-48), and what it means."""

    sign: str
    plain: str
    colour: str
    meaning: str


LOOKS: Mapping[str, Look] = {
    Claim.USABLE: Look("✓", "+", "32", "usable"),
    Claim.DEGRADED: Look("≈", "~", "33", "degraded"),
    Claim.BLOCKED: Look("✗", "x", "31", "blocked"),
    Claim.DOWN: Look("▼", "v", "35", "down everywhere"),
    Claim.PATH_DOWN: Look("⊘", "#", "33", "the path itself is down"),
    Claim.INCONCLUSIVE: Look("?", "?", "36", "not known"),
    Claim.NOT_APPLICABLE: Look("·", "-", "2", "not asked"),
    WAITING: Look("…", ".", "2", "not finished"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the terminal can show."""

    width: int = 100
    unicode: bool = True
    colour: bool = False

    def sign(self, claim: str) -> str:
        """The sign of a claim."""
        return LOOKS[claim].sign if self.unicode else LOOKS[claim].plain

    def paint(self, text: str, claim: str, *, bold: bool = False) -> str:
        """The text in the colour of a claim."""
        if not self.colour:
            return text
        return f"\x1b[{'1;' if bold else ''}{LOOKS[claim].colour}m{text}\x1b[0m"

    def strong(self, text: str) -> str:
        """The text in bold."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def rule(self, width: int) -> str:
        """A horizontal line."""
        return ("─" if self.unicode else "-") * width


def claim_of(verdict: Verdict | None) -> str:
    """The claim, or that the cell has not finished."""
    return verdict.claim if verdict else WAITING


def confirmed(verdict: Verdict | None) -> bool:
    """True where an artefact settles the verdict."""
    return verdict is not None and verdict.strength is Strength.CONFIRMED
