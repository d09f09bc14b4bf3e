"""What all rules about datagrams, tunnels, guesses and whole networks have in common, each by what sets it off.

A flow is lost each time and no flow around it; what passes is what came; whatever a rule spares passes as if there were
no rule; a rule that writes nothing does the same; what it holds against others ends in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.kinds import load
from harness.lab.censor.packet import CLIENT, INTERNET, SYN
from harness.lab.censor.table import BEHAVIOURS
from tests.lab import initial_packets, quic_client
from tests.lab.conftest import hello
from tests.lab.dtls_packets import CHROME_124, FIREFOX_127, flight
from tests.lab.frames import SERVER_AT, Wire, datagram, opening, rule, segment
from tests.lab.hellos import CHROME_2025, FIREFOX, Made
from tests.lab.test_bridge_rules import GO, RANDOM, known
from tests.lab.test_call_rules import ASKED
from tests.lab.test_datagram_rules import DATA, INITIATION, REQUEST, RESPONSE, VOICE, quic
from tests.lab.test_heuristics import BANNER, GET, NEIGHBOUR, NOISE, OTHER_NOISE, TEXT
from tests.lab.test_quic_rules import ECH_HELLO
from tests.lab.test_tunnel_rules import session

BOTH = list(SERVER_AT.values())
NEXT = list(NEIGHBOUR.values())
INNOCENT = hello("www.example.org")
EXAMPLE, GOOGLE = initial_packets.VERSION_1, initial_packets.GOOGLE
SHORT = b"\x40" + bytes(60)
Message = tuple[bool, bytes]  # whether the client sends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule, a flow that it is about with where its messages went, and one that it is not about."""

    params: dict[str, Any] = field(default_factory=dict)
    tcp: bool = False
    port: int = 443
    bad: list[Message]
    went: str
    good: list[Message]
    elsewhere: dict[str, Any] = field(default_factory=dict)  # what else the innocent flow differs in
    actions: tuple[str, ...] = ("match", "drop")


def out(*payloads: bytes) -> list[Message]:
    """Messages of the client's."""
    return [(True, each) for each in payloads]


PAIR = [(True, VOICE), (False, VOICE)]
RULES: dict[str, Case] = {
    "quic_v1_drop": Case(bad=[*out(quic(), b"x"), (False, b"y")], went="---", good=[*out(quic(1000)), (False, b"y")]),
    "quic_sni_drop": Case(
        params={"names": ["example.com"]}, bad=[*out(EXAMPLE), (False, b"y")], went="--", good=out(GOOGLE)
    ),
    "quic_sni_residual": Case(
        params={"names": ["example.com"], "latency": 0},
        bad=[*out(EXAMPLE, b"x"), (False, b"y")],
        went="i-c",
        good=out(GOOGLE, b"x"),
    ),
    "quic_ech_drop": Case(
        bad=out(quic_client.initial(quic_client.crypto(0, ECH_HELLO.message)), b"x"), went="--", good=out(EXAMPLE, b"x")
    ),
    "quic_midflow_drop": Case(
        bad=[*out(EXAMPLE), (False, EXAMPLE), *out(SHORT), (False, SHORT)], went="ic--", good=out(EXAMPLE, SHORT)
    ),
    "udp_endpoint": Case(
        params={"prefixes": BOTH}, bad=PAIR, went="--", good=PAIR, elsewhere={"port": 8443}, actions=("drop",)
    ),
    "stun_drop": Case(port=3478, bad=out(REQUEST, VOICE, REQUEST), went="-i-", good=PAIR),
    "udp_loss": Case(
        params={"loss": 1, "ports": [3478]}, port=3478, bad=PAIR, went="--", good=PAIR, elsewhere={"port": 3479},
        actions=("lose",),
    ),
    "udp_loss_bursts": Case(
        params={"loss": 1, "prefixes": BOTH}, port=50000, bad=PAIR, went="--", good=PAIR,
        elsewhere={"to": NEIGHBOUR}, actions=("lose",),
    ),
    "udp_first_n": Case(
        params={"packets": 3, "ports": [3478]}, port=3478, bad=PAIR * 2, went="ici-", good=PAIR * 2,
        elsewhere={"port": 3479}, actions=("freeze",),
    ),
    "udp_unknown_drop": Case(bad=[*out(INITIATION), (False, RESPONSE)], went="--", good=out(REQUEST, VOICE)),
    "discord_discovery_drop": Case(port=50050, bad=out(ASKED, VOICE, ASKED), went="-i-", good=PAIR),
    "dtls_fingerprint": Case(
        params={"delay": 0}, port=50000, bad=[*out(flight(1, CHROME_124)), (False, VOICE)], went="--",
        good=[*out(flight(1, FIREFOX_127)), (False, VOICE)],
    ),
    "wireguard_signature": Case(
        port=51820, bad=[*out(INITIATION), (False, RESPONSE), *out(DATA)], went="-ci", good=out(INITIATION[:-1], DATA)
    ),
    "wireguard_late_kill": Case(
        port=51820, params={"packets": 2}, went="icici--",
        bad=[*out(INITIATION), (False, RESPONSE), (True, DATA), (False, DATA), *out(INITIATION, DATA, INITIATION)],
        good=out(DATA, DATA, DATA),
    ),
    "openvpn_opcode": Case(
        port=1194, bad=[*out(b"\x38" + bytes(13)), (False, b"\x40" + bytes(25)), *out(b"\x28" + bytes(21))], went="i--",
        good=[*out(b"\x30" + bytes(13)), (False, b"\x40" + bytes(25))],
    ),
    "openvpn_acks": Case(
        params={"packets": 10}, port=1194, bad=list(session()[:11]), went="iciciicii--",
        good=list(session(ack=bytes(21))[:12]),
    ),
    "ipsec_ports": Case(port=500, bad=PAIR, went="--", good=PAIR, elsewhere={"port": 501}, actions=("drop",)),
    "tor_directory_drop": Case(
        params={"prefixes": BOTH}, tcp=True, bad=out(TEXT), went="-", good=out(TEXT), elsewhere={"to": NEIGHBOUR},
        actions=("drop",),
    ),
    "obfs4_cooldown": Case(tcp=True, bad=[*out(RANDOM), (False, RANDOM)], went="--", good=out(RANDOM[:140], RANDOM)),
    "front_block": Case(
        params={"probability": 1}, tcp=True, bad=[*out(Made(name="www.cdn77.com").record), (False, VOICE)], went="--",
        good=out(INNOCENT, b"x"),
    ),
    "allow_names": Case(
        params={"names": ["example.org"]}, tcp=True, bad=[*out(hello("www.example.com")), (False, b"y")], went="--",
        good=[*out(INNOCENT), (False, b"y")],
    ),
    "allow_prefixes": Case(
        params={"allow": NEXT}, tcp=True, bad=out(INNOCENT), went="-", good=out(INNOCENT), elsewhere={"to": NEIGHBOUR},
        actions=("drop",),
    ),
    "mobile_crawl": Case(
        params={"prefixes": BOTH}, bad=out(VOICE, VOICE), went="--", good=PAIR, elsewhere={"to": NEIGHBOUR},
        actions=("queue",),  # nothing is lost, and all comes later
    ),
    "domestic_only": Case(
        params={"allow": NEXT, "probability": 1}, bad=PAIR, went="--", good=PAIR, elsewhere={"to": NEIGHBOUR},
        actions=("drop",),
    ),
    "blackout": Case(
        params={"prefixes": BOTH}, bad=PAIR, went="--", good=PAIR, elsewhere={"to": NEIGHBOUR}, actions=("drop",)
    ),
    "fully_encrypted": Case(
        params={"probability": 1}, tcp=True, bad=[*out(NOISE, NOISE), (False, b"y")], went="i-c", good=out(TEXT, NOISE)
    ),
    "protocol_allow_list": Case(
        tcp=True, bad=[*out(NOISE, NOISE), (False, b"y"), *out(NOISE)], went="i-c-", good=out(GET, NOISE, NOISE)
    ),
    "encapsulated_tls": Case(
        tcp=True, bad=[*out(NOISE * 2), (False, NOISE * 4), *out(NOISE)], went="ic-",
        good=[*out(TEXT), (False, NOISE * 4), *out(NOISE)],
    ),
    "tls_connection_count": Case(
        params={"connections": 0}, tcp=True, bad=out(FIREFOX.record, b"x"), went="--",
        good=out(FIREFOX.but(name=None).record, b"x"),
    ),
    "tls_fingerprint_subnet": Case(
        params={"connections": 1, "prefixes": BOTH, "ja4": [known(CHROME_2025)]}, tcp=True,
        bad=out(CHROME_2025.record, b"x"), went="--", good=out(FIREFOX.record, b"x"),
    ),
    "freeze": Case(
        params={"packets": 4, "ports": [443]}, tcp=True, bad=PAIR * 2, went="ic--", good=PAIR * 2,
        elsewhere={"port": 8443}, actions=("freeze",),
    ),
    "ssh_rate": Case(
        params={"rate": 8000, "over": 1}, tcp=True, port=22, bad=[*out(BANNER, NOISE * 4), (False, b"y")], went="i--",
        good=out(GET, NOISE * 4),
    ),
    "ssh_collateral": Case(
        params={"struck": [443], "ports": [22, 443]}, tcp=True, port=22, bad=out(OTHER_NOISE, b"x"), went="ii",
        good=out(GET, NOISE), actions=("match",),
    ),
    "proxy_condemned": Case(
        params={"ja4": [known(GO)], "uses": 1}, tcp=True, bad=out(GO.record, b"x"), went="i-",
        good=out(CHROME_2025.record, b"x"), actions=("match", "condemn", "drop"),
    ),
    "active_probe": Case(tcp=True, bad=out(NOISE, b"x"), went="ii", good=out(TEXT, NOISE), actions=("match",)),
}  # fmt: skip
pytestmark = quic_client.aioquic

FAMILIES = pytest.mark.parametrize("family", [4, 6])
EACH = pytest.mark.parametrize("behaviour", RULES)
Frames = list[tuple[int, bytes]]


def spoken(wire: Wire, case: Case, messages: list[Message], family: int, **more: Any) -> tuple[str, Frames]:
    """A flow with those messages: where they went, `-` for nowhere, and all that left."""
    ends = {"family": family, "sport": 40000, "dport": more.pop("port", case.port), **more}
    ends["to"] = more.get("to", SERVER_AT)[family]
    left = shaken(wire, ends) if case.tcp else []
    went, at = "", [1, 1]
    for from_client, data in messages:
        side = CLIENT if from_client else INTERNET
        make, place = (segment, {"at": at[side]}) if case.tcp else (datagram, {})
        frame = make(data, back=not from_client, **place, **ends)
        at[side] += len(data)
        passed = wire.receive(frame, side)
        assert passed in ([], [(1 - side, frame)])
        went += "ic"[side] if passed else "-"
        left += passed
    return went, left


def shaken(wire: Wire, ends: dict[str, Any]) -> Frames:
    """What leaves of a handshake of TCP."""
    answer = segment(at=0, flags=SYN | 0x10, back=True, **ends)
    return wire.receive(opening(**ends)) + wire.receive(answer, INTERNET)


def alone(behaviour: str, **more: Any) -> Wire:
    """A wire on which the rule holds nothing against other flows than the one that set it off."""
    only = {"residual": None} if "residual" in load(BEHAVIOURS[behaviour].params).__dataclass_fields__ else {}
    return Wire(rule(behaviour, **{**RULES[behaviour].params, **only, **more}))


AGAINST_ALL = ("ssh_collateral", "proxy_condemned", "active_probe", "tls_connection_count", "tls_fingerprint_subnet")


@FAMILIES
@pytest.mark.parametrize("behaviour", [one for one in RULES if one not in AGAINST_ALL])
def test_the_flow_is_lost_each_time_and_none_before_between_and_after(behaviour: str, family: int) -> None:
    case, wire = RULES[behaviour], alone(behaviour)
    seen = []
    for sport in range(40000, 40005):
        meant = sport % 2 == 1
        more = {} if meant else case.elsewhere
        seen.append(spoken(wire, case, case.bad if meant else case.good, family, sport=sport, **more)[0])

    innocent = "".join("i" if from_client else "c" for from_client, _ in case.good)
    assert [innocent, case.went, innocent, case.went, innocent] == seen
    assert [*case.actions, *case.actions] == wire.actions
    felt = {(one.flow.sport, one.flow.dst, one.flow.dport) for one in wire.events if one.flow}
    assert {(sport, SERVER_AT[family], case.port) for sport in (40001, 40003)} == felt


def done(behaviour: str, family: int, *rules: Any) -> tuple[str, Frames, list[str]]:
    """What became of the flow that sets the rule off, and what is logged."""
    wire, case = Wire(*rules), RULES[behaviour]
    went, left = spoken(wire, case, case.bad, family)
    return went, left + wire.wait(1), wire.actions


@FAMILIES
@EACH
def test_the_rule_does_what_it_does_and_a_quiet_one_does_the_same(behaviour: str, family: int) -> None:
    case = RULES[behaviour]
    loud = done(behaviour, family, rule(behaviour, **case.params))

    assert (case.went, list(case.actions)) == (loud[0], loud[2])
    assert (*loud[:2], []) == done(behaviour, family, rule(behaviour, **case.params, log=False))


@FAMILIES
@EACH
@pytest.mark.parametrize(
    "spared",
    ["probability", "exempt_prefixes", "exempt_ports", "families", "ports", "prefixes", "direction", "hours"],
)
def test_what_is_spared_passes_as_if_there_were_no_rule(behaviour: str, spared: str, family: int) -> None:
    case = RULES[behaviour]
    how: dict[str, Any] = {
        "probability": 0,
        "exempt_prefixes": BOTH,
        "exempt_ports": [case.port],
        "families": [10 - family],
        "ports": [7],
        "prefixes": NEXT,
        "direction": "in",
        "hours": ["12:00-13:00"],  # the day of these wires begins at midnight
    }

    assert done(behaviour, family) == done(behaviour, family, rule(behaviour, **{**case.params, spared: how[spared]}))


# What is documented to outlast its flow: behaviour, seconds, and what else the same server keeps.
PENALTIES = [
    ("quic_sni_residual", 180, {"port": 8443}),
    ("obfs4_cooldown", 60, {"port": 8443}),
    ("fully_encrypted", 180, {"port": 8443}),
    ("ssh_rate", 3600, {"to": NEIGHBOUR}),
]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "seconds", "kept"), PENALTIES)
def test_the_server_is_lost_as_long_as_is_documented(
    behaviour: str, seconds: float, kept: dict[str, Any], family: int
) -> None:
    case = RULES[behaviour]
    wire = Wire(rule(behaviour, **case.params))
    spoken(wire, case, case.bad, family)
    wire.wait(seconds - 0.1)
    before = [spoken(wire, case, out(TEXT), family, sport=40001)[0], spoken(wire, case, out(TEXT), family, **kept)[0]]
    wire.wait(0.2)

    assert (["-", "i"], "i") == (before, spoken(wire, case, out(TEXT), family, sport=40002)[0])


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
    spoken(wire, case, case.bad, family)
    wire.wait(59.9)
    flows: list[dict[str, Any]] = [{"sport": 40001}, {"port": 444}, {}, {"to": NEIGHBOUR}]

    assert KEYS[key] == "".join(spoken(wire, case, out(REQUEST), family, **more)[0] for more in flows)
    wire.wait(0.2)
    assert "-i"[not refresh] == spoken(wire, case, out(REQUEST), family)[0]
    wire.wait(60.1)
    assert "i" == spoken(wire, case, out(REQUEST), family)[0]
