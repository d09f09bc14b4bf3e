"""Censors that miss some of what they are about, and none after so many triggers: to the trigger, pair and hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.lab.censor.packet import CLIENT, RST, SYN, Packet
from harness.lab.censor.reliability import FORGOTTEN
from tests.lab.frames import Wire, opening, rule, segment
from tests.lab.hellos import Made

FAMILIES = pytest.mark.parametrize("family", [4, 6])
NEIGHBOUR = {4: "192.5.5.241", 6: "2001:500:2f::f"}
Say = Callable[[str], bytes]


def hello(name: str) -> bytes:
    return Made(name=name).record


def request(name: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()


# Each rule that misses some, and what sets it off; nothing outlives a flow here but the count.
RULES: list[tuple[str, dict[str, Any], Say]] = [
    ("gfw_reset", {"names": ["facebook.com"], "residual": None}, hello),
    ("http_keyword_reset", {"keywords": ["facebook"], "residual": None}, request),
]
EACH = pytest.mark.parametrize(("behaviour", "more", "say"), RULES, ids=[name for name, *_ in RULES])
BAD, GOOD = "www.facebook.com", "example.org"


def reset(wire: Wire, data: bytes, sport: int, **more: Any) -> bool:
    """True where a connection that says that is reset; what it says goes on in any case."""
    wire.receive(opening(sport=sport, **more))
    sent = [Packet(frame, 1 - side) for side, frame in wire.receive(segment(data, sport=sport, **more))]
    assert [data] == [one.payload for one in sent if one.payload]
    resets = {one.side for one in sent if one.flags & RST}
    assert resets in (set(), {0, 1})  # both ends or none
    return bool(resets)


def resets(wire: Wire, data: bytes, count: int, first: int = 40000, **more: Any) -> list[bool]:
    return [reset(wire, data, first + at, **more) for at in range(count)]


@FAMILIES
@EACH
def test_six_and_seven_may_be_missed_and_the_eighth_is_not(
    behaviour: str, more: dict[str, Any], say: Say, family: int
) -> None:
    wire = Wire(rule(behaviour, **more, hits=0, sure_after=7))
    around = [say(name) for name in (GOOD, BAD)]

    seen = [reset(wire, data, 40000 + at, family=family) for at, data in enumerate(around * 9)]

    assert [False] * 7 + [True] * 2 == seen[1::2]
    assert [False] * 9 == seen[0::2]
    assert ["match", "rst"] * 2 == wire.actions


@EACH
def test_another_server_is_counted_by_itself_and_all_its_ports_together(
    behaviour: str, more: dict[str, Any], say: Say
) -> None:
    wire = Wire(rule(behaviour, **more, hits=0, sure_after=7))
    resets(wire, say(BAD), 7)

    assert [False] * 7 == resets(wire, say(BAD), 7, to=NEIGHBOUR[4])
    assert [False] * 7 == resets(wire, say(BAD), 7, family=6)
    assert [True] == resets(wire, say(BAD), 1, 41000, dport=8443)


@EACH
def test_an_hour_without_a_trigger_is_forgotten(behaviour: str, more: dict[str, Any], say: Say) -> None:
    wire = Wire(rule(behaviour, **more, hits=0, sure_after=7))
    resets(wire, say(BAD), 8)
    wire.wait(FORGOTTEN - 1)
    assert [True] == resets(wire, say(BAD), 1, 41000)
    wire.wait(FORGOTTEN)

    assert [False] * 7 + [True] == resets(wire, say(BAD), 8, 42000)


@EACH
def test_other_rules_count_from_nothing(behaviour: str, more: dict[str, Any], say: Say) -> None:
    wire = Wire(rule(behaviour, **more, hits=0, sure_after=1))
    assert [False, True] == resets(wire, say(BAD), 2)

    wire.swap(rule(behaviour, **more, hits=0, sure_after=1))

    assert [False, True] == resets(wire, say(BAD), 2, 41000)


@EACH
def test_what_is_sent_again_is_no_further_trigger(behaviour: str, more: dict[str, Any], say: Say) -> None:
    wire = Wire(rule(behaviour, **more, hits=0, sure_after=2))
    reset(wire, say(BAD), 40000)
    for _ in range(5):
        wire.receive(segment(say(BAD), sport=40000))

    assert [False, True] == resets(wire, say(BAD), 2, 41000)


@EACH
@pytest.mark.parametrize("hits", [0.5, 0.75])
def test_without_a_count_the_share_stays_what_it_is_and_falls_out_the_same_each_time(
    behaviour: str, more: dict[str, Any], say: Say, hits: float
) -> None:
    first, again = (resets(Wire(rule(behaviour, **more, hits=hits, sure_after=0)), say(BAD), 400) for _ in range(2))

    assert first == again
    assert hits == pytest.approx(first.count(True) / 400, abs=0.07)


def test_the_great_firewall_misses_one_in_four_of_the_first_seven_and_none_behind_them() -> None:
    wire = Wire(rule("gfw_reset", names=["facebook.com"], residual=None))
    seen = [resets(wire, hello(BAD), 9, to=f"198.41.1.{host}") for host in range(1, 101)]

    assert 0.75 == pytest.approx(sum(one.count(True) for one in (row[:7] for row in seen)) / 700, abs=0.05)
    assert 0.75 == pytest.approx(sum(row[6] for row in seen) / 100, abs=0.12)
    assert all(row[7:] == [True, True] for row in seen)


def test_a_keyword_is_never_sure_unless_the_rule_says_so() -> None:
    wire = Wire(rule("http_keyword_reset", keywords=["facebook"], residual=None))

    assert 0.75 == pytest.approx(resets(wire, request(BAD), 400).count(True) / 400, abs=0.07)


def test_how_long_a_trigger_is_held_is_drawn_apart_from_whether_it_is_seen() -> None:
    """Where one number said both, no rule that misses three in four would ever hold anything for long."""
    residual = {"key": "4tuple", "seconds": 60, "most": 360}
    wire = Wire(rule("sni_drop", names=["facebook.com"], probability=0.25, residual=residual))

    def silent(port: int) -> bool:
        return not wire.receive(segment(at=900, flags=SYN, sport=port), CLIENT)

    for port in range(40000, 40400):
        wire.receive(opening(sport=port))
        wire.receive(segment(hello(BAD), sport=port))
    wire.wait(60 + 150)
    half = sum(silent(port) for port in range(40000, 40400))

    assert 50 == pytest.approx(half, abs=20)  # of about a hundred that were seen
