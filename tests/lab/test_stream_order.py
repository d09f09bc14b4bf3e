"""The stated policy for segments: what came first stays, overlaps change nothing, gaps are waited for."""

from __future__ import annotations

from harness.lab.censor.stream import LIMIT, MOST_HELD, Stream


def test_the_first_arrival_of_overlapping_bytes_stays() -> None:
    stream = Stream(100)
    stream.add(100, b"first")

    assert b"first!" == stream.add(100, b"SECON!")


def test_the_first_arrival_stays_beyond_a_gap_too() -> None:
    stream = Stream(0)
    stream.add(4, b"4567")
    stream.add(2, b"23xx")

    assert b"01234567" == stream.add(0, b"01")


def test_a_gap_is_waited_for() -> None:
    stream = Stream(0)

    assert b"" == stream.add(3, b"def")
    assert b"abcdef" == stream.add(0, b"abc")


def test_what_lies_before_the_start_is_left_out() -> None:
    assert b"cd" == Stream(100).add(98, b"abcd")


def test_bytes_taken_are_not_seen_again() -> None:
    stream = Stream(0)
    stream.add(0, b"request one")
    stream.take(11)

    assert b"two" == stream.add(11, b"two")


def test_nothing_is_kept_beyond_the_limit() -> None:
    stream = Stream(0)
    stream.add(0, b"x" * LIMIT)

    assert stream.full
    assert LIMIT == len(stream.add(LIMIT, b"more"))


def test_a_sender_of_nothing_but_gaps_is_not_kept_count_of() -> None:
    stream = Stream(0)
    for place in range(2, 4 * MOST_HELD, 2):
        stream.add(place, b"x")

    assert b"ab" == stream.add(0, b"ab")[:2]
