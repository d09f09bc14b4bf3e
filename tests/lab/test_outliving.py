"""What outlives a flow, to the second: sentences that come late or are drawn, and what rules know of several flows."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.lab.censor.memory import Memory
from harness.lab.censor.rule import compiled
from tests.lab.conftest import hello
from tests.lab.frames import Wire, opening, rule, segment, sides

BAD, GOOD = hello("www.facebook.com"), hello("example.org")


def greet(wire: Wire, data: bytes, sport: int) -> str:
    """Opens a connection, says hello, and tells where the hello went."""
    wire.receive(opening(sport=sport))
    return sides(wire.receive(segment(data, sport=sport)))


def drop(**residual: object) -> Wire:
    return Wire(rule("sni_drop", names=["facebook.com"], residual=residual))


def test_a_late_sentence_holds_its_own_flow_at_once_and_others_later() -> None:
    wire = drop(seconds=120, late=1)
    assert ["i", ""] == [greet(wire, GOOD, 40000), greet(wire, BAD, 40001)]

    wire.wait(0.9)
    early = [greet(wire, GOOD, 40002), sides(wire.receive(segment(b"x", at=1 + len(GOOD), sport=40000)))]
    wire.wait(0.2)
    late = [greet(wire, GOOD, 40003), sides(wire.receive(segment(b"x", at=2 + len(GOOD), sport=40000)))]

    assert (["i", "i"], ["", ""]) == (early, late)


def test_a_late_sentence_is_forgotten_with_the_rules_that_made_it() -> None:
    wire = drop(seconds=120, late=1)
    greet(wire, GOOD, 40000)
    greet(wire, BAD, 40001)
    wire.swap()

    wire.wait(2)

    assert "i" == sides(wire.receive(segment(b"x", at=1 + len(GOOD), sport=40000)))


def test_a_drawn_sentence_lasts_between_its_bounds_and_differs_from_flow_to_flow() -> None:
    lasted = []
    for port in range(1, 9):
        wire = drop(seconds=60, most=360)
        wire.receive(opening(dport=port))
        wire.receive(segment(BAD, dport=port))
        (sentence,) = wire.engine.residuals._standing.values()
        lasted.append(sentence.until - wire.now)

    assert 60 <= min(lasted) < 200 < max(lasted) <= 360


def test_old_flows_bring_no_sentence_upon_the_flows_of_new_rules() -> None:
    wire = drop(seconds=60)
    wire.receive(opening(sport=40000))
    wire.swap(rule("sni_drop", names=["example.org"], residual={"seconds": 60}))

    wire.receive(segment(BAD, sport=40000))

    assert "i" == greet(wire, hello("other.example"), 40001)


@dataclass
class Tally:
    """How often something happened, and until when that matters."""

    until: float
    times: int = 0

    def over(self, now: float) -> bool:
        return now > self.until


def test_a_rule_knows_what_it_learnt_under_the_same_key_until_that_is_over() -> None:
    one, other = compiled([{"behaviour": "address_blackhole", "params": {}}] * 2, seed=1, generation=0)
    memory = Memory()
    for about, key in [(one, b"a"), (one, b"a"), (one, b"b"), (other, b"a")]:
        memory.of(about, key, lambda: Tally(until=5.0)).times += 1
    known = [memory.of(about, key, lambda: Tally(0)).times for about, key in [(one, b"a"), (one, b"b"), (other, b"a")]]

    memory.sweep(4.0)
    assert ([2, 1, 1], 3) == (known, len(memory))
    memory.sweep(6.0)

    assert 0 == len(memory)


@pytest.mark.parametrize("family", [4, 6])
def test_resets_may_differ_from_each_to_the_next(family: int) -> None:
    shape = {"to": "client", "ttl": 40, "window": 1980, "grow": 1, "ahead": [0, 1460, 4380]}
    wire = Wire(rule("sni_reset", names=["facebook.com"], reset=shape))
    wire.receive(opening(family=family))

    sent = [frame for _, frame in wire.receive(segment(BAD, family=family))]

    head, ttl = (34, 22) if family == 4 else (54, 21)
    assert [40, 41, 42] == [frame[ttl] for frame in sent]
    assert [1980, 1981, 1982] == [int.from_bytes(frame[head + 14 : head + 16], "big") for frame in sent]
    assert [1, 1461, 4381] == [int.from_bytes(frame[head + 4 : head + 8], "big") for frame in sent]
