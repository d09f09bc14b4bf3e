"""How an end of a TCP sends: what is in flight, what is lost, and how much the way bears.

A lost segment is known by one that was sent later and has arrived (RACK, RFC 8985, on a wire that does not overtake),
else by time (RFC 6298). A loss makes the window smaller by three tenths, and it grows again as CUBIC's does where round
trips are short (RFC 9438, section 4.3); it begins with ten segments (RFC 6928) and is doubled until round trips grow.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.lab.censor.packet import FIN, SYN
from harness.lab.loopback.segments import SPACE, behind

FIRST_WAIT = 1.0  # seconds before the first repetition, as long as no round trip is known
LEAST_WAIT = 0.2  # seconds; Linux waits so long beyond a round trip at least
_LEAST_PROBE = 0.05  # seconds before the last segment is sent again: a busy machine is late for its own loop
LONGEST_WAIT = 8.0  # seconds between two repetitions
REPETITIONS = 8
_FIRST_WINDOW, _LEAST_WINDOW = 10.0, 2.0  # segments
_SAMPLES, _LEAST_GROWTH, _MOST_GROWTH = 8, 0.004, 0.016  # N_RTT_SAMPLE, MIN_ and MAX_RTT_THRESH of RFC 9406
_CATCHES_UP = 0.01  # seconds of the rate that may be made up for where we were woken late
_LESS, _MORE = 0.7, 0.53  # CUBIC's factor after a loss, and its growth a round trip that is fair to Reno


@dataclass(slots=True)
class Sent:
    """A segment that awaits its acknowledgement."""

    seq: int
    flags: int
    data: bytes
    at: float = 0.0  # when it was sent last
    order: int = 0  # among all that was sent
    again: bool = False
    arrived: bool = False  # beyond a gap
    lost: bool = False

    @property
    def after(self) -> int:
        """The sequence number behind it."""
        return (self.seq + len(self.data) + bool(self.flags & (SYN | FIN))) % SPACE


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a kernel counts of what is sent."""

    data: int = 0  # segments
    again: int = 0
    acknowledged: int = 0  # bytes
    rtt: float = 0.0
    least: float = math.inf


class Round:
    """The round trips of one window: HyStart++, RFC 9406, section 4.2."""

    def __init__(self, end: int, before: float = math.inf) -> None:
        self.end = end  # what is acknowledged after it is another round's
        self.least = math.inf
        self._before = before  # the least of the round before
        self._samples = 0

    def grows(self, trip: float) -> bool:
        """True where the least round trip, of enough of them, is clearly longer than that of the round before."""
        self.least = min(self.least, trip)
        self._samples += 1
        if self._samples < _SAMPLES or self._before == math.inf:
            return False
        return self.least >= self._before + min(max(self._before / 8, _LEAST_GROWTH), _MOST_GROWTH)


class Sender:
    """Numbers what is put, and lets it go as the far end and the way take it. Somebody else holds the clock."""

    def __init__(self, first: int, tell: Callable[[Sent], None]) -> None:
        self.next = first  # what is sent next
        self.counts = Counts()
        self.window = 65535  # that the far end told
        self.rate = 0.0  # bits a second that it sends at most; 0 is no limit
        self.free = 0.0  # when the rate lets the next segment go
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.unsent = 0  # bytes of it
        self.flight: deque[Sent] = deque()
        self.tries = 0
        self._tell = tell
        self._way, self._threshold = _FIRST_WINDOW, math.inf
        self._pipe = 0  # segments that are under way, as far as we know
        self._order = self._newest = 0
        self._over: int | None = None  # the number whose acknowledgement ends a recovery
        self._timed_out = self._tight = False
        self._probed: int | None = None  # the number whose acknowledgement allows another probe
        self._spread = 0.0
        self._round = Round(first)

    @property
    def wait(self) -> float:
        """Seconds until the first segment in flight is sent again."""
        trip = self.counts.rtt
        if not trip:
            once = FIRST_WAIT
        elif self._may_probe:
            return max(_LEAST_PROBE, 2 * trip) + LEAST_WAIT * (len(self.flight) == 1)
        else:
            once = trip + max(LEAST_WAIT, 4 * self._spread)
        return min(max(LONGEST_WAIT, once), once * 2.0**self.tries)

    @property
    def _may_probe(self) -> bool:
        return not self.tries and self._probed is None and self._over is None and bool(self.flight)

    @property
    def given_up(self) -> bool:
        """True where it was repeated so often that nobody listens."""
        return self.tries > REPETITIONS

    def put(self, flags: int, data: bytes) -> None:
        """Have a segment wait for its turn."""
        self.waiting.append((flags, data))
        self.unsent += len(data)

    def forget(self) -> None:
        """Send nothing any more."""
        self.waiting.clear()
        self.flight.clear()
        self.unsent = 0
        self._pipe = 0

    def push(self, now: float) -> None:
        """Send what may go now, what was lost first."""
        lost = deque(one for one in self.flight if one.lost) if self._over is not None else deque[Sent]()
        while (lost or self.waiting) and self._pipe < int(self._way) and now >= self.free:
            if lost:
                self._repeat(lost.popleft(), now)
            elif not self._fresh(now):
                return
        self._tight = self._pipe >= int(self._way)

    def _fresh(self, now: float) -> bool:
        """Sends the next segment; False where the far end has no room for it."""
        flags, data = self.waiting[0]
        under_way = behind(self.next, self.flight[0].seq) if self.flight else 0
        if data and under_way + len(data) > self.window:
            return False
        self.waiting.popleft()
        self.unsent -= len(data)
        sent = Sent(self.next, flags, data)
        self.next = sent.after
        self.flight.append(sent)
        self.counts.data += bool(data)
        self._go(sent, now)
        return True

    def _repeat(self, sent: Sent, now: float, *, under_way: bool = False) -> None:
        self._pipe -= under_way
        sent.lost, sent.again = False, True
        self.counts.again += 1
        self.counts.data += bool(sent.data)
        self._go(sent, now)

    def _go(self, sent: Sent, now: float) -> None:
        self._order += 1
        sent.at, sent.order = now, self._order
        self._pipe += 1
        if self.rate:
            self.free = max(now - _CATCHES_UP, self.free) + (len(sent.data) + 52) * 8 / self.rate
        self._tell(sent)

    def again(self, now: float) -> None:
        """The wait is over: the last that is in flight goes again, so that its acknowledgement shows what is lost (tail
        loss probe, RFC 8985, section 7); the next time all counts as lost, and the first of it goes; or the window is
        tried."""
        if self.counts.rtt and self._may_probe:
            self._probed = self.next
            self._repeat(self.flight[-1], now, under_way=True)
            return
        self.tries += 1
        if not self.flight:
            if self.waiting:
                self.window = max(self.window, len(self.waiting[0][1]))
                self.push(now)
            return
        if not self._timed_out:
            self._threshold = max(_LEAST_WINDOW, self._pipe * _LESS)
        self._timed_out, self._over, self._way = True, self.next, 1.0
        for sent in self.flight:
            sent.lost = not sent.arrived
        self._pipe = 0
        self.push(now)

    def acknowledged(self, number: int, blocks: tuple[tuple[int, int], ...], now: float) -> None:
        """The far end has everything before a number, and those blocks beyond."""
        if behind(number, self.next) > 0:
            return
        if behind(number, self._round.end) >= 0:
            self._round = Round(self.next, self._round.least)
        got = self._taken(number, now) + self._beyond(blocks, now)
        if not got:
            return
        self.tries = 0
        if self._probed is not None and behind(number, self._probed) >= 0:
            self._probed = None
        if blocks or self._over is not None:
            self._find_lost()
        if self._over is not None and behind(number, self._over) >= 0:
            if not self._timed_out:
                self._way = self._threshold
            self._over, self._timed_out = None, False
        if self._over is not None and not self._timed_out:
            # no more than one beyond what has arrived: what was too much at once is not sent at once again (RFC 6937)
            self._way = min(self._threshold, self._pipe + got + 1.0)
        self._grow(got)

    def _taken(self, number: int, now: float) -> int:
        count = 0
        while self.flight and behind(number, self.flight[0].after) >= 0:
            sent = self.flight.popleft()
            self._arrive(sent, now)
            self.counts.acknowledged += len(sent.data)
            count += 1
        return count

    def _beyond(self, blocks: tuple[tuple[int, int], ...], now: float) -> int:
        found = [
            sent
            for sent in (self.flight if blocks else ())
            if not sent.arrived
            and any(behind(sent.seq, start) >= 0 and behind(end, sent.after) >= 0 for start, end in blocks)
        ]
        for sent in found:
            self._arrive(sent, now)
            sent.arrived, sent.lost = True, False
        return len(found)

    def _arrive(self, sent: Sent, now: float) -> None:
        if not (sent.again or sent.arrived):
            self._timed(now - sent.at)
        if not (sent.lost or sent.arrived):
            self._pipe -= 1
        self._newest = max(self._newest, sent.order)

    def _find_lost(self) -> None:
        missing = [one for one in self.flight if not (one.arrived or one.lost) and one.order < self._newest]
        if not missing:
            return
        if self._over is None:
            self._over = self.next
            self._threshold = max(_LEAST_WINDOW, self._pipe * _LESS)
        for sent in missing:
            sent.lost = True
        self._pipe -= len(missing)

    def _grow(self, got: int) -> None:
        if not self._tight or (self._over is not None and not self._timed_out):
            return
        self._way += got if self._way < self._threshold else _MORE * got / self._way

    def _timed(self, trip: float) -> None:
        """RFC 6298, section 2; and round trips that grow end the slow start, before a queue runs over."""
        if self._round.grows(trip) and self._way < self._threshold:
            self._threshold = self._way
        counts = self.counts
        trip = max(trip, 1e-6)
        counts.least = min(counts.least, trip)
        self._spread = 0.75 * self._spread + 0.25 * abs(counts.rtt - trip) if counts.rtt else trip / 2
        counts.rtt = 0.875 * counts.rtt + 0.125 * trip if counts.rtt else trip
