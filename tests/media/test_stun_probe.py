"""The STUN probe against servers that answer, stay silent, and answer amiss."""

from __future__ import annotations

import asyncio
import pathlib

from harness.model import Level, Stage, Trust
from harness.wire import stun
from tests.engine.loopback import walked
from tests.media.loopback import HERE, asked, of_lab


def test_an_answer_under_our_transaction_shows_our_source(tmp_path: pathlib.Path) -> None:
    walk = of_lab("stun", {"host": "127.0.0.1"}, "stun", tmp_path)

    assert ([Stage.RESPONSE], Level.E2) == ([one.stage for one in walk.observations], walk.level)
    assert ("127.0.0.1", 1) == (walk.observations[0].detail["exit"], walk.observations[0].detail["asked"])


def test_silence_is_asked_again_at_doubling_pauses() -> None:
    walk = asked("stun", {}, lambda _: None, seconds=1.7)

    assert walk.last is not None
    # at 0, 0.5 and 1.5 s: RFC 8489, section 6.2.1
    assert ("generic_timeout_error", 3, 60) == (walk.failure, walk.last.detail["asked"], walk.last.sent)


def test_an_answer_is_waited_for_as_long_as_is_written() -> None:
    walk = asked("stun", {"seconds": 0.3}, lambda _: None, seconds=5)

    assert walk.last is not None
    assert ("generic_timeout_error", 1) == (walk.failure, walk.last.detail["asked"])


def test_what_answers_another_transaction_is_passed_over() -> None:
    walk = asked("stun", {}, lambda data: bytes.fromhex("01010000") + data[4:8] + bytes(12), seconds=0.4)

    assert walk.last is not None
    assert ("generic_timeout_error", 1) == (walk.failure, walk.last.detail["passed_over"])


def test_an_error_is_no_answer_to_what_was_asked() -> None:
    walk = asked("stun", {}, lambda data: bytes.fromhex("01110008") + data[4:20] + bytes.fromhex("0009000400000401"))

    assert walk.last is not None
    assert ("protocol_error", 401) == (walk.failure, walk.last.detail["code"])


def test_a_closed_port_is_a_refusal() -> None:
    walk = asyncio.run(walked("stun", {"host": "127.0.0.1", "port": 1}, trust=Trust(), path=HERE))

    assert (Stage.RESPONSE, "connection_refused") == (walk.failed_at, walk.failure)


def test_a_later_answer_counts_and_leaves_the_round_trip_in_doubt() -> None:
    heard: list[bytes] = []

    def second_time(data: bytes) -> bytes | None:
        heard.append(data)
        mapped = bytes.fromhex("002000080001") + (stun.COOKIE >> 16 ^ 9).to_bytes(2, "big") + bytes.fromhex("5e12a443")
        return bytes.fromhex("0101000c") + data[4:20] + mapped if len(heard) > 1 else None

    walk = asked("stun", {}, second_time)

    assert walk.last is not None
    assert (True, "127.0.0.1", False) == (walk.completed, walk.last.detail["exit"], "rtt" in walk.last.detail)
