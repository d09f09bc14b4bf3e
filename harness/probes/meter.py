"""How a transfer goes: bytes over time in one direction, and what the kernel saw of its segments meanwhile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.dial.api import Stream
from harness.dial.kernel import Segments, segments
from harness.model import Json

POINTS = 24  # of the series that is kept: enough to see a sawtooth, a stop or a queue that fills
_APART = 0.02  # seconds between two points at least
_WORTH = 0.01  # seconds; over less than that a rate is chance


@dataclass(frozen=True, slots=True)
class _Point:
    at: float
    moved: int
    kernel: Segments | None


@dataclass(slots=True)
class Meter:
    """One direction of one connection, from now on."""

    stream: Stream
    up: bool
    clock: Callable[[], float] = time.monotonic
    points: list[_Point] = field(default_factory=list)
    last: float = 0.0  # when a byte last moved
    paused: float = 0.0  # the longest that no byte moved before one did again

    def __post_init__(self) -> None:
        self.last = self.clock()
        self.points.append(_Point(self.last, 0, segments(self.stream)))

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self.clock() - self.points[0].at

    @property
    def quiet(self) -> float:
        """Seconds since a byte last moved."""
        return self.clock() - self.last

    def moved(self, total: int) -> None:
        """So many bytes have moved by now."""
        self.paused = max(self.paused, self.quiet)
        self.last = self.clock()
        point = _Point(self.last, total, segments(self.stream))
        # The newest point stands for those that came with it.
        if len(self.points) > 2 and self.last - self.points[-2].at < _APART:
            self.points.pop()
        self.points.append(point)

    def figures(self) -> dict[str, Json]:
        """`bytes`, `seconds`, `mean` and `rate` in bits a second, `series`, and of the kernel's what it tells.

        `rate` is that of the second half of the bytes: neither slow start nor a burst that is let through counts in it.
        What waited behind a gap comes all at once, so that the wait before the half counts where it makes it less.
        """
        first, end = self.points[0], self.points[-1]
        half = self._half()
        late = [rate for rate in (_rate(half, end), _rate(self._before(half), end)) if rate]
        return {
            "bytes": end.moved,
            "seconds": round(end.at - first.at, 4),
            "mean": _rate(first, end),
            "rate": min(late, default=_rate(first, end)),
            "series": [[round(point.at - first.at, 3), point.moved] for point in self._thinned()],
            **self._told(first.kernel, end.kernel),
        }

    def _half(self) -> _Point:
        half = self.points[-1].moved / 2
        return next(point for point in self.points if point.moved >= half)

    def _before(self, point: _Point) -> _Point:
        return self.points[max(0, self.points.index(point) - 1)]

    def _thinned(self) -> list[_Point]:
        step = max(1, -(-len(self.points) // POINTS))
        return [*self.points[:-1:step], self.points[-1]]

    def _told(self, first: Segments | None, end: Segments | None) -> dict[str, Json]:
        """Segments, the share that was sent again or came after a gap, the round trip at its least and under load.

        `lost_before` counts, from the connection's first segment on, what was lost before this direction began.
        """
        share = "retransmitted" if self.up else "out_of_order"
        if first is None or end is None:
            return {"segments": None, share: None, "lost_before": None, "rtt_least": None, "rtt": None}
        if self.up:
            data, bad = end.data_out - first.data_out, end.retransmitted - first.retransmitted
        else:
            data, bad = end.data_in - first.data_in, end.out_of_order - first.out_of_order
        half = self._half().at
        trips = [point.kernel.rtt for point in self.points if point.kernel and point.at >= half]
        return {
            "segments": data,
            share: round(bad / data, 4) if data else 0.0,
            "lost_before": first.retransmitted + first.out_of_order,
            "rtt_least": round(end.rtt_least, 6),
            "rtt": round(statistics.median(trips), 6),
        }


def _rate(begin: _Point, end: _Point) -> float | None:
    """Bits a second, None over too short a time to tell."""
    seconds = end.at - begin.at
    return round((end.moved - begin.moved) * 8 / seconds, 1) if seconds >= _WORTH else None
