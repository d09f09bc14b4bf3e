"""What a stream of datagrams went through, from when each left, came there, and came back. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harness.model import Json
from harness.wire import emodel
from harness.wire.echo import Echoed

_SETTLING = 64  # readings until the estimate has forgotten that it began at nothing: four times its 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One datagram that came back: when it left, what the far end noted on it, and when it came. Seconds."""

    number: int
    left: float
    far: float  # on the far end's clock
    count: int
    came: float


@dataclass(slots=True)
class Ledger:
    """A stream as it goes: what left, and what came back in order of arrival."""

    left: list[float] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    duplicates: int = 0
    _seen: set[int] = field(default_factory=set)

    def sent(self, at: float) -> None:
        """The next datagram left."""
        self.left.append(at)

    def came(self, echo: Echoed, at: float) -> None:
        """One came back; a second time it counts as a duplicate."""
        number = self._whole(echo.number)
        if number in self._seen or not 0 <= number < len(self.left):
            self.duplicates += number in self._seen
            return
        self._seen.add(number)
        self.returns.append(Return(number=number, left=self.left[number], far=echo.clock, count=echo.count, came=at))

    def silence(self) -> float:
        """Seconds of sending since the last datagram that came back; all of them where none did."""
        last = max((one.number for one in self.returns), default=-1)
        return self.left[-1] - self.left[last + 1] if last + 1 < len(self.left) else 0.0

    def _whole(self, number: int) -> int:
        """The number before it was cut to 16 bits, which is the latest that has left and fits."""
        latest = len(self.left) - 1
        return latest - (latest - number) % 65536


def figures(ledger: Ledger) -> dict[str, Json]:
    """The stream in figures; empty where nothing came back.

    `loss`, `jitter` and `mos` are those of the worse direction; `rtt` is the median, all times are in seconds.
    """
    if not ledger.returns:
        return {}
    lost = _lost(len(ledger.left), ledger.returns)
    bursts = _bursts(len(ledger.left), {one.number for one in ledger.returns})
    mean = statistics.fmean(bursts) if bursts else 0.0
    ratio = max(1.0, mean * (1 - _share(sum(bursts), len(ledger.left))))  # chance alone gives bursts of 1 / (1 - loss)
    trips = sorted(one.came - one.left for one in ledger.returns)
    ways = {
        "up": _way(lost[0], ledger.returns, "far", "left") | {"gap": _gap_there(ledger.returns)},
        "down": _way(lost[1], ledger.returns, "came", "far") | {"gap": _gap(ledger.returns)},
    }
    rtt = statistics.median(trips)
    for way in ways.values():
        rated = emodel.quality(emodel.mouth_to_ear(rtt, way["jitter"]), way["loss"], ratio)
        way.update(mos=round(rated.mos, 3), r=round(rated.r, 2))
    return {
        "sent": len(ledger.left),
        "received": len(ledger.returns),
        "duplicates": ledger.duplicates,
        "reordered": _reordered(ledger.returns),
        "loss": max(way["loss"] for way in ways.values()),
        "jitter": max(way["jitter"] for way in ways.values()),
        "mos": min(way["mos"] for way in ways.values()),
        "rtt": round(rtt, 6),
        "rtt_least": round(trips[0], 6),
        "rtt_most": round(trips[len(trips) * 95 // 100], 6),  # of 95 in 100
        "burst": {"longest": max(bursts, default=0), "mean": round(mean, 2)},
        **ways,
    }


def _way(loss: float, returns: Sequence[Return], there: str, here: str) -> dict[str, Json]:
    return {
        "loss": round(loss, 5),
        "jitter": round(_jitter((getattr(one, there), getattr(one, here)) for one in returns), 6),
    }


def _lost(sent: int, returns: Sequence[Return]) -> tuple[float, float]:
    """The shares lost on the way there and on the way back.

    The far end counts what reached it, so the datagram with the highest count tells both up to itself. What left after
    it is lost somewhere; it is shared out in the same proportion. A far end that does not count tells nothing apart.
    """
    furthest = max(returns, key=lambda one: one.count)
    until = max(one.number for one in returns) + 1
    if not furthest.count:
        whole = _share(sent - len(returns), sent)
        return whole, whole
    arrived = max(furthest.count, len(returns))
    return _share(until - arrived, until), _share(arrived - len(returns), arrived)


def _share(part: int, whole: int) -> float:
    return max(0.0, part / whole) if whole else 0.0


def _jitter(times: Iterable[tuple[float, float]]) -> float:
    """The interarrival jitter of RFC 3550, section 6.4.1 and appendix A.8, in order of arrival.

    A single reading of it hangs on the last sixteen datagrams, so this is the mean of its readings, those of its
    settling left out where there are others.
    """
    jitter, readings = 0.0, []
    transits = [there - here for there, here in times]
    for before, after in itertools.pairwise(transits):
        jitter += (abs(after - before) - jitter) / 16
        readings.append(jitter)
    settled = readings[_SETTLING:] or readings
    return statistics.fmean(settled) if settled else 0.0


def _bursts(sent: int, came: set[int]) -> list[int]:
    """The lengths of the runs of datagrams that never came back."""
    return [
        sum(1 for _ in run) for lost, run in itertools.groupby(range(sent), lambda number: number not in came) if lost
    ]


def _reordered(returns: Iterable[Return]) -> int:
    """How many came after one that had left later (RFC 4737, section 3.3)."""
    highest, late = -1, 0
    for one in returns:
        late += one.number < highest
        highest = max(highest, one.number)
    return late


def _gap(returns: Sequence[Return]) -> float:
    """The longest that nothing came back."""
    return round(max((after.came - before.came for before, after in itertools.pairwise(returns)), default=0.0), 6)


def _gap_there(returns: Sequence[Return]) -> float:
    """The longest that nothing reached the far end, by datagrams that it counted one after the other."""
    ordered = sorted(returns, key=lambda one: one.count)
    gaps = [after.far - before.far for before, after in itertools.pairwise(ordered) if after.count == before.count + 1]
    return round(max(gaps, default=0.0), 6)
