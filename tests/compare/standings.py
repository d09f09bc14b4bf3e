"""Verdicts and sides in few words."""

from __future__ import annotations

from harness.compare import Change, Comparison, Side, Standing, compare
from harness.model import Claim, Strength, Verdict

NOT_RUN = Standing()


def stands(claim: Claim, mechanism: str | None = None, *, tries: int = 3, how: str = "") -> Standing:
    found = Verdict(
        claim=claim, strength=Strength.LIKELY, steadiness=how or "steady", rule="a.rule", mechanism=mechanism
    )
    return Standing(verdict=found, tries=tries)


USABLE = stands(Claim.USABLE, tries=1)
SHAKY = stands(Claim.USABLE, how="intermittent 1/3")
BLOCKED = stands(Claim.BLOCKED, "tls.reset_on_sni")
BLOCKED_ONCE = stands(Claim.BLOCKED, "tls.reset_on_sni", tries=1)
DROPPED = stands(Claim.BLOCKED, "tls.drop_on_sni")
DEGRADED = stands(Claim.DEGRADED)
DOWN = stands(Claim.DOWN)
PATH_DOWN = stands(Claim.PATH_DOWN, "path.server_silent")
UNKNOWN = stands(Claim.INCONCLUSIVE)
NOT_ASKED = stands(Claim.NOT_APPLICABLE)


def nights(then: dict[str, Standing], now: dict[str, Standing]) -> Comparison:
    return compare(Side(name="then.jsonl", cells=then), Side(name="now.jsonl", cells=now))


def change(then: Standing | None, now: Standing | None) -> Change:
    """What became of one cell."""
    return nights({"s:a[direct]": then} if then else {}, {"s:a[direct]": now} if now else {}).cells[0].change
