"""Rules at work at certain hours of the world's own day."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from harness.lab import open_lab
from harness.lab.censor.hours import DAY, Hours, seconds, spelled
from tests.lab.conftest import RESOLVER, SERVE, WORLD, Prober, hello, query
from tests.lab.frames import INTERNET, Wire, datagram, opening, rule, segment, sides

NIGHT = ["01:00-09:00"]
NAMED = {"names": ["news.example"], "hours": NIGHT}


def at(clock: str, *rules: Any) -> Wire:
    """A wire whose day has come that far."""
    wire = Wire(*rules)
    wire.engine.midnight = wire.now - seconds(clock)
    return wire


@pytest.mark.parametrize(
    ("spans", "time", "holds"),
    [
        (["01:00-09:00"], "00:59:59", False),
        (["01:00-09:00"], "01:00", True),
        (["01:00-09:00"], "08:59:59", True),
        (["01:00-09:00"], "09:00", False),
        (["22:00-02:00"], "21:59:59", False),
        (["22:00-02:00"], "22:00", True),
        (["22:00-02:00"], "00:00", True),
        (["22:00-02:00"], "02:00", False),
        (["22:00-24:00"], "23:59:59", True),
        (["22:00-24:00"], "00:00", False),
        (["00:00-01:00", "12:00-13:00"], "12:30", True),
        (["00:00-01:00", "12:00-13:00"], "11:00", False),
    ],
)
def test_a_span_holds_from_its_begin_up_to_its_end_over_midnight_too(spans: list[str], time: str, holds: bool) -> None:
    assert holds is Hours(spans).holds(seconds(time))


@pytest.mark.parametrize("text", ["00:00", "02:30", "23:59:07", "24:00"])
def test_a_time_of_day_is_spelled_as_it_was_read(text: str) -> None:
    assert text == spelled(seconds(text))


@pytest.mark.parametrize("clock", ["01:00", "08:59"])
def test_a_rule_acts_within_its_hours(clock: str, family: int) -> None:
    wire = at(clock, rule("blackout", hours=NIGHT))

    assert ("", ["drop"]) == (sides(wire.receive(opening(family=family))), wire.actions)


@pytest.mark.parametrize("clock", ["00:59", "09:00"])
def test_a_rule_does_nothing_outside_its_hours(clock: str, family: int) -> None:
    wire = at(clock, rule("blackout", hours=NIGHT))

    assert ("i", []) == (sides(wire.receive(opening(family=family))), wire.actions)


def test_a_standing_flow_is_caught_when_the_hour_comes_and_let_go_when_it_is_over() -> None:
    wire = at("00:59:59", rule("blackout", hours=["01:00-01:01"]))
    before = wire.receive(datagram(b"one"))
    wire.wait(1.0)
    within = wire.receive(datagram(b"two"))
    wire.wait(60.0)
    after = wire.receive(datagram(b"three"))

    assert ("i", "", "i") == (sides(before), sides(within), sides(after))


def test_the_hours_come_again_the_next_day() -> None:
    wire = at("00:30", rule("blackout", hours=NIGHT))
    wire.wait(DAY + 3600)

    assert "" == sides(wire.receive(opening()))


def test_what_is_remembered_of_a_trigger_has_the_rules_hours_too() -> None:
    wire = at("08:59:50", rule("sni_drop", residual={"seconds": 60.0}, **NAMED))
    wire.receive(opening())
    caught = wire.receive(segment(hello("news.example")))
    wire.wait(5.0)
    within = wire.receive(opening(sport=40001))
    wire.wait(10.0)
    after = wire.receive(opening(sport=40002))

    assert ("", "", "i") == (sides(caught), sides(within), sides(after))


def test_an_innocent_flow_passes_before_between_and_after(family: int) -> None:
    wire = at("02:00", rule("sni_drop", **NAMED))
    seen = ""
    for sport, name in ((1, "a.example"), (2, "news.example"), (3, "b.example"), (4, "news.example"), (5, "c.example")):
        wire.receive(opening(sport=sport, family=family))
        seen += sides(wire.receive(segment(hello(name), sport=sport, family=family))) or "-"

    assert "i-i-i" == seen


@pytest.mark.parametrize(("answer", "seen"), [("none", ""), ("unreachable", "c")])
def test_a_network_that_is_off_is_silent_or_says_that_there_is_no_way(answer: str, seen: str, family: int) -> None:
    wire = Wire(rule("blackout", answer=answer))

    assert (seen, ["drop"]) == (sides(wire.receive(datagram(b"one", family=family))), wire.actions)


def test_nothing_comes_in_while_the_network_is_off() -> None:
    wire = Wire(rule("blackout", answer="unreachable"))

    assert "i" == sides(wire.receive(datagram(b"one", back=True), INTERNET))


def test_what_is_exempt_of_a_blackout_passes() -> None:
    wire = Wire(rule("blackout", exempt_ports=[53], exempt_prefixes=["192.5.5.0/24"]))

    assert ("i", "i", "") == (
        sides(wire.receive(datagram(b"one", dport=53))),
        sides(wire.receive(datagram(b"one", dport=443, to="192.5.5.241"))),
        sides(wire.receive(datagram(b"one", dport=443))),
    )


@pytest.mark.parametrize(("clock", "answers", "logged"), [("08:00", 0, {"blackout"}), ("12:00", 1, set())])
def test_a_lab_starts_its_day_where_its_world_says(able: None, clock: str, answers: int, logged: set[str]) -> None:
    world = dataclasses.replace(WORLD, clock=seconds(clock), censor=(rule("blackout", hours=NIGHT),))
    with open_lab(world, serve=SERVE) as lab:
        prober = Prober(lab)
        heard = prober(do="udp", address=RESOLVER[4], port=53, payload=query("a.example").hex(), most=1)
        acted = {event.behaviour for event in lab.log()}
        prober.close()

    assert (answers, logged) == (len(heard), acted)
