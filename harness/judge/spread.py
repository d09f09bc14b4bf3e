"""What is said of a target that answered at some of its addresses and not at others: usable, and not by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.judge.combine import SAYS_NOTHING
from harness.judge.endpoints import is_ipv6
from harness.model import Claim, Finding, Walk

Walked = tuple[Walk, Finding]


def spread(walked: Iterable[Walked]) -> str:
    """`1 of 2 addresses answered (IPv6); the others ended at connect with generic_timeout_error.`, or nothing.

    About the check of these walks, of one attempt, that differed most; addresses that say something of this machine
    alone are left aside.
    """
    telling = [(walk, found) for walk, found in walked if walk.address and found.rule not in SAYS_NOTHING]
    by_check = [[one for one in telling if one[0].check == check] for check in {walk.check for walk, _ in telling}]
    return max((_said(group) for group in by_check), key=lambda one: (one != "", one), default="")


def _said(group: Sequence[Walked]) -> str:
    good = [walk for walk, found in group if found.claim in {Claim.USABLE, Claim.DEGRADED}]
    bad = [walk for walk, found in group if walk not in good and walk.failure]
    if not good or not bad:
        return ""
    ends = sorted({f"{walk.failed_at} with {walk.failure}" for walk in bad})
    family = f" ({_family(good)})" if _family(good) and _family(bad) and _family(good) != _family(bad) else ""
    others = f"the other{'s' if len(bad) > 1 else ''} ended at {' or at '.join(ends)}"
    return f"{len(good)} of {len(good) + len(bad)} addresses answered{family}; {others}."


def _family(walks: Sequence[Walk]) -> str:
    """The one family of all these addresses, empty where there are both."""
    found = {is_ipv6(walk.address) for walk in walks}
    return "" if len(found) > 1 else "IPv6" if found == {True} else "IPv4"
