"""Each world shows what it must: the verdict of every cell, and for it the doings of the censor, or none."""

from __future__ import annotations

import functools
import os

import pytest

from harness.errors import ApparatusError
from harness.lab.servers import singbox
from harness.lab.world import worlds
from harness.vantage.place import tier
from tests.truth.measuring import FOLDER, Shown, Truth, disagreements, measure

WORLDS = [pytest.param(name, marks=pytest.mark.xdist_group(f"truth-{name}")) for name in worlds()]


@functools.cache
def missing() -> str:
    """What keeps a lab from being opened here, "" where nothing does."""
    if singbox.program() is None:
        return "no sing-box; pip install 'waygauge[engines]'"
    try:
        tier()
    except ApparatusError as exc:
        return str(exc)
    return ""


@functools.cache
def shown(world: str) -> dict[str, Shown]:
    """The world, measured once for all that is asked of it."""
    return measure(Truth(world))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> tuple[Truth, dict[str, Shown]]:
    if missing() and not os.environ.get("CI"):
        pytest.skip(missing())
    return Truth(request.param), shown(request.param)


def test_every_world_has_its_truth() -> None:
    assert [] == [name for name in worlds() if not (FOLDER / f"{name}.yaml").is_file()]


@pytest.mark.parametrize("measured", WORLDS, indirect=True)
def test_every_verdict_is_the_truth(measured: tuple[Truth, dict[str, Shown]]) -> None:
    truth, cells = measured

    assert {} == disagreements({name: truth.expected(name).contradicted_by(each) for name, each in cells.items()})


@pytest.mark.parametrize("measured", WORLDS, indirect=True)
def test_the_censor_did_what_the_verdicts_say_and_nothing_else(measured: tuple[Truth, dict[str, Shown]]) -> None:
    truth, cells = measured

    assert {} == disagreements({name: truth.expected(name).denied_by(each) for name, each in cells.items()})
