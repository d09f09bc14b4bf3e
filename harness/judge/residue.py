"""What a cut leaves behind: for a while the address takes no connection, which says nothing new (Bock et al. 2021)."""

from __future__ import annotations

from harness.judge.compared import RANK
from harness.model import Attempt, Stage, Walk

RESIDUAL_SECONDS = 420.0
"""The longest that a censor is known to punish an address for (Xue et al. 2022, TSPU: 420 s after an SNI)."""


def residue(attempts: tuple[Attempt, ...]) -> frozenset[int]:
    """The numbers of attempts to an address that took a connection, cut it once something was sent, and took no more.

    They must follow within the longest residual time known, and not one of them may have come as far again.
    """
    for place, attempt in enumerate(attempts):
        later = [one for one in attempts[place + 1 :] if one.at - attempt.at <= RESIDUAL_SECONDS]
        if any(_cut_after_connect(walk) and _taken_no_more(walk, later) for walk in attempt.walks):
            return frozenset(one.number for one in later)
    return frozenset()


def _cut_after_connect(walk: Walk) -> bool:
    connected = walk.at(Stage.CONNECT)
    at = walk.failed_at
    return connected is not None and connected.failure is None and at is not None and RANK[at] >= RANK[Stage.TLS]


def _taken_no_more(walk: Walk, later: list[Attempt]) -> bool:
    """True where every later walk to the same address failed to connect, and there was one."""
    again = [one for attempt in later for one in attempt.walks if _same_place(one, walk)]
    return bool(again) and all(one.failed_at is Stage.CONNECT for one in again)


def _same_place(one: Walk, other: Walk) -> bool:
    return (one.check, one.address) == (other.check, other.address) and one.address is not None
