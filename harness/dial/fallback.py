"""Several addresses of one of our own servers, tried in order; a walk has room for one failure only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from harness.dial.api import Tape, WalkEnded
from harness.dial.deadline import Deadline
from harness.model import Json

_T = TypeVar("_T")


def scratch(tape: Tape) -> Tape:
    """An empty tape on the same clock, for what may be thrown away."""
    return replace(tape, observations=[])


async def first_of(
    addresses: Sequence[str],
    reach: Callable[[str, Deadline, Tape], Awaitable[_T]],
    until: Deadline,
    tape: Tape,
    settled: frozenset[str] = frozenset(),
) -> _T:
    """What the first address that works gives, each with its share of the time that is left.

    The stages of the winner, or of the last to fail, come onto the tape; the failures before it stand in the `tried`
    of its last stage. A failure among the `settled` is an answer, and ends the search.
    """
    tried: list[dict[str, Json]] = []
    for number, address in enumerate(addresses):
        attempt = scratch(tape)
        # No time left is a fact of the stage that finds it out, and no error of ours.
        share = until.sooner(max(until.at - until.clock(), 0) / (len(addresses) - number))
        try:
            won = await reach(address, share, attempt)
        except WalkEnded:
            last = attempt.observations[-1]
            if number + 1 == len(addresses) or last.failure in settled:
                _keep(attempt, tried, tape)
                raise
            tried.append({"address": address, "stage": last.stage.value, "failure": last.failure})
        else:
            _keep(attempt, tried, tape)
            return won
    raise ValueError("no address was given")


def _keep(attempt: Tape, tried: list[dict[str, Json]], tape: Tape) -> None:
    if tried and attempt.observations:
        last = attempt.observations[-1]
        attempt.observations[-1] = replace(last, detail={**last.detail, "tried": tried})
    tape.observations.extend(attempt.observations)
    tape.reached(attempt.level)
