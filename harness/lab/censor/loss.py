"""How the packets of one flow fare, one way: which are lost, and how late the others come.

Both follow the distributions that their parameters name, but are drawn evenly instead of by luck: a call of a few
hundred packets shows what is set, and the same call fares the same in each run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

_GOOD, _BAD, _ORDER, _PLACE = range(4)
# Steps whose multiples fill 0 to 1 most evenly (Weyl 1916); two that have nothing to do with each other.
_STEPS = {_GOOD: math.sqrt(2) - 1, _BAD: (math.sqrt(5) - 1) / 2}
_STRATA = 16

Chance = Callable[..., float]


class Losses:
    """Gilbert's channel (Gilbert 1960): runs that arrive, and runs that are lost, each of geometric length."""

    def __init__(self, share: float, burst: float, chance: Chance) -> None:
        self._fates = _fates(share, burst, chance)

    def strikes(self) -> bool:
        """True where the next packet is lost."""
        return next(self._fates)


def _fates(share: float, burst: float, chance: Chance) -> Iterator[bool]:
    while not 0 < share < 1:
        yield share > 0
    # Losses that know nothing of each other come in runs of 1/(1-share); no run of arrivals can be shorter than one.
    lost = max(burst, share / (1 - share)) if burst else 1 / (1 - share)
    good, bad = _runs(lost * (1 - share) / share, _GOOD, chance), _runs(lost, _BAD, chance)
    arrived = struck = 0
    while True:
        due = (struck + lost / 2) * (1 - share) / share  # arrivals at which the next burst brings the share about
        slack = lost * (1 - share) / share / 4
        run = round(max(1, due - slack - arrived, min(next(good), due + slack - arrived)))
        yield from (False for _ in range(run))
        arrived += run
        run = next(bad)
        yield from (True for _ in range(run))
        struck += run


def _runs(mean: float, what: int, chance: Chance) -> Iterator[int]:
    """Lengths of runs: geometric, from 1 up, with that mean."""
    even = chance(what)
    while True:
        even = (even + _STEPS[what]) % 1
        yield 1 + int(math.log1p(-even) / math.log1p(-1 / mean)) if mean > 1 else 1


class Delays:
    """A delay for all, and a jitter as RFC 3550 section 6.4.1 sees it: the mean difference between neighbours."""

    def __init__(self, delay: float, jitter: float, chance: Chance) -> None:
        self._delay = delay
        # Two draws from 0 to w differ by w/3 on average; those of one block, which share no stratum, by (n+1)/3n.
        self._width = 3 * jitter * _STRATA / (_STRATA + 1)
        self._places = _places(chance)

    def next(self) -> float:
        """How much later the next packet comes."""
        return self._delay + (self._width * next(self._places) if self._width else 0.0)


def _places(chance: Chance) -> Iterator[float]:
    """Numbers from 0 up to 1: in each block, one of every stratum, in an order drawn for the block."""
    block = 0
    while True:
        for stratum in sorted(range(_STRATA), key=lambda each: chance(_ORDER, block, each)):
            yield (stratum + chance(_PLACE, block, stratum)) / _STRATA
        block += 1
