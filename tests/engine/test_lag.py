import asyncio
import time

from harness.engine.lag import LagSampler


def test_the_worst_sample_since_a_moment_is_told() -> None:
    sampler = LagSampler(clock=lambda: 9.0)
    for moment, late in ((1.0, 0.5), (2.0, 0.1), (3.0, 0.3), (4.0, 0.2)):
        sampler.note(moment, late)

    assert [0.5, 0.3, 0.3, 0.2, 0.0] == [sampler.since(moment) for moment in (0.0, 1.5, 2.5, 3.5, 5.0)]


def test_old_samples_are_let_go() -> None:
    sampler = LagSampler(clock=lambda: 100.0)
    sampler.note(1.0, 0.5)
    sampler.note(99.0, 0.1)

    assert 0.1 == sampler.since(0.0)


def test_a_loop_that_was_held_up_is_seen_by_who_asks_right_after() -> None:
    async def world() -> tuple[float, float]:
        sampler = LagSampler()
        task = asyncio.create_task(sampler.run())
        await asyncio.sleep(0.05)
        worst = sampler.gauge()
        time.sleep(0.2)  # noqa: ASYNC251 - holding up the loop is the point
        held, after = worst(), worst
        await asyncio.sleep(0.1)
        after()
        quiet = after()
        task.cancel()
        return held, quiet

    held, quiet = asyncio.run(world())
    assert held >= 0.15
    assert quiet < 0.15


def test_gauges_do_not_take_from_each_other() -> None:
    sampler = LagSampler(clock=lambda: 0.0)
    first, second = sampler.gauge(), sampler.gauge()
    sampler.note(1.0, 0.4)

    assert (0.4, 0.4) == (first(), second())
