import asyncio
from collections.abc import Sequence
from typing import Any

from harness.engine import protocol as say
from harness.model import Control, Controls, Path, Retry, Role
from tests.engine.loopback import SITE, answering, page, path_to_site, serving
from tests.engine.plans import QUICK, Heard, cell, check, plan, session

ONCE = Retry(attempts=1, deadline=2.0)


class Counting:
    """An HTTP server that answers, and counts who came."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, reader: Any, writer: Any) -> None:
        self.times += 1
        await answering(page("neutral"))(reader, writer)


def controlled(*keys: str, paths: Sequence[Path] = (), retry: Retry = ONCE) -> tuple[Heard, int]:
    """Cells that are refused, with one neutral host; what the session said, and how often that host was met."""
    neutral = Counting()

    async def world() -> Heard:
        async with serving(neutral) as port:
            controls = Controls(
                foreign=(check("http", "neutral", url=f"http://127.0.0.1:{port}/"),), paths=tuple(paths)
            )
            cells = (cell(key, check("tcp", host="127.0.0.1", port=1)) for key in keys)
            return await session(plan(*cells, controls=controls, retry=retry))

    return asyncio.run(world()), neutral.times


def kept(heard: Heard, key: str) -> list[tuple[Role, str]]:
    return [(control.role, control.path) for control in heard.facts()[key].controls]


def test_a_failure_has_its_control_beside_it() -> None:
    heard, _ = controlled("k")

    assert [(Role.FOREIGN, "direct")] == kept(heard, "k")
    (control,) = heard.facts()["k"].controls
    assert control.walks[0].completed


def test_a_control_is_told_by_itself_before_the_cell_that_asked_for_it() -> None:
    heard, _ = controlled("k")

    assert [say.ControlDone, say.CellDone] == [
        type(event) for event in heard.events if isinstance(event, (say.ControlDone, say.CellDone))
    ]


def test_cells_that_ask_for_the_same_control_share_it() -> None:
    heard, times = controlled("a", "b", "c", retry=QUICK)

    assert 1 == times
    assert 1 == len({control.at for key in "abc" for control in heard.facts()[key].controls})


def test_a_check_that_failed_is_repeated_over_a_path_known_good() -> None:
    good = Path(name="good", pins=path_to_site().pins)
    heard, _ = controlled("k", paths=[good])

    roles = kept(heard, "k")
    assert (Role.KNOWN_GOOD, "good") in roles
    assert (Role.FOREIGN, "good") in roles


def of_a_handshake(neutral_port: int | None) -> set[Role]:
    """What a cell asks for whose handshake is hung up on, a neutral host on that port beside; None: one answers."""

    async def hanging_up(reader: Any, writer: Any) -> None:
        writer.close()

    async def world() -> Heard:
        async with serving(hanging_up) as port, serving(answering(page("neutral"))) as answers:
            target = check("tls", host=SITE, port=port)
            neutral = check("http", "neutral", url=f"http://{SITE}:{neutral_port or answers}/")
            return await session(plan(cell("k", target), controls=Controls(foreign=(neutral,)), retry=ONCE))

    return {role for role, _ in kept(asyncio.run(world()), "k")}


def test_names_are_put_at_risk_only_where_something_neutral_came_through() -> None:
    risky = {Role.OTHER_NAME, Role.OTHER_HELLO}

    assert (risky, set()) == (risky & of_a_handshake(None), risky & of_a_handshake(2))


def test_a_control_that_fails_is_a_fact_like_any_other() -> None:
    async def world() -> Heard:
        controls = Controls(foreign=(check("tcp", "neutral", host="127.0.0.1", port=2),))
        return await session(plan(cell("k", check("tcp", host="127.0.0.1", port=1)), controls=controls, retry=ONCE))

    (control,) = asyncio.run(world()).facts()["k"].controls
    assert isinstance(control, Control)
    assert "connection_refused" == control.walks[0].failure


class Coming:
    """An HTTP server that hangs up on whoever comes first, and serves all others."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, reader: Any, writer: Any) -> None:
        self.times += 1
        if self.times == 1:
            writer.close()
        else:
            await answering(page("own"))(reader, writer)


def coming(*keys: str) -> Heard:
    """Cells whose server serves all but the first who comes, with a path known good."""

    async def world() -> Heard:
        async with serving(Coming()) as port, serving(answering(page("neutral"))) as other:
            neutral = check("http", "neutral", url=f"http://127.0.0.1:{other}/")
            controls = Controls(foreign=(neutral,), paths=(Path(name="other-way"),))
            cells = (cell(key, check("http", "own", url=f"http://127.0.0.1:{port}/")) for key in keys)
            return await session(plan(*cells, controls=controls, retry=ONCE))

    return asyncio.run(world())


def test_what_a_path_known_good_brings_is_asked_for_here_again() -> None:
    asked = kept(coming("k"), "k")

    assert asked.index((Role.KNOWN_GOOD, "other-way")) < asked.index((Role.AGAIN, "direct"))


def test_what_no_path_brings_is_not_asked_for_again() -> None:
    heard, _ = controlled("k", paths=(Path(name="other-way"),))

    assert Role.AGAIN not in dict(kept(heard, "k"))


def test_what_was_seen_before_a_failure_says_nothing_of_it() -> None:
    asked: dict[str, float] = {}

    async def world() -> Heard:
        controls = Controls(paths=(Path(name="other-way"),))
        cells = (cell(key, check("tcp", host="127.0.0.1", port=1)) for key in ("a", "b"))
        return await session(plan(*cells, controls=controls, retry=ONCE))

    for key, facts in asyncio.run(world()).facts().items():
        (good,) = (one for one in facts.controls if one.role is Role.KNOWN_GOOD)
        asked[key] = good.at - facts.attempts[0].at

    assert all(late >= 0 for late in asked.values())
