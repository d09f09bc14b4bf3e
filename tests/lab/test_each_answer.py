"""What rules have in common that answer a flow or lead it elsewhere, each by what sets it off; and those that lose it.

What a rule makes up is a whole packet with true checksums between the flow's own ends; what passes is what came.
"""

from __future__ import annotations

import struct

import pytest

from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, ICMP, ICMP6, INTERNET, RST, TCP, UDP, Packet
from tests.lab import losing
from tests.lab.answering import RULES
from tests.lab.each import across, alone, behaviour, ends_of, frames, went
from tests.lab.frames import Wire, rule

EACH = pytest.mark.parametrize(
    ("which", "family"), [(which, family) for which, case in RULES.items() for family in case.families]
)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("which", losing.RULES)
def test_a_rule_that_loses_flows_makes_nothing_up(which: str, family: int) -> None:
    case = losing.RULES[which]
    came = frames(case, case.bad, **ends_of(case, family))
    wire = Wire(rule(which, **case.params))

    assert all(left in (passed, []) for left, passed in zip(went(wire, came), across(came), strict=True))


@EACH
def test_what_is_made_up_is_a_whole_packet_between_the_ends_of_its_flow(which: str, family: int) -> None:
    case = RULES[which]
    wire = alone(which, case)
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
    case, wire, met = RULES[which], alone(which, RULES[which]), 0
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
    case, wire = RULES[which], Wire(rule(behaviour(which), **RULES[which].params))
    inside = frames(case, case.bad, **{**ends_of(case, family), "sport": 50000, "dport": case.port})
    begun = [(1 - side, reversed_(Packet(frame, side))) for side, frame in inside]

    left = went(wire, begun)

    passed = across(begun) == left
    assert (behaviour(which) in BOTH_SIDES) == bool(wire.actions) == (not passed)


OWN_PORTS = {  # what is documented for some ports alone, beside all questions over UDP
    *("endpoint_drop", "dns_tcp_reset", "doh_post_tls_drop", "resolver_name_reset", "tls_mitm", "port_443_reset"),
    *("http_block_page", "http_302_stub", "http_first_only", "http_race_redirect"),
}


@EACH
def test_another_port_is_spared_where_ports_are_documented(which: str, family: int) -> None:
    case = RULES[which]
    wire = Wire(rule(behaviour(which), **case.params))
    elsewhere = frames(case, case.bad, **ends_of(case, family, port=9999))

    passed = across(elsewhere) == went(wire, elsewhere)

    spared = behaviour(which) in OWN_PORTS or (case.port == 53 and not case.tcp)
    assert spared == (not wire.actions) == passed


def reversed_(packet: Packet) -> bytes:
    """The same packet, said by the other side from the other side's addresses; ports go along."""
    ends = {"source": (packet.target, packet.sport), "target": (packet.source, packet.dport)}
    if packet.proto in {TCP, UDP}:
        return forge.redirected(packet, **ends)
    raise AssertionError(packet.proto)
