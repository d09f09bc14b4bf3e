import asyncio
import resource
import time

import pytest

from harness.engine.admission import Chambers, Gates, Pacer, room_for_cells


def entered(limit: int, *keys: str, urgent: str = "") -> list[str]:
    """The order in which holders of a place came in, while the first one is held back."""
    order: list[str] = []

    async def hold(gates: Gates, key: str, name: str, begun: asyncio.Event) -> None:
        async with gates.hold(key, urgent=name == urgent):
            order.append(name)
            await begun.wait()

    async def world() -> None:
        gates, begun = Gates(limit), asyncio.Event()
        holders = [asyncio.create_task(hold(gates, key, f"{key}{n}", begun)) for n, key in enumerate(keys)]
        await asyncio.sleep(0.01)
        order.append("|")
        begun.set()
        await asyncio.gather(*holders)

    asyncio.run(world())
    return order


def test_no_more_than_the_limit_are_inside_at_once() -> None:
    assert ["a0", "a1", "|", "a2", "a3"] == entered(2, "a", "a", "a", "a")


def test_each_key_has_places_of_its_own() -> None:
    assert ["a0", "b1", "|"] == entered(1, "a", "b")


def test_the_urgent_pass_those_who_wait() -> None:
    assert ["a0", "|", "a2", "a1"] == entered(1, "a", "a", "a", urgent="a2")


def test_a_place_is_not_lost_when_the_one_it_is_handed_to_is_cancelled() -> None:
    async def world() -> None:
        gates = Gates(1)
        async with gates.hold("a"):
            waiting = asyncio.create_task(gates._enter("a", False))
            await asyncio.sleep(0)
        waiting.cancel()  # in the very turn in which it was handed the place
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), gates.hold("a"):
            pass

    asyncio.run(world())


def test_rings_of_waiters_cannot_arise() -> None:
    async def both(gates: Gates, keys: list[str]) -> None:
        for _ in range(50):
            async with gates.hold_all(keys):
                await asyncio.sleep(0)

    async def world() -> None:
        gates = Gates(1)
        async with asyncio.timeout(5):
            await asyncio.gather(both(gates, ["a", "b"]), both(gates, ["b", "a"]), both(gates, ["b", "c", "a"]))

    asyncio.run(world())


def together(*came: str) -> list[str]:
    """Who was inside with whom, one word for each time: `a1` is the first to come, of the party `a`."""
    seen: list[str] = []

    async def stay(chambers: Chambers, name: str, inside: list[str]) -> None:
        async with chambers.hold("key", name[0]):
            inside.append(name)
            await asyncio.sleep(0.01)
            seen.append("".join(inside))
            await asyncio.sleep(0.01)
            inside.remove(name)

    async def world() -> None:
        chambers, inside = Chambers(), list[str]()
        await asyncio.gather(*(stay(chambers, f"{party}{n}", inside) for n, party in enumerate(came, 1)))
        assert not chambers._chambers

    asyncio.run(world())
    return list(dict.fromkeys(seen))


def test_a_party_is_inside_together_and_alone() -> None:
    assert ["a1a2", "b3b4"] == together("a", "a", "b", "b")


def test_who_comes_when_others_wait_waits_behind_them_and_a_party_goes_in_at_once() -> None:
    assert ["a1", "b2b4", "a3a5", "c6"] == together("a", "b", "a", "b", "a", "c")


def test_parties_under_other_keys_know_nothing_of_each_other() -> None:
    async def world() -> None:
        chambers = Chambers()
        async with asyncio.timeout(1), chambers.hold("one", "a"), chambers.hold("other", "b"):
            pass

    asyncio.run(world())


@pytest.mark.parametrize("let_in", [False, True])
def test_who_gives_up_waiting_keeps_nobody_out(let_in: bool) -> None:
    async def world() -> None:
        chambers = Chambers()
        async with chambers.hold("key", "a"):
            waiting = asyncio.create_task(chambers._enter("key", "b"))
            await asyncio.sleep(0)
            if not let_in:
                waiting.cancel()
                await asyncio.sleep(0)
        waiting.cancel()  # in the very turn in which it was let in
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), chambers.hold("key", "c"):
            pass

    asyncio.run(world())


def test_launches_are_spread_over_the_second() -> None:
    async def world() -> float:
        pacer, began = Pacer(100), time.monotonic()
        await asyncio.gather(*(pacer.turn() for _ in range(21)))
        return time.monotonic() - began

    assert 0.17 <= asyncio.run(world())


def test_a_loop_that_is_late_is_fed_more_slowly() -> None:
    async def world() -> float:
        pacer, began = Pacer(100, late=lambda: 0.1), time.monotonic()
        await asyncio.gather(*(pacer.turn() for _ in range(6)))
        return time.monotonic() - began

    assert 0.12 <= asyncio.run(world())


def test_an_urgent_launch_goes_first() -> None:
    order: list[str] = []

    async def launch(pacer: Pacer, name: str) -> None:
        await pacer.turn(urgent=name == "control")
        order.append(name)

    async def world() -> None:
        pacer = Pacer(20)
        await asyncio.gather(*(launch(pacer, name) for name in ("first", "cell", "cell", "control")))

    asyncio.run(world())
    assert ["first", "control", "cell", "cell"] == order


def test_a_cancelled_launch_leaves_its_turn_to_the_next() -> None:
    async def world() -> None:
        pacer = Pacer(50)
        await pacer.turn()
        gone = asyncio.create_task(pacer.turn())
        await asyncio.sleep(0)
        gone.cancel()
        async with asyncio.timeout(1):
            await pacer.turn()

    asyncio.run(world())


def test_cells_are_fewer_where_descriptors_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))

    assert 33 == room_for_cells(128)


def test_a_low_soft_limit_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert 128 == room_for_cells(128)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
