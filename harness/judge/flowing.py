"""Statements about transfers and streams: how they ended, how good they were, and how others fared meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from harness.judge import quality
from harness.judge.conditions import Condition
from harness.judge.seen import Answer, Seen, passed
from harness.model import Role, Stage, Walk

_SPOILT = 0.1
"""Seconds by which our own event loop may be late before the evenness of a stream says more of us than of it."""


_PAUSED = 0.5
"""The part of a standstill for which a transfer had paused before, and gone on, so that it may well go on again."""


def _probe(walk: Walk, seen: Seen) -> str:
    check = seen.check(walk)
    return check.probe if check else ""


def _yardsticks(walk: Walk, seen: Seen) -> Iterator[Walk]:
    """The walks of neutral hosts that were asked by the same probe over the same path."""
    for control in seen.of(Role.YARDSTICK, seen.cell.path.name):
        yield from control.walks


def _answer(walk: Walk, seen: Seen) -> Answer:
    """Whether a neutral host answered the same probe over the same path."""
    found = seen.of(Role.YARDSTICK, seen.cell.path.name)
    if not found:
        return Answer.MISSING
    return Answer.YES if any(map(passed, found)) else Answer.NO


def _answer_elsewhere(seen: Seen) -> Answer:
    """Whether a neutral host answered the same probe by another path; one that cannot carry it says nothing."""
    others = [one for one in seen.of(Role.YARDSTICK) if one.path != seen.cell.path.name]
    asked = [walk for one in others for walk in one.walks if walk.completed or _unanswered(walk)]
    if not asked:
        return Answer.MISSING
    return Answer.YES if any(walk.completed for walk in asked) else Answer.NO


def _unanswered(walk: Walk) -> bool:
    return walk.failed_at is Stage.RESPONSE and walk.last is not None and walk.last.of == "target"


def _ways(walk: Walk, seen: Seen) -> tuple[str, ...]:
    """The directions that lie below the floor; both where the walk did not come so far as to be held to one."""
    below = quality.missed(walk, seen.cell.target.floor)
    return tuple(way for way in quality.WAYS if way in below) if walk.completed else quality.WAYS


def _stopped(walk: Walk) -> bool:
    """True where nothing moved any more; False where the time was over while bytes still moved, or came by fits."""
    found = quality.measured(walk).get("stopped") or {}
    by_fits = (found.get("paused") or 0.0) >= _PAUSED * (found.get("quiet") or 0.0)
    return bool(found.get("stalled") and not by_fits) if "stalled" in found else "silence" in found


def _slower_than_yardstick(walk: Walk, seen: Seen) -> bool:
    return any(quality.slower(walk, other, _ways(walk, seen)) for other in _yardsticks(walk, seen))


def _like_yardstick(walk: Walk, seen: Seen) -> bool:
    """Neutral hosts were asked, and none of them was much faster, or better than the floor."""
    others = [other for other in _yardsticks(walk, seen) if quality.measured(other)]
    if _probe(walk, seen) == "transfer":
        return bool(others) and not _slower_than_yardstick(walk, seen)
    return bool(others) and all(_poor(other, seen) for other in others)


def _poor(walk: Walk, seen: Seen) -> bool:
    return not walk.completed or bool(quality.missed(walk, seen.cell.target.floor))


def _slow_yardstick(walk: Walk, seen: Seen) -> bool:
    through = [other for other in _yardsticks(walk, seen) if other.completed]
    return bool(through) and all(_poor(other, seen) for other in through)


def _better_yardstick(walk: Walk, seen: Seen) -> bool:
    return any(not _poor(other, seen) for other in _yardsticks(walk, seen))


def _poor_elsewhere(walk: Walk, seen: Seen) -> bool:
    found = [other for other in seen.elsewhere_walks(walk) if quality.measured(other)]
    return bool(found) and all(_poor(other, seen) for other in found)


def _better_elsewhere(walk: Walk, seen: Seen) -> bool:
    return any(quality.measured(other) and not _poor(other, seen) for other in seen.known_good_walks(walk))


def _went_on(walk: Walk, seen: Seen) -> bool:
    """A neutral host's transfer or stream over this path, or the same check over a path known good, got further."""
    others = [*_yardsticks(walk, seen), *seen.known_good_walks(walk)]
    return any(quality.amount(other) > quality.amount(walk) and other.completed for other in others)


def _spoilt(walk: Walk, seen: Seen) -> bool:
    found = walk.at(Stage.MEDIA)
    return _probe(walk, seen) == "media" and found is not None and found.lag >= _SPOILT


def _begun(walk: Walk, _: Seen) -> bool:
    found = walk.at(Stage.MEDIA)
    return found is not None and found.received > 0


below_floor = Condition(
    "its quality lies below the target's floor",
    lambda walk, seen: bool(quality.missed(walk, seen.cell.target.floor)),
)
rate_below_floor = Condition(
    "its rate lies below the target's floor",
    lambda walk, seen: bool({"down", "up"} & set(quality.missed(walk, seen.cell.target.floor))),
)
of_stream = Condition("it is a stream of datagrams", lambda walk, seen: _probe(walk, seen) == "media")
of_transfer = Condition("it is a transfer", lambda walk, seen: _probe(walk, seen) == "transfer")
by_stun = Condition("the question is one of STUN", lambda walk, seen: _probe(walk, seen) == "stun")
by_quic = Condition("the question is one of QUIC", lambda walk, seen: _probe(walk, seen) == "quic")
by_datagrams = Condition("it speaks in datagrams", lambda walk, seen: _probe(walk, seen) in quality.DATAGRAMS)
loop_spoilt = Condition(f"our own event loop was at least {_SPOILT:g} s late during a stream", _spoilt)
stood_still = Condition("nothing moved any more", lambda walk, _: _stopped(walk))
still_moving = Condition("something still moved when its time was over", lambda walk, _: not _stopped(walk))
media_begun = Condition("something of it had come", _begun)
far_below_yardstick = Condition(
    f"its rate is less than {quality.FAR_BELOW:.0%} of a neutral host's over this path in the same minute",
    _slower_than_yardstick,
)
like_yardstick = Condition("a neutral host over this path fares no better", _like_yardstick)
slow_yardstick = Condition(
    "a neutral host's over this path went through, below the target's floor too", _slow_yardstick
)
better_yardstick = Condition("a neutral host over this path fares well", _better_yardstick)
poor_elsewhere = Condition("over a path known good, by another way, it is below the floor too", _poor_elsewhere)
better_elsewhere = Condition("over a path known good it is above the floor", _better_elsewhere)
went_on = Condition("a neutral host over this path, or the same check over a path known good, went further", _went_on)
queue_grew = Condition("the round trip grew under load", lambda walk, seen: quality.queued(walk, _ways(walk, seen)))
segments_lost = Condition(
    f"at least {quality.LOSSY:.0%} of its segments were sent again, or came after a gap",
    lambda walk, seen: quality.lossy(walk, _ways(walk, seen)),
)
lost_from_the_first = Condition(
    "segments were lost before the transfer had begun", lambda walk, seen: quality.lost_before(walk)
)
line_loses = Condition(
    "a neutral host's transfer over this path loses segments too",
    lambda walk, seen: any(quality.lossy(other, quality.WAYS) for other in _yardsticks(walk, seen)),
)
datagrams_lost = Condition(
    "it lost more datagrams than the floor allows, or at least 1%",
    lambda walk, seen: (
        "loss" in quality.missed(walk, seen.cell.target.floor)
        or (quality.measured(walk).get("loss") or 0.0) >= quality.LOSSY
    ),
)
neutral_answers = Condition(
    "a neutral host answered the same probe over this path", lambda walk, seen: _answer(walk, seen) is Answer.YES
)
neutral_down_elsewhere = Condition(
    "no neutral host answered the same probe by another path, which can carry it",
    lambda _, seen: _answer_elsewhere(seen) is Answer.NO,
)
neutral_name_answered = Condition(
    "the same address answers an Initial under a neutral name",
    lambda walk, seen: seen.other_initial_answered(walk) is Answer.YES,
)
neutral_silent_too = Condition(
    "no neutral host answered the same probe over this path either",
    lambda walk, seen: _answer(walk, seen) is Answer.NO,
)
