"""The figures of a stream, from when each datagram left, came there, and came back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from harness.wire.echo import Echoed
from harness.wire.voice import Ledger, figures

Fate = Callable[[int], bool]


def stream(
    number: int = 500, *, up: Fate = lambda _: False, down: Fate = lambda _: False, late: Fate = lambda _: False
) -> Ledger:
    """A stream over a round trip of 100 ms: what is lost on the way up, on the way down, or comes 30 ms late."""
    ledger, arrived, back = Ledger(), 0, []
    for one in range(number):
        ledger.sent(one * 0.02)
        if up(one):
            continue
        arrived += 1
        there = one * 0.02 + 0.05 + (0.03 if late(one) else 0.0)
        if not down(one):
            back.append((there + 0.05, Echoed(number=one % 65536, count=arrived, clock=1000 + there)))
    take(ledger, back)
    return ledger


def take(ledger: Ledger, back: Iterable[tuple[float, Echoed]]) -> None:
    for at, echo in sorted(back, key=lambda one: one[0]):
        ledger.came(echo, at)


def test_a_stream_that_comes_back_whole_is_as_good_as_its_round_trip_allows() -> None:
    found = figures(stream())

    assert (0.0, 0.0, 0.1, 0) == (found["loss"], found["jitter"], found["rtt"], found["reordered"])
    assert 4.38 == pytest.approx(found["mos"], abs=0.02)


def test_what_is_lost_on_the_way_there_is_told_from_what_is_lost_on_the_way_back() -> None:
    found = figures(stream(up=lambda one: one % 10 == 3, down=lambda one: one % 20 == 5))

    assert 50 / 500 == pytest.approx(found["up"]["loss"])
    assert 25 / 450 == pytest.approx(found["down"]["loss"], abs=1e-5)


def test_the_worse_direction_speaks_for_the_call() -> None:
    found = figures(stream(down=lambda one: one % 5 == 0))

    assert found["loss"] == found["down"]["loss"] > found["up"]["loss"]
    assert found["mos"] == found["down"]["mos"] < found["up"]["mos"]


def test_a_far_end_that_does_not_count_leaves_the_loss_to_both() -> None:
    ledger = stream(0)
    for one in range(10):
        ledger.sent(one * 0.02)
    take(ledger, [(1.0 + one, Echoed(number=one, count=0, clock=0.0)) for one in range(8)])

    assert 0.2 == figures(ledger)["up"]["loss"] == figures(ledger)["down"]["loss"]


def test_jitter_is_the_mean_difference_between_neighbours() -> None:
    # every other datagram is 30 ms late: all neighbours differ by 30 ms (RFC 3550, 6.4.1)
    found = figures(stream(late=lambda one: one % 2 == 1))

    assert 0.03 == pytest.approx(found["up"]["jitter"], rel=0.02)
    assert 0.0 == found["down"]["jitter"]


def test_runs_of_losses_are_counted_as_bursts() -> None:
    found = figures(stream(100, up=lambda one: one in {10, 11, 12, 50}))

    assert {"longest": 3, "mean": 2.0} == found["burst"]


def test_who_comes_after_a_later_one_is_out_of_order() -> None:
    ledger = stream(0)
    for one in range(3):
        ledger.sent(one * 0.02)
    take(ledger, [(1.0 + at, Echoed(number=one, count=1, clock=0.0)) for at, one in enumerate((0, 2, 1))])

    assert 1 == figures(ledger)["reordered"]


def test_a_datagram_that_comes_twice_counts_once() -> None:
    ledger = stream(10)
    ledger.came(Echoed(number=3, count=10, clock=0.0), 5.0)

    assert (10, 1) == (figures(ledger)["received"], figures(ledger)["duplicates"])


def test_what_was_never_sent_is_not_counted() -> None:
    ledger = stream(10)
    ledger.came(Echoed(number=99, count=10, clock=0.0), 5.0)

    assert 10 == figures(ledger)["received"]


def test_a_stream_longer_than_its_numbers_is_still_told_apart() -> None:
    ledger = stream(0)
    for one in range(66_000):
        ledger.sent(one * 0.02)
        ledger.came(Echoed(number=one % 65536, count=one + 1, clock=one * 0.02), one * 0.02 + 0.1)

    assert (66_000, 0.0) == (figures(ledger)["received"], figures(ledger)["loss"])


def test_the_longest_pause_of_each_way_is_known() -> None:
    found = figures(stream(100, down=lambda one: 20 <= one < 30))

    assert 0.22 == pytest.approx(found["down"]["gap"], abs=0.001)
    assert 0.02 == pytest.approx(found["up"]["gap"], abs=0.001)


@pytest.mark.parametrize(("lost_from", "silence"), [(500, 0.0), (400, 1.98), (0, 9.98)])
def test_a_stream_that_falls_silent_says_for_how_long(lost_from: int, silence: float) -> None:
    assert silence == pytest.approx(stream(up=lambda one: one >= lost_from).silence())


def test_nothing_is_said_of_a_stream_of_which_nothing_came_back() -> None:
    assert {} == figures(stream(up=lambda _: True))
