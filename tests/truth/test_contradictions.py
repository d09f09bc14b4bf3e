"""Rules that cannot mean what they say are told at load, with their place; whatever may act is left alone."""

from __future__ import annotations

import pathlib

import pytest

from harness.lab.world import load_world
from tests.truth.test_variants import refusal

HEAD = "world: bad\ntitle: bad\nextends: open\ncensor:\n"
NEVER = "so that it never acts"
IDLE = (
    f"nothing is lost and nothing delayed, {NEVER.replace('it', 'this rule')}; "
    "write a loss, a delay or a jitter; where losses come in spells, lasting too"
)
BEHIND = f"takes every flow of this rule, {NEVER}; put it before that one, or leave it out"

CERTAIN = {
    "every name is exempt": (
        "  - sni_drop: {names: [a.b.example, c.example], exempt_names: [b.example, c.example]}\n",
        f"5:63: every name of this rule is exempt, {NEVER}; exempt less, or name more",
    ),
    "every prefix is exempt": (
        "  - freeze: {prefixes: [192.0.2.0/25], exempt_prefixes: [192.0.2.0/24]}\n",
        f"5:57: every prefix of this rule is exempt, {NEVER}; exempt less, or name more",
    ),
    "every port is exempt": (
        "  - freeze: {ports: [443, 8000-8002], exempt_ports: [443, 8000-9000]}\n",
        f"5:53: every port of this rule is exempt, {NEVER}; exempt less, or name more",
    ),
    "chance is never": (
        "  - sni_drop: {names: [a.example], probability: 0}\n",
        "5:49: the probability is 0, so that this rule never acts; write more than 0, or leave the rule out",
    ),
    "nothing is lost": (
        "  - udp_loss: {ports: [3478]}\n",
        f"5:15: {IDLE}",
    ),
    "nothing of a prefix is lost": (
        "  - subnet_loss: {prefixes: [192.0.2.0/24], loss: 0}\n",
        f"5:18: {IDLE}",
    ),
    "its spells last no time": (
        "  - udp_loss: {loss: 0.4, every: 10s}\n",
        f"5:15: {IDLE}",
    ),
    "the least is more than the most": (
        "  - tspu_delayed_drop: {names: [a.example], least: 8, most: 5}\n",
        "5:52: least is 8, and most is 5; write the smaller one as least",
    ),
    "the longest time is the shorter one": (
        "  - sni_drop: {names: [a.example], residual: {seconds: 6m, most: 60s}}\n",
        "5:66: a residual's most is less than its seconds; write the longer time as most, or leave it out",
    ),
    "its prefixes are of the other family": (
        "  - freeze: {prefixes: [2600:1406::/32], families: [4]}\n",
        f"5:52: no prefix of this rule is of its families, {NEVER}; write both families, or prefixes of this one",
    ),
    "the second is of the family that the first silences": (
        "  - ipv4_blackhole: {prefixes: [192.0.2.0/24, 2600:1406::/32]}\n  - freeze: {prefixes: [192.0.2.0/25]}\n",
        f"6:5: rule 1 of this censor, ipv4_blackhole, {BEHIND}",
    ),
    "all is off already": (
        "  - blackout\n  - sni_drop: {names: [a.example]}\n",
        f"6:5: rule 1 of this censor, blackout, {BEHIND}",
    ),
    "the prefix is silent already": (
        "  - address_blackhole: {prefixes: [192.0.2.0/24]}\n  - police: {prefixes: [192.0.2.128/25], rate: 1Mbit/s}\n",
        f"6:5: rule 1 of this censor, address_blackhole, {BEHIND}",
    ),
    "what the first spares is none of the second's": (
        "  - address_blackhole: {exempt_prefixes: [192.0.2.0/24]}\n  - freeze: {prefixes: [198.51.100.0/24]}\n",
        f"6:5: rule 1 of this censor, address_blackhole, {BEHIND}",
    ),
    "what is not listed is refused already": (
        "  - allow_prefixes: {allow: [192.0.2.0/24], otherwise: refuse}\n"
        "  - sni_drop: {names: [a.example], prefixes: [198.51.100.0/24]}\n",
        f"6:5: rule 1 of this censor, allow_prefixes, {BEHIND}",
    ),
    "the second has hours of the first": (
        '  - blackout: {hours: ["22:00-06:00"]}\n  - sni_drop: {names: [a.example], hours: ["01:00-05:00"]}\n',
        f"6:5: rule 1 of this censor, blackout, {BEHIND}",
    ),
}


@pytest.mark.parametrize("what", CERTAIN)
def test_a_certain_contradiction_is_said_at_load(tmp_path: pathlib.Path, what: str) -> None:
    text, said = CERTAIN[what]

    assert [f"bad.yaml:{said}"] == refusal(tmp_path, HEAD + text)


def test_a_timetable_without_hours_is_said_at_load(tmp_path: pathlib.Path) -> None:
    said = refusal(tmp_path, HEAD + '  - blackout\ntimetable: {night: "02:00"}\n')

    assert [
        "bad.yaml:6:1: no rule of this world has hours, so that its times are all alike; "
        'write hours: ["01:00-09:00"] at a rule'
    ] == said


POSSIBLE = {
    "only one family is off": "blackout: {families: [4]}",
    "the border is not quite shut": "domestic_only: {allow: [192.0.2.0/24]}",
    "what is not listed may yet shake hands": "allow_prefixes: {allow: [192.0.2.0/24], otherwise: close}",
    "one name is left": "sni_drop: {names: [a.example, b.example], exempt_names: [a.example]}",
    "an exemption within a name": "sni_drop: {names: [example], exempt_names: [a.example]}",
    "any name but some": 'sni_drop: {names: ["*"], exempt_names: [a.example]}',
    "only one family is silent": "address_blackhole: {prefixes: [0.0.0.0/0]}",
    "of two families only one is silent": 'ipv4_blackhole: {prefixes: [0.0.0.0/0, "::/0"]}',
    "only one protocol is silent": "address_blackhole: {protocols: [udp]}",
    "some ports are silent": "address_blackhole: {ports: [80]}",
    "only by night": 'blackout: {hours: ["22:00-06:00"]}',
    "only now and then": "blackout: {probability: 0.5}",
    "all but what the second names": "blackout: {exempt_prefixes: [192.0.2.0/24]}",
    "only from outside": "blackout: {direction: in}",
}


@pytest.mark.parametrize("what", POSSIBLE)
def test_rules_that_may_act_are_left_alone(tmp_path: pathlib.Path, what: str) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(f"{HEAD}  - {POSSIBLE[what]}\n  - sni_reset: {{names: [c.example]}}\n")

    assert 2 == len(load_world(str(file)).censor)
