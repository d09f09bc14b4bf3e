"""The engine without a network: state on flows, residuals in time, order of logs and packets, thresholds."""

from __future__ import annotations

import pytest

from harness.lab.censor.flows import IDLE
from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, RST, SYN, TCP, UDP, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, opening, rule, segment, sides

BAD, GOOD = hello("www.facebook.com"), hello("example.org")


def greet(wire: Wire, data: bytes, sport: int, **more: int) -> str:
    """Opens a connection, says hello, and tells where the frames of the hello went."""
    wire.receive(opening(sport=sport, **more))
    return sides(wire.receive(segment(data, sport=sport, **more)))


@pytest.mark.parametrize("family", [4, 6])
def test_a_rule_fires_for_each_flow_and_never_for_innocents(family: int) -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]))

    went = [greet(wire, data, 40000 + at, family=family) for at, data in enumerate([GOOD, BAD, GOOD, BAD, GOOD])]

    assert ["i", "", "i", "", "i"] == went


def test_ports_that_are_used_again_begin_a_flow_of_their_own() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]))
    greet(wire, BAD, 40000)

    assert "i" == sides(wire.receive(segment(at=7, flags=SYN)))
    assert "i" == sides(wire.receive(segment(GOOD, at=8)))


def test_a_retransmitted_syn_stays_in_its_flow() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]))
    greet(wire, BAD, 40000)

    assert "" == sides(wire.receive(opening()))


def test_a_residual_ends_to_the_second() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], residual={"seconds": 75}))
    greet(wire, BAD, 40000)
    wire.wait(74.9)
    assert "" == greet(wire, GOOD, 40001)

    wire.wait(0.2)

    assert "i" == greet(wire, GOOD, 40002)


def test_a_refreshed_residual_starts_again_with_each_packet_that_it_holds() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], residual={"seconds": 75, "refresh": True}))
    greet(wire, BAD, 40000)
    wire.wait(74)
    greet(wire, GOOD, 40001)
    wire.wait(74)

    assert "" == greet(wire, GOOD, 40002)


def test_a_residual_reaches_flows_that_stand_already() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], residual={"seconds": 75}))
    assert "i" == greet(wire, GOOD, 40000)

    greet(wire, BAD, 40001)

    assert "" == sides(wire.receive(segment(b"more", at=1 + len(GOOD), sport=40000)))


@pytest.mark.parametrize(("key", "went"), [("2tuple", ""), ("3tuple", "i"), ("4tuple", "i")])
def test_only_the_pair_of_addresses_holds_another_port_of_the_server(key: str, went: str) -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], residual={"key": key, "seconds": 75}))
    greet(wire, BAD, 40000)

    assert went == greet(wire, GOOD, 40001, dport=8443)


def test_the_log_stands_before_the_packet_leaves() -> None:
    wire = Wire(rule("sni_reset", names=["facebook.com"]))
    logged: list[int] = []
    wire.engine.emit = lambda side, frame: logged.append(len(wire.events))
    greet(wire, BAD, 40000)

    assert [0, 2, 2] == logged


def test_resets_fit_both_ends_and_the_one_ahead_follows_the_hello() -> None:
    wire = Wire(rule("sni_reset", names=["facebook.com"], trigger="pass"))
    wire.receive(opening())

    back, passed, on = wire.receive(segment(BAD))

    assert [CLIENT, INTERNET, INTERNET] == [back[0], passed[0], on[0]]
    reset, ahead = Packet(back[1], INTERNET), Packet(on[1], CLIENT)
    after = (Packet(segment(b""), CLIENT).seq + len(BAD)) % 2**32
    assert (1, after, RST | ACK) == (reset.seq, reset.ack, reset.flags)
    assert Packet(segment(b"", at=1 + len(BAD)), CLIENT).seq == ahead.seq


def test_a_reset_looks_as_the_rule_says() -> None:
    shape = {"to": "client", "ack": True, "count": 3, "ttl": 58, "ip_id": 1, "payload": "01020304050607080900"}
    wire = Wire(rule("sni_reset", names=["facebook.com"], reset=shape))
    wire.receive(opening())

    sent = [Packet(frame, INTERNET) for _, frame in wire.receive(segment(BAD))]

    assert [(58, b"\x00\x01", bytes.fromhex("01020304050607080900"))] * 3 == [
        (one.ttl, one.raw[18:20], one.payload) for one in sent
    ]


def test_a_reset_is_never_answered_by_one() -> None:
    wire = Wire(rule("address_blackhole", prefixes=["9.9.9.9"]), rule("sni_reset", names=["facebook.com"]))
    greet(wire, BAD, 40000)

    assert "" == sides(wire.receive(segment(at=1 + len(BAD), flags=RST)))


def test_hello_bytes_of_the_server_open_nothing() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]))
    wire.receive(opening())

    assert "c" == sides(wire.receive(segment(BAD, back=True), INTERNET))


def test_a_rule_for_flows_from_inside_leaves_those_from_outside_alone() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], direction="out"))
    wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)

    assert "c" == sides(wire.receive(segment(BAD, back=True), INTERNET))


def test_a_rule_for_both_directions_reads_the_hello_of_whoever_opened() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], direction="both"))
    wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)

    assert "" == sides(wire.receive(segment(BAD, back=True), INTERNET))


def test_a_decoy_before_the_true_hello_defeats_a_censor_that_keeps_what_came_first() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]))
    wire.receive(opening())
    wire.receive(segment(GOOD))

    assert "i" == sides(wire.receive(segment(BAD)))


def test_probability_is_the_same_in_each_run_and_near_its_share() -> None:
    def run() -> list[str]:
        wire = Wire(rule("sni_drop", names=["facebook.com"], probability=0.25))
        return [greet(wire, BAD, 40000 + at) for at in range(400)]

    first = run()

    assert first == run()
    assert 70 <= first.count("") <= 130


def test_idle_flows_are_forgotten() -> None:
    wire = Wire()
    greet(wire, GOOD, 40000)
    wire.receive(datagram(query("example.org")))
    assert 2 == len(wire.engine.flows)

    wire.wait(IDLE[UDP] + 1)
    assert 1 == len(wire.engine.flows)
    wire.wait(IDLE[TCP] - IDLE[UDP])

    assert 0 == len(wire.engine.flows)


def test_closed_flows_are_forgotten_sooner() -> None:
    wire = Wire()
    greet(wire, GOOD, 40000)
    wire.receive(segment(at=1 + len(GOOD), flags=FIN | ACK))
    wire.receive(segment(at=1, flags=FIN | ACK, back=True), INTERNET)

    wire.wait(11)

    assert 0 == len(wire.engine.flows)


def test_a_question_goes_to_the_national_resolver_and_its_answer_comes_back_as_the_foreign_ones() -> None:
    wire = Wire(rule("dns_hijack", to=["195.208.4.1"]))
    ((_, led),) = wire.receive(datagram(query("example.org"), to="9.9.9.9"))
    away = Packet(led, CLIENT)

    answer = datagram(b"answer", to="195.208.4.1", sport=away.sport, back=True)
    ((side, back),) = wire.receive(answer, INTERNET)

    home = Packet(back, INTERNET)
    assert (CLIENT, bytes([9, 9, 9, 9]), 40000, b"answer") == (side, home.source, home.dport, home.payload)


def test_two_questions_from_one_port_to_two_resolvers_are_told_apart() -> None:
    wire = Wire(rule("dns_hijack", to=["195.208.4.1"]))
    lent = [
        Packet(wire.receive(datagram(query("example.org"), to=to))[0][1], CLIENT).sport for to in ("9.9.9.9", "1.1.1.1")
    ]

    backs = [wire.receive(datagram(b"x", to="195.208.4.1", sport=port, back=True), INTERNET)[0][1] for port in lent]

    assert [bytes([9, 9, 9, 9]), bytes([1, 1, 1, 1])] == [Packet(frame, INTERNET).source for frame in backs]


def test_an_encrypted_or_odd_protocol_meets_address_rules_like_any_other() -> None:
    wire = Wire(rule("address_blackhole", prefixes=["198.41.0.0/16"]))
    frame = bytearray(datagram(b"esp"))
    frame[23] = 50  # ESP; the header's checksum is not the censor's concern

    assert [] == wire.receive(bytes(frame))
    assert "50" == (wire.events[0].flow and wire.events[0].flow.proto)


def test_packets_that_are_held_pass_a_rule_that_lets_the_flow_go_meanwhile() -> None:
    wire = Wire(rule("shape", rate="64kbit/s"), rule("sni_drop", names=["facebook.com"]))
    wire.receive(opening())

    wire.receive(segment(GOOD))
    for at in range(3):
        wire.receive(segment(bytes(1000), at=1 + len(GOOD) + 1000 * at))
    wire.wait(2)

    assert "iiiii" == sides(wire.sent)


def test_packets_that_are_held_are_seen_by_the_rules_behind() -> None:
    wire = Wire(rule("shape", rate="64kbit/s"), rule("sni_drop", names=["facebook.com"]))
    wire.receive(opening())

    wire.receive(segment(BAD))
    wire.receive(segment(BAD, at=1 + len(BAD)))
    wire.wait(2)

    assert ("i", ["queue", "match", "drop"]) == (sides(wire.sent), wire.actions)
