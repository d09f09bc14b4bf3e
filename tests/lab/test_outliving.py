"""What outlives a flow, to the second: sentences that come late or are drawn, and what rules know of several flows."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.lab.censor.memory import Memory
from harness.lab.censor.rule import compiled
from tests.lab.conftest import hello
from tests.lab.frames import Wire, opening, rule, segment, sides
from tests.lab.test_datagram_rules import went
from tests.lab.test_heuristics import NOISE
from tests.lab.test_tunnel_rules import Talk

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


# Rules about how a connection begins, with what sets them off, and for how long they hold it.
OPENINGS: dict[str, tuple[dict[str, object], list[bytes], float]] = {
    "fully_encrypted": ({"probability": 1}, [NOISE], 180),
    "protocol_allow_list": ({}, [NOISE, NOISE], 60),
    "obfs4_cooldown": ({}, [NOISE], 60),
    "encapsulated_tls": ({"flights": [], "large": 1, "residual": {"key": "4tuple", "seconds": 60}}, [NOISE * 2], 60),
}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("behaviour", OPENINGS)
def test_a_connection_whose_time_is_over_is_not_judged_by_what_it_says_then(behaviour: str, family: int) -> None:
    params, opened, seconds = OPENINGS[behaviour]
    talk = Talk(Wire(rule(behaviour, **params)), tcp=True, family=family, dport=443)
    for data in opened:
        talk(True, data)
    assert "-" == talk(True, NOISE)

    talk.wire.wait(seconds + 0.1)

    assert "iii" == talk(True, NOISE) + talk(True, NOISE) + talk(True, NOISE)


def test_a_connection_that_was_let_go_is_let_go_again_when_another_ones_time_is_over() -> None:
    wire = Wire(rule("fully_encrypted", probability=1))
    talk = Talk(wire, tcp=True)
    assert "i" == talk(True, b"EHLO mail.example.org\r\n")
    Talk(wire, tcp=True, sport=40001)(True, NOISE)
    assert "-" == talk(True, NOISE)

    wire.wait(180.1)

    assert "ii" == talk(True, NOISE) + talk(True, NOISE)
    assert 1 == wire.actions.count("match")


def test_connections_that_chance_spares_are_held_for_one_that_it_does_not_and_then_spared_again() -> None:
    drawn, spared = chosen(0.5)
    wire = Wire(rule("fully_encrypted", probability=0.5))
    talks = {port: Talk(wire, tcp=True, sport=port) for port in PORTS}  # chance goes by the order of connections
    assert "i" == talks[drawn](True, NOISE)
    assert {"-"} == {talks[port](True, NOISE) for port in spared}

    wire.wait(180.1)

    assert {"i"} == {talks[port](True, NOISE) for port in spared for _ in range(2)}
    assert 1 == wire.actions.count("match")


PORTS = range(40000, 40016)


def chosen(share: float) -> tuple[int, list[int]]:
    """Of the ports, the last that chance draws, and those that it spares."""
    wire = Wire(rule("fully_encrypted", probability=share, residual=None))
    fates = {port: "-" in Talk(wire, tcp=True, sport=port).all([(True, NOISE)] * 2) for port in PORTS}
    return max(port for port in fates if fates[port]), [port for port in fates if not fates[port]]


def test_datagrams_after_their_time_begin_a_flow_anew() -> None:
    wire = Wire(rule("quic_v1_drop"))
    first = (b"\xc3\0\0\0\1").ljust(1200, b"\7")
    seen = []
    for _ in range(3):
        seen.append(went(wire, first, b"more", first, dport=443))
        wire.wait(420.1)

    assert ["---"] * 3 == seen


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
