import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.engine.protocol import Scenario
from harness.model import Attempt, Controls, Level, Path, Retry
from tests.engine.loopback import Handler, answering, page, serving, silent
from tests.engine.plans import Heard, cell, check, plan, session


def ran(handler: Handler, make: Callable[[int], Scenario]) -> Heard:
    """What a session said of the plan made for a server's port."""

    async def world() -> Heard:
        async with serving(handler) as port:
            return await session(make(port))

    return asyncio.run(world())


def failing_then(good: Handler, times: int) -> Handler:
    """Hangs up on so many connections before it serves."""
    left = [times]

    async def handle(reader: Any, writer: Any) -> None:
        left[0] -= 1
        await (answering(b"") if left[0] >= 0 else good)(reader, writer)

    return handle


def http(port: int, **params: Any) -> Any:
    return check("http", url=f"http://site.example:{port}/", **params)


def tokens(attempts: tuple[Attempt, ...]) -> list[str | None]:
    return [walk.failure for attempt in attempts for walk in attempt.walks]


def test_what_goes_through_at_once_is_tried_once() -> None:
    heard = ran(answering(page("ok")), lambda port: plan(cell("k", http(port))))

    assert [None] == tokens(heard.attempts("k"))


def test_every_attempt_is_kept_and_the_last_one_may_go_through() -> None:
    heard = ran(failing_then(answering(page("ok")), 2), lambda port: plan(cell("k", http(port))))

    assert ["eof_error", "eof_error", None] == tokens(heard.attempts("k"))
    assert [1, 2, 3] == [attempt.number for attempt in heard.attempts("k")]


def test_attempts_end_with_the_number_that_was_asked_for() -> None:
    heard = ran(answering(b""), lambda port: plan(cell("k", http(port))))

    assert ["eof_error"] * 3 == tokens(heard.attempts("k"))


def test_no_attempt_begins_that_the_deadline_would_cut() -> None:
    retry = Retry(attempts=5, wait_min=0.2, wait_max=0.2, deadline=0.5)
    heard = ran(silent, lambda port: plan(cell("k", http(port)), retry=retry))

    assert ["generic_timeout_error"] == tokens(heard.attempts("k"))


def test_a_fault_of_ours_that_lasts_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGAUGE_OFFLINE", "1")
    heard = ran(silent, lambda _: plan(cell("k", check("tcp", host="192.0.2.1", port=1))))

    assert ["permission_denied"] == tokens(heard.attempts("k"))


def test_a_quorum_that_is_reached_settles_the_cell() -> None:
    shut = check("tcp", "shut", host="127.0.0.1", port=1)
    heard = ran(silent, lambda port: plan(cell("k", shut, check("tcp", "open", host="127.0.0.1", port=port))))

    assert ["connection_refused", None] == tokens(heard.attempts("k"))


def test_a_quorum_of_two_is_not_reached_by_one() -> None:
    shut = check("tcp", "shut", host="127.0.0.1", port=1)
    good = ran(silent, lambda port: plan(cell("k", shut, check("tcp", "o", host="127.0.0.1", port=port), quorum=2)))

    assert 3 == len(good.attempts("k"))


def test_a_level_that_a_probe_cannot_show_is_not_tried_again() -> None:
    heard = ran(silent, lambda port: plan(cell("k", check("tcp", host="127.0.0.1", port=port), needs=Level.E3)))

    assert [None] == tokens(heard.attempts("k"))


def test_each_address_of_a_name_is_a_walk_of_its_own() -> None:
    path = Path(name="p", pins={"site.example": ("127.0.0.1", "127.0.0.2")})
    heard = ran(silent, lambda port: plan(cell("k", check("tcp", host="site.example", port=port), path=path)))

    assert [("127.0.0.1", None), ("127.0.0.2", "connection_refused")] == [
        (walk.address, walk.failure) for walk in heard.attempts("k")[0].walks
    ]


@pytest.mark.parametrize(
    ("addresses", "walked"),
    [
        (("127.0.0.2", "127.0.0.3", "127.0.0.1"), ["127.0.0.2", "127.0.0.3", "127.0.0.1"]),
        (("127.0.0.2", "127.0.0.1", "127.0.0.3"), ["127.0.0.2", "127.0.0.1"]),
        (tuple(f"127.0.0.{number}" for number in range(2, 8)), [f"127.0.0.{number}" for number in range(2, 6)]),
    ],
)
def test_more_addresses_of_a_name_are_walked_where_none_of_the_first_takes_a_connection(
    addresses: tuple[str, ...], walked: list[str]
) -> None:
    path = Path(name="p", pins={"site.example": addresses})
    retry = Retry(attempts=1, wait_min=0.01, wait_max=0.02, deadline=5.0)
    heard = ran(
        silent, lambda port: plan(cell("k", check("tcp", host="site.example", port=port), path=path), retry=retry)
    )

    assert walked == [walk.address for walk in heard.attempts("k")[0].walks]


class Counting:
    """A server that tells how many it served at once at the most."""

    def __init__(self, says: bytes = b"") -> None:
        self._says = says
        self._inside = 0
        self.most = 0

    async def __call__(self, reader: Any, writer: Any) -> None:
        self._inside += 1
        self.most = max(self.most, self._inside)
        await asyncio.sleep(0.05)
        self._inside -= 1
        writer.write(self._says)
        await writer.drain()


def test_cells_of_one_endpoint_go_one_after_another_and_know_of_each_other() -> None:
    counting = Counting(page("ok"))
    heard = ran(counting, lambda port: plan(*(cell(key, http(port)) for key in ("a", "b", "c"))))

    assert 1 == counting.most
    assert [(), ("a",), ("b",)] == [heard.attempts(key)[0].before for key in ("a", "b", "c")]
    assert all((heard.attempts(key)[0].gap or 0) < 1 for key in ("b", "c"))


def test_a_cell_knows_that_a_connection_of_another_was_taken_where_it_goes() -> None:
    async def handle(reader: Any, writer: Any) -> None:
        writer.write(page("ok"))
        await writer.drain()

    heard = ran(handle, lambda port: plan(*(cell(key, http(port)) for key in ("a", "b"))))

    first, second = (heard.attempts(key)[0] for key in ("a", "b"))
    assert {} == first.taken
    assert [walk.address for walk in second.walks] == list(second.taken)


def test_what_is_not_applicable_is_answered_and_nothing_is_sent() -> None:
    touched: list[bool] = []

    async def handle(reader: Any, writer: Any) -> None:
        touched.append(True)

    away = "the world does not serve it"
    heard = ran(handle, lambda port: plan(replace(cell("k", http(port)), not_applicable=away)))

    assert ((), []) == (heard.attempts("k"), touched)


def test_checks_of_one_endpoint_go_one_after_another() -> None:
    counting = Counting()

    def make(port: int) -> Scenario:
        checks = (check("tls", f"check{n}", host="site.example", port=port) for n in range(6))
        return plan(cell("k", *checks), retry=Retry(attempts=1))

    ran(counting, make)

    assert 1 == counting.most


def test_waiting_for_others_is_not_counted_against_a_cell() -> None:
    retry = Retry(attempts=1, deadline=0.4)
    heard = ran(silent, lambda port: plan(*(cell(key, http(port)) for key in "abcd"), retry=retry))

    assert ["response"] * 4 == [heard.attempts(key)[0].walks[0].failed_at for key in "abcd"]


def test_controls_are_not_asked_for_what_went_through() -> None:
    controls = Controls(foreign=(check("tcp", "neutral", host="127.0.0.1", port=1),))

    def make(port: int) -> Scenario:
        return plan(cell("k", check("tcp", host="127.0.0.1", port=port)), controls=controls)

    heard = ran(answering(page("ok")), make)

    assert () == heard.facts()["k"].controls
