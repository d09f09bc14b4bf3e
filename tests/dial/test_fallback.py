import asyncio

import pytest

from harness.dial.api import Tape, WalkEnded
from harness.dial.deadline import Deadline
from harness.dial.fallback import first_of
from harness.failures import Failed
from harness.model import Stage
from tests.dial.loopback import soon, stages, tape


async def reach(address: str, until: Deadline, attempt: Tape) -> str:
    """Fails with the token that the address names; `good` works, `silent` waits for the deadline."""
    with attempt.stage(Stage.CONNECT):
        if address == "silent":
            await asyncio.sleep(until.left())
            until.left()
        if address != "good":
            raise Failed(address)
    return address


def tried(written: Tape) -> list[str]:
    return [one["failure"] for one in written.observations[-1].detail["tried"]]


def test_the_first_that_works_wins_and_earlier_failures_stand_beside_it() -> None:
    written = tape()

    assert "good" == asyncio.run(first_of(("eof_error", "good", "never"), reach, soon(), written))
    assert [("target", "connect", None)] == stages(written)
    assert ["eof_error"] == tried(written)


def test_where_none_works_the_last_failure_ends_the_walk() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(first_of(("eof_error", "connection_reset"), reach, soon(), written))

    assert [("target", "connect", "connection_reset")] == stages(written)
    assert ["eof_error"] == tried(written)


def test_a_failure_that_is_an_answer_ends_the_search() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(first_of(("dns_no_answer", "good"), reach, soon(), written, frozenset({"dns_no_answer"})))

    assert [("target", "connect", "dns_no_answer")] == stages(written)


def test_a_silent_address_leaves_time_for_the_next() -> None:
    assert "good" == asyncio.run(first_of(("silent", "good"), reach, soon(0.2), tape()))


def test_no_time_left_is_a_failure_of_the_walk_and_not_of_ours() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(first_of(("silent",), reach, soon(-1), written))

    assert [("target", "connect", "generic_timeout_error")] == stages(written)
