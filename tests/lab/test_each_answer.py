"""What all rules about addresses, questions, ClientHellos and requests have in common, each by what sets it off.

A flow is dealt with each time and no flow around it; what passes is what came; what a rule makes up is a whole packet
with true checksums between the flow's own ends; whatever a rule spares passes as if there were no rule.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.kinds import load
from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, CLIENT, ICMP, ICMP6, INTERNET, RST, SYN, TCP, UDP, Packet
from harness.lab.censor.params import Named
from harness.lab.censor.table import BEHAVIOURS
from tests.lab import test_each_rule
from tests.lab.conftest import hello, query
from tests.lab.frames import SERVER_AT, Wire, datagram, rule, segment, sides
from tests.lab.hellos import CHROME_2025, ECH, ESNI, FIREFOX, Made
from tests.lab.initial_packets import GOOGLE, VERSION_1
from tests.lab.test_each_rule import BOTH, NEXT, Message, out
from tests.lab.test_heuristics import NEIGHBOUR

BAD, GOOD = "www.facebook.com", "www.harmless.org"
NAMED: dict[str, Any] = {"names": ["facebook.com"]}
MADE = Made(name=GOOD)
FULL = bytes(1400)
ANSWER = (False, b"true answer")
FLOWS = [(True, b"one"), (False, b"two")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule, a flow that it is about with where frames went for each of its messages, and one that it is not about.

    A flow of TCP begins with a handshake, whose two packets count as messages.
    """

    params: dict[str, Any] = field(default_factory=dict)
    tcp: bool = True
    port: int = 443
    bad: list[Message]
    went: str  # where the frames went, by message: `-` for nowhere
    later: str = ""  # and what leaves in the second behind them
    good: list[Message] = field(default_factory=list)
    elsewhere: dict[str, Any] = field(default_factory=dict)  # what else the innocent flow differs in
    actions: tuple[str, ...] = ("match", "drop")
    families: tuple[int, ...] = (4, 6)


def asks(went: str, actions: tuple[str, ...] = ("match", "forge"), **more: Any) -> Case:
    """A rule about questions over UDP."""
    case = {"bad": out(query(BAD)), "good": out(query(GOOD)), **more}
    return Case(tcp=False, port=53, went=went, actions=actions, **case)


def greets(went: str, actions: tuple[str, ...] = ("match", "drop"), made: bytes | None = None, **more: Any) -> Case:
    """A rule about a ClientHello, and what becomes of it, of an answer, and of what the client says then."""
    bad = [*out(made or hello(BAD)), ANSWER, *out(b"more")]
    return Case(bad=bad, good=[*out(hello(GOOD)), ANSWER], went=f"i c {went}", actions=actions, **more)


def requests(went: str, actions: tuple[str, ...] = ("match", "rst"), **more: Any) -> Case:
    """A rule about a request, and what becomes of it, and of its true answer."""
    bad, good = (f"GET /secret HTTP/1.1\r\nHost: {name}\r\n\r\n".encode() for name in (BAD, GOOD))
    case = {"bad": [*out(bad), ANSWER], "good": [*out(good), ANSWER], "port": 80, "params": NAMED, **more}
    return Case(went=f"i c {went}", actions=actions, **case)


def reached(went: str, actions: tuple[str, ...] = ("drop",), tcp: bool = False, **more: Any) -> Case:
    """A rule about an address."""
    case = {"bad": [] if tcp else FLOWS, "good": [] if tcp else FLOWS, "elsewhere": {"to": NEIGHBOUR}, **more}
    return Case(tcp=tcp, went=went, actions=actions, **case)


def framed(name: str) -> bytes:
    return len(query(name)).to_bytes(2, "big") + query(name)


PAGE = ("match", "page", "rst")
DATA = b"\x17\3\3\0\1x"
RULES: dict[str, Case] = {
    "address_blackhole": reached("- -", params={"prefixes": BOTH}),
    "address_blackhole over TCP": reached("- -", tcp=True, params={"prefixes": BOTH}),
    "address_refuse": reached("c -", ("rst", "drop"), tcp=True, params={"prefixes": BOTH}),
    "address_refuse for datagrams": reached("- -", params={"prefixes": BOTH}),
    "address_partial": reached("- -", params={"prefixes": BOTH, "share": 1}),
    "icmp_reject": reached("c -", ("icmp",), params={"prefixes": BOTH}),
    "ipv4_blackhole": reached("- -", params={"prefixes": BOTH}, families=(4,)),
    "endpoint_drop": reached(
        "- -", elsewhere={"port": 853}, params={"endpoints": [f"{SERVER_AT[4]}:443", f"[{SERVER_AT[6]}]:443"]}
    ),
    "route_withdrawn": reached("c c", ("icmp",), params={"prefixes": BOTH}),
    "route_withdrawn in silence": reached("- c", params={"prefixes": BOTH, "answer": "silence"}),
    "hoster_prefix": reached("- -", params={"drop": BOTH}),
    "hoster_prefix that refuses": reached("c -", ("rst", "drop"), tcp=True, params={"refuse": BOTH}),
    "hoster_prefix that freezes": reached("i -", ("freeze",), params={"freeze": BOTH, "packets": 1}),
    "subnet_loss": reached("- c", ("lose",), params={"prefixes": BOTH, "loss": 1}),
    "dns_hijack": asks(
        "i", ("rewrite",), params={"to": ["195.208.4.1", "2a0c:a9c7:8::1"]}, good=out(query(BAD)),
        elsewhere={"port": 5353},
    ),
    "dns_inject_race": asks(
        "ci", ("match", "inject"), later="cc", params={**NAMED, "answers": ["31.13.94.37", "2001::1f0d:5e25"]}
    ),
    "dns_forge": asks("c", params={**NAMED, "rcode": "nxdomain"}),
    "dns_bogon": asks("c", params=NAMED),
    "dns_inject_inpath": asks("c", params=NAMED),
    "dns_loopback": asks("c", params=NAMED),
    "dns_static": asks("c", params=NAMED),
    "dns_stub_page": asks("c", params={**NAMED, "answers": ["95.167.13.50"]}),
    "dns_bootstrap_poison": asks("c", bad=out(query("dns.google"))),
    "dns_drop": asks("-", ("match", "drop"), params=NAMED),
    "dns_tcp_reset": Case(
        params=NAMED, port=53, bad=[*out(framed(BAD)), ANSWER], went="i c cii c", good=[*out(framed(GOOD)), ANSWER],
        actions=("match", "rst"),
    ),
    "doh_post_tls_drop": Case(
        params=NAMED, port=853, bad=[*out(hello(BAD), DATA, DATA), ANSWER], went="i c i i - -",
        good=[*out(hello(GOOD), DATA, DATA), ANSWER],
    ),
    "sni_reset": greets("ci - ci", ("match", "rst"), params=NAMED),
    "sni_reset beside the path": greets("cii c cii", ("match", "rst"), params={**NAMED, "trigger": "pass"}),
    "sni_drop": greets("- - -", params=NAMED),
    "sni_drop of the server's": greets("i - i", params={**NAMED, "drop": "server"}),
    "sni_null_route": greets("- - -", params=NAMED),
    "resolver_name_reset": greets("ci - ci", ("match", "rst"), hello("mozilla.cloudflare-dns.com")),
    "iran_reset": greets("c - c", ("match", "rst"), params=NAMED),
    "tspu_rewrite": greets("i c i", ("match", "rewrite"), params=NAMED),
    "tspu_delayed_drop": greets("i - -", params={**NAMED, "least": 0, "most": 0}),
    "tspu_crawl": Case(
        params=NAMED, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)], went="i c i c -",
        good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "tspu_police": Case(
        params={**NAMED, "rate": 8000, "burst": 1500}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)],
        went="i c i c -", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "tspu_full_drop": greets("- - -", params=NAMED),
    "gfw_reset": greets("cccciiiii c cccciiiii", ("match", "rst"), params={**NAMED, "hits": 1}),
    "henan_reset": greets("ci c i", ("match", "rst"), params=NAMED),
    "tls_fingerprint": greets("- - -", made=FIREFOX.record, params={"ja4": ["t13d1715h2_*"]}),
    "tls_fingerprint by resets": greets(
        "ci - ci", ("match", "rst"), FIREFOX.record, params={"ja4": ["t13d1715h2_*"], "act": "reset"}
    ),
    "tls_version": greets("- - -", made=MADE.but(versions=(0x0303,)).record),
    "mtproxy_fake_tls": greets("- - -", made=CHROME_2025.record),
    "ech_drop": greets("- - -", made=MADE.but(name="cloudflare-ech.com", kinds=(*MADE.kinds, ECH)).record),
    "esni_drop": greets("- c -", made=MADE.but(name=None, kinds=(*MADE.kinds, ESNI)).record),
    "tls_mitm": Case(
        params={"prefixes": BOTH, "to": ["95.56.237.24", "2a03:32c0:1::24"]}, bad=out(hello(BAD)), went="i c i",
        good=out(hello(BAD)), elsewhere={"to": NEIGHBOUR}, actions=("rewrite",),
    ),
    "port_443_reset": Case(
        bad=out(hello(BAD)), went="ccci cccc i", good=out(hello(BAD)), elsewhere={"port": 8443}, actions=("rst",)
    ),
    "http_block_page": requests("ci -", PAGE),
    "http_302_stub": requests("ci c", PAGE[:2], params={**NAMED, "location": "http://warning.example/"}),
    "http_403_iran": requests("ci -", PAGE),
    "http_first_only": requests("ci -", PAGE),
    "http_reset": requests("ci -"),
    "http_rst_payload": requests("c -"),
    "http_keyword_reset": requests("ccciiii c", params={"keywords": ["facebook"], "hits": 1}),
    "http_race_redirect": requests(
        "ci c", PAGE[:2], params={**NAMED, "location": "http://x.example/", "prefixes": BOTH, "found": 1}
    ),
    "police": Case(
        params={**NAMED, "rate": 8000, "burst": 1500}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)],
        went="i c i c -", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "police in QUIC": Case(
        tcp=False, params={"names": ["example.com"], "rate": 8000, "burst": 1500}, went="i c -",
        bad=[*out(VERSION_1), (False, FULL), (False, FULL)], good=[*out(GOOGLE), (False, FULL), (False, FULL)],
    ),
    "shape": Case(
        params={**NAMED, "rate": 80_000}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)], went="i c - - -",
        later="icc", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)], actions=("match", "queue"),
    ),
}  # fmt: skip

EACH = pytest.mark.parametrize(
    ("which", "family"), [(which, family) for which, case in RULES.items() for family in case.families]
)
Frames = list[tuple[int, bytes]]


def test_every_behaviour_is_held_to_what_all_have_in_common() -> None:
    held = {which.split()[0] for which in RULES} | set(test_each_rule.RULES)

    assert {row.name for row in BEHAVIOURS} == held


def frames(case: Case, messages: list[Message], **ends: Any) -> list[tuple[int, bytes]]:
    """The frames of a flow with those messages, each with the side that it comes from."""
    hands = (segment(at=0, flags=SYN, **ends), segment(at=0, flags=SYN | ACK, back=True, **ends))
    made = [(CLIENT, hands[0]), (INTERNET, hands[1])] if case.tcp else []
    at = [1, 1]
    for from_client, data in messages:
        side = CLIENT if from_client else INTERNET
        make, place = (segment, {"at": at[side]}) if case.tcp else (datagram, {})
        made.append((side, make(data, back=not from_client, **place, **ends)))
        at[side] += len(data)
    return made


def ends_of(case: Case, family: int, **more: Any) -> dict[str, Any]:
    """Whom a flow of the case is between."""
    to = more.pop("to", SERVER_AT)[family]
    return {"family": family, "sport": 40000, "dport": more.pop("port", case.port), "to": to, **more}


def went(wire: Wire, made: Frames) -> list[Frames]:
    """What left because of each frame."""
    return [wire.receive(frame, side) for side, frame in made]


def written(left: list[Frames]) -> str:
    return " ".join(sides(sent) or "-" for sent in left)


def alone(which: str, **more: Any) -> Wire:
    """A wire on which the rule holds nothing against other flows than the one that set it off."""
    behaviour = which.split()[0]
    only = {"residual": None} if "residual" in load(BEHAVIOURS[behaviour].params).__dataclass_fields__ else {}
    return Wire(rule(behaviour, **{**RULES[which].params, **only, **more}))


@EACH
def test_the_flow_is_met_each_time_and_none_before_between_and_after(which: str, family: int) -> None:
    case, wire = RULES[which], alone(which)
    for sport in range(40000, 40005):
        if sport % 2:
            seen = went(wire, frames(case, case.bad, **ends_of(case, family, sport=sport)))
            assert (case.went, case.later) == (written(seen), sides(wire.wait(1)))
        else:
            innocent = frames(case, case.good, **ends_of(case, family, sport=sport, **case.elsewhere))
            assert [[(1 - side, frame)] for side, frame in innocent] == went(wire, innocent)

    assert [*case.actions, *case.actions] == wire.actions
    felt = {(one.flow.sport, one.flow.dst, one.flow.dport) for one in wire.events if one.flow}
    assert {(sport, SERVER_AT[family], case.port) for sport in (40001, 40003)} == felt


@EACH
def test_what_is_made_up_is_a_whole_packet_between_the_ends_of_its_flow(which: str, family: int) -> None:
    case = RULES[which]
    wire = alone(which)
    came = frames(case, case.bad, **ends_of(case, family))
    left = [one for sent in went(wire, came) for one in sent] + wire.wait(1)

    true = {frame for _, frame in came}
    ends = {frozenset((packet.source, packet.target)) for packet in (Packet(frame, side) for side, frame in came)}
    for side, frame in left:
        packet = Packet(frame, 1 - side)
        assert len(frame) == packet.end  # nothing stands behind it
        assert (0, 0) == (sum_of_header(packet), sum_of_transport(packet))
        led = which in {"dns_hijack", "tls_mitm"} and side == INTERNET
        if packet.proto in {TCP, UDP} and not led:
            assert frame in true or {frozenset((packet.source, packet.target))} == ends


def sum_of_header(packet: Packet) -> int:
    return forge.checksum(packet.raw[14:34]) if packet.four else 0


def sum_of_transport(packet: Packet) -> int:
    """What is left of its checksum, 0 where it is right."""
    whole = packet.raw[packet.head : packet.end]
    if packet.proto == ICMP:
        return forge.checksum(whole)
    assert packet.proto in {TCP, UDP, ICMP6}
    return forge.checksum(packet.source + packet.target + struct.pack("!II", len(whole), packet.proto) + whole)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    "which",
    [
        which
        for which, case in RULES.items()
        if {"rst", "rewrite"} & {*case.actions} and "hijack" not in which and "mitm" not in which
    ],
)
def test_a_reset_is_taken_by_whoever_it_is_for(which: str, family: int) -> None:
    """Its numbers lie where the other side of a connection looks for them: within a window of what was said last."""
    case, wire, met = RULES[which], alone(which), 0
    for side, frame in frames(case, case.bad, **ends_of(case, family)):
        packet = Packet(frame, side)
        for to, sent in wire.receive(frame, side):
            reset = Packet(sent, 1 - to)
            if sent == frame or not (reset.proto == TCP and reset.flags & RST):
                continue
            expected = packet.ack if to == side else packet.seq
            if to == side and not packet.flags & ACK:
                expected = 0  # a SYN is refused by its acknowledgement alone (RFC 9293, 3.10.7.3)
                assert (packet.seq + 1) % 2**32 == reset.ack
            assert (reset.seq - expected) % 2**32 < 65536
            met += 1
    assert met


BOTH_SIDES = {  # what is documented for connections, questions and packets of either side
    *("address_blackhole", "address_partial", "ipv4_blackhole", "route_withdrawn"),
    *("dns_inject_race", "dns_inject_inpath", "dns_tcp_reset"),
    *("gfw_reset", "esni_drop", "port_443_reset", "http_403_iran"),
}


@EACH
def test_what_begins_outside_is_met_where_that_is_documented(which: str, family: int) -> None:
    case, wire = RULES[which], Wire(rule(which.split()[0], **RULES[which].params))
    inside = frames(case, case.bad, **{**ends_of(case, family), "sport": 50000, "dport": case.port})
    begun = [(1 - side, reversed_(Packet(frame, side))) for side, frame in inside]

    left = went(wire, begun)

    passed = [[(1 - side, frame)] for side, frame in begun] == left
    assert (which.split()[0] in BOTH_SIDES) == bool(wire.actions) == (not passed)


OWN_PORTS = {  # what is documented for some ports alone, beside all questions over UDP
    *("endpoint_drop", "dns_tcp_reset", "doh_post_tls_drop", "resolver_name_reset", "tls_mitm", "port_443_reset"),
    *("http_block_page", "http_302_stub", "http_first_only", "http_race_redirect"),
}


@EACH
def test_another_port_is_spared_where_ports_are_documented(which: str, family: int) -> None:
    case, behaviour = RULES[which], which.split()[0]
    wire = Wire(rule(behaviour, **case.params))
    elsewhere = frames(case, case.bad, **ends_of(case, family, port=9999))

    passed = [[(1 - side, frame)] for side, frame in elsewhere] == went(wire, elsewhere)

    spared = behaviour in OWN_PORTS or (case.port == 53 and not case.tcp)
    assert spared == (not wire.actions) == passed


def reversed_(packet: Packet) -> bytes:
    """The same packet, said by the other side from the other side's addresses; ports go along."""
    ends = {"source": (packet.target, packet.sport), "target": (packet.source, packet.dport)}
    if packet.proto in {TCP, UDP}:
        return forge.redirected(packet, **ends)
    raise AssertionError(packet.proto)


def done(case: Case, family: int, *rules: Any) -> tuple[list[Frames], Frames, list[str]]:
    """What became of the flow that sets the rule off, and what is logged."""
    wire = Wire(*rules)
    return went(wire, frames(case, case.bad, **ends_of(case, family))), wire.wait(1), wire.actions


@EACH
def test_a_quiet_rule_does_the_same_and_says_nothing(which: str, family: int) -> None:
    case, behaviour = RULES[which], which.split()[0]
    loud = done(case, family, rule(behaviour, **case.params))

    assert (case.went, case.later, list(case.actions)) == (written(loud[0]), sides(loud[1]), loud[2])
    assert (*loud[:2], []) == done(case, family, rule(behaviour, **case.params, log=False))


@EACH
def test_what_is_spared_passes_as_if_there_were_no_rule(which: str, family: int) -> None:
    case, behaviour = RULES[which], which.split()[0]
    ways: dict[str, Any] = {
        "probability": 0,
        "exempt_prefixes": BOTH,
        "exempt_ports": [case.port],
        "families": [10 - family],
        "ports": [7],
        "prefixes": NEXT,
        "hours": ["12:00-13:00"],  # the day of these wires begins at midnight
    }
    if behaviour not in {"tls_mitm", "dns_hijack"}:  # only what begins inside can be led
        ways["direction"] = "in"
    if issubclass(load(BEHAVIOURS[behaviour].params), Named) and behaviour != "esni_drop":
        ways["exempt_names"] = ["com", "org", "google"]
    bare = done(case, family)

    spared = {way: done(case, family, rule(behaviour, **{**case.params, way: how})) for way, how in ways.items()}

    assert dict.fromkeys(ways, bare) == spared
