"""The rate of a transfer, by when its bytes moved."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.dial.deadline import Deadline
from harness.probes.meter import Meter


class Nowhere:
    """A stream of which no kernel tells anything."""

    sent = received = 0

    async def read(self, limit: int, until: Deadline) -> bytes:
        await asyncio.sleep(0)
        return b""

    async def write(self, data: bytes, until: Deadline) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        """Nothing is held."""


def metered(*moves: tuple[float, int]) -> Meter:
    """What moved by when, in seconds from the beginning."""
    now = [0.0]
    meter = Meter(Nowhere(), up=False, clock=lambda: now[0])
    for at, total in moves:
        now[0] = at
        meter.moved(total)
    return meter


def rate(*moves: tuple[float, int]) -> Any:
    return metered(*moves).figures()["rate"]


def test_what_comes_evenly_has_one_rate() -> None:
    assert 80_000 == pytest.approx(rate(*((each / 10, each * 1000) for each in range(1, 41))), rel=0.01)


def test_a_burst_that_is_let_through_does_not_count() -> None:
    assert 80_000 == pytest.approx(rate((0.01, 40_000), (1.0, 50_000), (2.0, 60_000)), rel=0.01)


def test_what_waited_behind_a_gap_does_not_make_a_rate_of_its_own() -> None:
    come = rate((0.7, 16_000), (2.25, 32_900), (2.26, 49_000), (2.8, 65_600))

    assert 190_000 == pytest.approx(come, rel=0.03)


def test_the_longest_pause_is_one_after_which_it_went_on() -> None:
    assert 0.7 == pytest.approx(metered((0.1, 10), (0.8, 20), (1.0, 30)).paused)
