"""What all rules have in common, each by what sets it off.

A flow is dealt with each time and no flow around it; whatever a rule spares passes as if there were no rule; a rule
that writes nothing does the same; what it holds against others ends in time.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.lab.censor.table import BEHAVIOURS
from tests.lab import answering, losing
from tests.lab.each import (
    Case,
    Message,
    across,
    alone,
    behaviour,
    done,
    ends_of,
    frames,
    out,
    ways_of_being_spared,
    went,
    written,
)
from tests.lab.frames import SERVER_AT, Wire, rule, sides
from tests.lab.test_datagram_rules import REQUEST
from tests.lab.test_heuristics import NEIGHBOUR, TEXT

RULES = {**losing.RULES, **answering.RULES}
AGAINST_ALL = {"ssh_collateral", "proxy_condemned", "active_probe", "tls_connection_count", "tls_fingerprint_subnet"}
FAMILIES = pytest.mark.parametrize("family", [4, 6])
EACH = pytest.mark.parametrize(
    ("which", "family"), [(which, family) for which, case in RULES.items() for family in case.families]
)


def test_every_behaviour_is_held_to_what_all_have_in_common() -> None:
    assert {row.name for row in BEHAVIOURS} == set(map(behaviour, RULES))


@pytest.mark.parametrize(
    ("which", "family"),
    [(which, family) for which, case in RULES.items() if which not in AGAINST_ALL for family in case.families],
)
def test_the_flow_is_met_each_time_and_none_before_between_and_after(which: str, family: int) -> None:
    case, wire = RULES[which], alone(which, RULES[which])
    for sport in range(40000, 40005):
        if sport % 2:
            seen = went(wire, frames(case, case.bad, **ends_of(case, family, sport=sport)))
            assert (case.went, case.later) == (written(seen), sides(wire.wait(1)))
        else:
            innocent = frames(case, case.good, **ends_of(case, family, sport=sport, **case.elsewhere))
            assert across(innocent) == went(wire, innocent)

    assert [*case.actions, *case.actions] == wire.actions
    felt = {(one.flow.sport, one.flow.dst, one.flow.dport) for one in wire.events if one.flow}
    assert {(sport, SERVER_AT[family], case.port) for sport in (40001, 40003)} == felt


@EACH
def test_a_quiet_rule_does_the_same_and_says_nothing(which: str, family: int) -> None:
    case = RULES[which]
    loud = done(case, family, rule(behaviour(which), **case.params))

    assert (case.went, case.later, list(case.actions)) == (written(loud[0]), sides(loud[1]), loud[2])
    assert (*loud[:2], []) == done(case, family, rule(behaviour(which), **case.params, log=False))


@pytest.mark.parametrize(
    ("which", "way"), [(which, way) for which, case in RULES.items() for way in ways_of_being_spared(which, case, 4)]
)
def test_what_is_spared_passes_as_if_there_were_no_rule(which: str, way: str) -> None:
    case = RULES[which]
    for family in case.families:
        spared = {**case.params, way: ways_of_being_spared(which, case, family)[way]}

        assert done(case, family) == done(case, family, rule(behaviour(which), **spared))


# What is documented to outlast its flow: behaviour, seconds, and what else the same server keeps.
PENALTIES = [
    ("quic_sni_residual", 180, {"port": 8443}),
    ("obfs4_cooldown", 60, {"port": 8443}),
    ("fully_encrypted", 180, {"port": 8443}),
    ("ssh_rate", 3600, {"to": NEIGHBOUR}),
]


def said(wire: Wire, case: Case, messages: list[Message], family: int, **more: Any) -> str:
    """Where the last message of such a flow went."""
    return written(went(wire, frames(case, messages, **ends_of(case, family, **more))))[-1]


@FAMILIES
@pytest.mark.parametrize(("which", "seconds", "kept"), PENALTIES)
def test_the_server_is_lost_as_long_as_is_documented(
    which: str, seconds: float, kept: dict[str, Any], family: int
) -> None:
    case = RULES[which]
    wire = Wire(rule(which, **case.params))
    said(wire, case, case.bad, family)
    wire.wait(seconds - 0.1)
    before = [said(wire, case, out(TEXT), family, sport=40001), said(wire, case, out(TEXT), family, **kept)]
    wire.wait(0.2)

    assert (["-", "i"], "i") == (before, said(wire, case, out(TEXT), family, sport=40002))


KEYS = {  # where a flow from another port, to another, the same one, and one to another address go
    "4tuple": "ii-i",
    "3tuple": "-i-i",
    "2tuple": "---i",
    "endpoint": "-i-i",
    "host": "---i",
}


@FAMILIES
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("refresh", [False, True])
def test_a_penalty_is_held_against_its_key_and_starts_again_where_it_should(
    key: str, refresh: bool, family: int
) -> None:
    case = RULES["udp_unknown_drop"]
    wire = Wire(rule("udp_unknown_drop", residual={"key": key, "seconds": 60, "refresh": refresh}))
    said(wire, case, case.bad, family)
    wire.wait(59.9)
    flows: list[dict[str, Any]] = [{"sport": 40001}, {"port": 444}, {}, {"to": NEIGHBOUR}]

    assert KEYS[key] == "".join(said(wire, case, out(REQUEST), family, **more) for more in flows)
    wire.wait(0.2)
    assert "-i"[not refresh] == said(wire, case, out(REQUEST), family)
    wire.wait(60.1)
    assert "i" == said(wire, case, out(REQUEST), family)
