"""What a censor of the lab does to a line is what is measured, and what the verdict says."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
from typing import Any

import pytest

from harness import catalogue
from harness.errors import ApparatusError
from harness.lab.servers import singbox
from harness.model import CellFacts, Stage, Vantage, Verdict
from harness.vantage import Hushed, Setup
from harness.vantage.place import overlay, tier
from harness.vantage.session import EngineSession
from harness.wire import emodel

HERE = pathlib.Path(__file__).parent
WORLD = str(HERE / "poor.world.yaml")
PATIENCE = 120.0


@dataclasses.dataclass(frozen=True)
class Seen:
    verdict: Verdict
    facts: CellFacts

    @property
    def figures(self) -> dict[str, Any]:
        found = self.facts.attempts[-1].walks[0].at(Stage.MEDIA)
        assert found is not None
        return dict(found.detail)


@functools.cache
def missing() -> str:
    if singbox.program() is None:
        return "no sing-box; pip install 'waygauge[engines]'"
    try:
        tier()
    except ApparatusError as exc:
        return str(exc)
    return ""


@functools.cache
def measured() -> dict[str, Seen]:
    """Every cell of the scenario, measured once for all that is asked of it."""
    plan = catalogue.read(HERE / "poor.reach.yaml", root=HERE.parents[1], env={}, world=overlay(WORLD)).plan
    cells = tuple(
        cell for cell in plan.cells if cell.path.name == "v4" or cell.target.name in {"stun", "clear", "fast"}
    )
    session = EngineSession.start(Setup(vantage=Vantage(name="media"), world=WORLD))
    try:
        session.submit([dataclasses.replace(plan, cells=cells)], Hushed())
        return {cell.key.partition(":")[2]: _seen(session, cell.key) for cell in cells}
    finally:
        session.close()


def _seen(session: EngineSession, key: str) -> Seen:
    outcome = session.result(key, PATIENCE)
    assert outcome is not None, f"{key} did not end within {PATIENCE} s"
    return Seen(outcome.verdict, outcome.facts)


def cell(name: str, path: str = "v4") -> Seen:
    if missing() and not os.environ.get("CI"):
        pytest.skip(missing())
    return measured()[f"{name}[{path}]"]


@pytest.mark.parametrize(
    ("name", "claim", "mechanism"),
    [
        ("policed", "degraded", "flow.policed"),
        ("shaped", "degraded", "flow.shaped"),
        ("frozen", "blocked", "flow.freeze"),
        ("fast", "usable", None),
        ("starved-line", "degraded", "net.slow"),
        ("stun", "blocked", "stun.drop"),
        ("crackling", "degraded", "media.loss"),
        ("clear", "usable", None),
        ("cut-off", "blocked", "udp.freeze"),
        ("undeclared", "inconclusive", None),
    ],
)
def test_each_way_of_going_poorly_is_told_from_the_others(name: str, claim: str, mechanism: str | None) -> None:
    verdict = cell(name).verdict

    assert (claim, mechanism) == (verdict.claim, verdict.mechanism)


@pytest.mark.parametrize(
    ("name", "claim"), [("stun", "not_applicable"), ("clear", "not_applicable"), ("fast", "usable")]
)
def test_what_speaks_in_datagrams_is_not_asked_of_a_path_that_carries_none(name: str, claim: str) -> None:
    assert claim == cell(name, "tcp-only").verdict.claim


def test_without_an_echo_the_verdict_says_what_to_declare() -> None:
    assert "waygauge echo" in cell("undeclared").verdict.declare


@pytest.mark.parametrize("name", ["policed", "shaped"])
def test_the_rate_that_is_set_is_the_rate_that_is_measured(name: str) -> None:
    # the censor counts IP packets, the probe what TLS carries: 3 to 6 percent less
    assert 400e3 == pytest.approx(cell(name).figures["down"]["rate"], rel=0.15)


def test_policing_leaves_the_round_trip_alone_and_shaping_does_not() -> None:
    policed, shaped = cell("policed").figures["down"], cell("shaped").figures["down"]

    assert policed["rtt"] < 2 * policed["rtt_least"]
    assert shaped["rtt"] > 3 * shaped["rtt_least"]


def test_the_loss_and_the_jitter_that_are_set_are_measured_each_way() -> None:
    found = cell("crackling").figures

    # of 150 datagrams, a tenth lost: 2.4 points of chance
    assert [0.1, 0.1] == pytest.approx([found["up"]["loss"], found["down"]["loss"]], abs=0.06)
    assert [0.04, 0.04] == pytest.approx([found["up"]["jitter"], found["down"]["jitter"]], rel=0.35)


def test_the_score_is_that_of_g107_for_what_was_set() -> None:
    found = cell("crackling").figures
    truth = emodel.quality(emodel.mouth_to_ear(found["rtt"], 0.04), 0.1).mos

    assert truth == pytest.approx(found["mos"], abs=0.4)


def test_a_freeze_is_told_with_the_packet_at_which_it_came() -> None:
    stopped = cell("frozen").figures["stopped"]

    assert (True, True) == (stopped["stalled"], stopped["segments_in"] <= 25)


def test_a_target_of_good_quality_is_compared_with_nothing() -> None:
    assert () == cell("fast").facts.controls


def test_a_stream_that_was_cut_off_says_after_how_many_datagrams() -> None:
    assert 10 <= cell("cut-off").figures["stopped"]["sent"] <= 25
