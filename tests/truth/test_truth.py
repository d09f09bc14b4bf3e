"""Each world shows what it must: the verdict of every cell, and for it the doings of the censor, or none."""

from __future__ import annotations

import functools

import pytest

from harness.lab.world import World, load_world, worlds
from tests.truth.lab import skip_without_lab
from tests.truth.measuring import Shown, Truth, disagreements, measure, truths

WORLDS = truths()
VARIED = [world for world in map(load_world, worlds()) if world.vantages or world.timetable]


@functools.cache
def shown(world: str) -> dict[str, Shown]:
    """The world, measured once for all that is asked of it."""
    return measure(Truth(world))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> tuple[Truth, dict[str, Shown]]:
    skip_without_lab()
    return Truth(request.param), shown(request.param)


def test_every_world_has_its_truth() -> None:
    assert [] == sorted(set(worlds()) - set(truths()))


@pytest.mark.parametrize("world", VARIED, ids=lambda world: world.name)
def test_every_vantage_and_time_of_a_world_has_its_truth(world: World) -> None:
    measured = {word for truth in truths() if truth.startswith(f"{world.name}@") for word in truth.split("@")[1:]}

    assert [] == sorted({*world.vantages, *world.timetable} - measured)


@pytest.mark.parametrize("measured", WORLDS, indirect=True)
def test_every_verdict_is_the_truth(measured: tuple[Truth, dict[str, Shown]]) -> None:
    truth, cells = measured

    assert {} == disagreements({name: truth.expected(name).contradicted_by(each) for name, each in cells.items()})


@pytest.mark.parametrize("measured", WORLDS, indirect=True)
def test_the_censor_did_what_the_verdicts_say_and_nothing_else(measured: tuple[Truth, dict[str, Shown]]) -> None:
    truth, cells = measured

    assert {} == disagreements({name: truth.expected(name).denied_by(each) for name, each in cells.items()})
