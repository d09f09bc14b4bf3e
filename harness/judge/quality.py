"""How well something works: the measured figures of a walk beside a target's floor, and beside another walk's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.model import Floor, Json, Stage, Walk

DATAGRAMS = frozenset({"stun", "media", "quic"})
"""The probes that speak in datagrams."""

FAR_BELOW = 0.25
"""The share of a yardstick's rate below which a rate is no chance (net4people/bbs#382 shows a tenth and less)."""

GROWN, AT_LEAST = 2.0, 0.05
"""A queue has filled where the round trip under load is so many times its least, and so many seconds more."""

LOSSY = 0.01
"""The share of segments, sent again or after a gap, from which on a connection is lossy and not merely busy."""

EVEN = 0.25
"""The share by which the second half of a transfer may differ from the whole of one that is held to a rate."""

LOSSES = {"down": "out_of_order", "up": "retransmitted"}
"""What the kernel sees of losses at our end. One gap puts all that follows it out of order, until it is filled."""

WAYS = tuple(LOSSES)
FIRST = "up"
"""The direction in which a transfer moves first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One figure of a floor: where it is found, and whether less of it or more of it is too poor."""

    name: str
    figure: Callable[[Mapping[str, Json]], Json]
    least: bool

    def missed(self, seen: Mapping[str, Json], floor: Floor) -> bool:
        """True where the figure was measured, and is on the wrong side of the floor."""
        wanted, found = getattr(floor, self.name), self.figure(seen)
        if wanted is None or found is None:
            return False
        return bool(found < wanted if self.least else found > wanted)


LIMITS = (
    Limit(name="down", figure=lambda seen: rate(seen, "down"), least=True),
    Limit(name="up", figure=lambda seen: rate(seen, "up"), least=True),
    Limit(name="mos", figure=lambda seen: seen.get("mos"), least=True),
    Limit(name="loss", figure=lambda seen: seen.get("loss"), least=False),
    Limit(name="jitter", figure=lambda seen: seen.get("jitter"), least=False),
    Limit(name="rtt", figure=lambda seen: seen.get("rtt"), least=False),
)


def measured(walk: Walk) -> Mapping[str, Json]:
    """The figures of a walk that measured quality, empty where it did not."""
    seen = walk.at(Stage.MEDIA)
    return seen.detail if seen else {}


def missed(walk: Walk, floor: Floor) -> tuple[str, ...]:
    """The figures of a walk that went through which lie below the floor."""
    if not walk.completed:
        return ()
    return tuple(limit.name for limit in LIMITS if limit.missed(measured(walk), floor))


def rate(seen: Mapping[str, Json], way: str) -> float | None:
    """Bits a second in one direction, None where none was measured."""
    found = seen.get(way)
    value = found.get("rate") if isinstance(found, Mapping) else None
    return float(value) if value is not None else None


def slower(walk: Walk, other: Walk, ways: tuple[str, ...]) -> bool:
    """True where in one of the directions the walk's rate is far below the other's."""
    pairs = [(_held(walk, way), rate(measured(other), way)) for way in ways]
    return any(mine is not None and theirs is not None and mine < FAR_BELOW * theirs for mine, theirs in pairs)


def _held(walk: Walk, way: str) -> float | None:
    """The rate in one direction; where a transfer was given up in it, over all the time that it was given."""
    seen, stage = measured(walk), walk.at(Stage.MEDIA)
    stopped = seen.get("stopped") or {}
    if stage is None or walk.completed or stopped.get("way") != way:
        return rate(seen, way)
    before = sum(_of(seen, other).get("seconds") or 0.0 for other in WAYS if other != way)
    given = stage.ended - stage.started - before
    return (_of(seen, way).get("bytes") or 0) * 8 / given if given > 0 else rate(seen, way)


def queued(walk: Walk, ways: tuple[str, ...]) -> bool:
    """True where the round trip grew under load in one of the directions."""
    found = [_trips(measured(walk), way) for way in ways]
    return any(least and loaded >= GROWN * least and loaded - least >= AT_LEAST for least, loaded in found)


def lossy(walk: Walk, ways: tuple[str, ...]) -> bool:
    """True where segments were lost in one of the directions: sent again on the way up, after a gap on the way down."""
    return any((_of(measured(walk), way).get(LOSSES[way]) or 0.0) >= LOSSY for way in ways)


def lost_before(walk: Walk) -> bool:
    """True where segments were lost before a transfer had begun: in handshakes, and of the first request.

    A single one is chance, or was sent again for no need (RFC 8985, probes), where what followed kept to one rate.
    """
    lost = _of(measured(walk), FIRST).get("lost_before") or 0
    return lost > 1 or (lost == 1 and not _even(walk))


def _even(walk: Walk) -> bool:
    """True where in each direction the second half came about as fast as the whole."""
    found = [(_of(measured(walk), way).get("mean"), rate(measured(walk), way)) for way in WAYS]
    return all(mean and late and abs(mean - late) <= EVEN * mean for mean, late in found)


def amount(walk: Walk) -> int:
    """The bytes that moved both ways while quality was measured."""
    seen = walk.at(Stage.MEDIA)
    return seen.sent + seen.received if seen else 0


def _of(seen: Mapping[str, Json], way: str) -> Mapping[str, Json]:
    found = seen.get(way)
    return found if isinstance(found, Mapping) else {}


def _trips(seen: Mapping[str, Json], way: str) -> tuple[float, float]:
    """The round trip at its least, and under load; nothing where no kernel told."""
    found = _of(seen, way)
    return found.get("rtt_least") or 0.0, found.get("rtt") or 0.0
