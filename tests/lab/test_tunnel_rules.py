"""Rules about tunnels without a network: OpenVPN as it really speaks, IPsec and its kin, WireGuard in disguise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import forge, openvpn
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, SYN, Packet
from tests.lab import openvpn_session
from tests.lab.frames import CLIENT_AT, SERVER_AT, Wire, datagram, framed, opening, packed, rule, segment, sides
from tests.lab.test_datagram_rules import DATA, INITIATION, RESPONSE, VOICE, went


class Talk:
    """One flow on a wire, over UDP or TCP; segments follow one another."""

    def __init__(self, wire: Wire, *, tcp: bool, **more: Any) -> None:
        self.wire = wire
        self.tcp = tcp
        self.more = {"dport": 1194, **more}
        self.at = [1, 1]
        if tcp:
            wire.receive(opening(**self.more))
            wire.receive(segment(at=0, flags=SYN | ACK, back=True, **self.more), INTERNET)

    def __call__(self, from_client: bool, data: bytes) -> str:
        """Where a message went, `-` for nowhere."""
        side = CLIENT if from_client else INTERNET
        if not self.tcp:
            frame = datagram(data, back=not from_client, **self.more)
        else:
            frame = segment(data, at=self.at[side], back=not from_client, **self.more)
            self.at[side] += len(data)
        return sides(self.wire.receive(frame, side)) or "-"

    def all(self, messages: openvpn_session.Session) -> str:
        """Where each of them went."""
        return "".join(self(from_client, data) for from_client, data in messages)


def whole(messages: openvpn_session.Session) -> str:
    """How they go where nobody minds."""
    return "".join("i" if from_client else "c" for from_client, _ in messages)


def mapped(messages: openvpn_session.Session, mask: int, *, tcp: bool) -> openvpn_session.Session:
    """The same under the XOR patch with a key of one byte, which leaves the length over TCP alone."""
    clear = 2 if tcp else 0
    return [(side, data[:clear] + bytes(one ^ mask for one in data[clear:])) for side, data in messages]


SPOKEN = [("udp", ""), ("udp", "tls-auth"), ("udp", "tls-crypt"), ("tcp", ""), ("tcp", "tls-crypt")]


@openvpn_session.present
@pytest.mark.parametrize(("proto", "key"), SPOKEN, ids=lambda one: one or "plain")
@pytest.mark.parametrize("family", [4, 6])
def test_a_real_handshake_is_lost_with_its_answer_whatever_hides_the_rest(proto: str, key: str, family: int) -> None:
    messages = openvpn_session.session(proto, key)
    asked = next(at for at, (from_client, _) in enumerate(messages) if not from_client)
    wire = Wire(rule("openvpn_opcode"))

    for sport in (40000, 40001):
        innocent = Talk(wire, tcp=proto == "tcp", family=family, sport=sport + 100)
        assert "ici" == innocent.all([(True, VOICE), (False, VOICE), (True, VOICE)])
        talk = Talk(wire, tcp=proto == "tcp", family=family, sport=sport)
        assert "i" * asked + "-" * (len(messages) - asked) == talk.all(messages)
    assert ["match", "drop"] * 2 == wire.actions
    assert "reply" == wire.events[0].detail["stage"]


@openvpn_session.present
@pytest.mark.parametrize(("at", "seen"), [("request", "------"), ("reply", "i-----"), ("exchange", "ic----")])
def test_it_is_lost_at_the_stage_that_the_rule_waits_for(at: str, seen: str) -> None:
    messages = openvpn_session.session("udp", "tls-crypt")[:6]

    assert seen == Talk(Wire(rule("openvpn_opcode", at=at)), tcp=False).all(messages)


@openvpn_session.present
@pytest.mark.parametrize("packets", [0, 1, 3])
def test_so_many_packets_pass_after_it_is_known(packets: int) -> None:
    messages = openvpn_session.session("udp", "tls-crypt")
    seen = Talk(Wire(rule("openvpn_opcode", packets=packets)), tcp=False).all(messages)

    assert whole(messages)[: 1 + packets] + "-" * (len(messages) - 1 - packets) == seen


@openvpn_session.present
@pytest.mark.parametrize("proto", ["udp", "tcp"])
@pytest.mark.parametrize(("scrambled", "seen"), [(False, "icicic"), (True, "i-----")])
def test_the_xor_patch_defeats_who_knows_opcodes_alone(proto: str, scrambled: bool, seen: str) -> None:
    tcp = proto == "tcp"
    messages = mapped(openvpn_session.session(proto, "tls-crypt")[:6], 0xA7, tcp=tcp)
    patient = Talk(Wire(rule("openvpn_opcode", scrambled=True, at="request")), tcp=tcp)

    how = {"scrambled": True} if scrambled else {}
    assert seen == Talk(Wire(rule("openvpn_opcode", **how)), tcp=tcp).all(messages)
    assert "iii" == patient.all([messages[0]] * 3)


@openvpn_session.present
def test_who_looks_for_mapped_bytes_finds_plain_ones_too() -> None:
    messages = openvpn_session.session("udp", "tls-crypt")[:4]

    assert "i---" == Talk(Wire(rule("openvpn_opcode", scrambled=True)), tcp=False).all(messages)


@openvpn_session.present
def test_a_request_that_is_sent_again_is_still_one() -> None:
    messages = openvpn_session.session("udp", "tls-crypt")

    assert "ii--" == Talk(Wire(rule("openvpn_opcode")), tcp=False).all([messages[0], *messages[:3]])


@openvpn_session.present
@pytest.mark.parametrize(
    "change",
    [
        lambda messages: [(True, b"decoy" * 9), *messages],
        lambda messages: [(from_client, b"\xd1" * 16 + data) for from_client, data in messages],
        lambda messages: [(True, messages[0][1][:13]), *messages[1:]],
        lambda messages: [(True, b"\x30" + messages[0][1][1:]), *messages[1:]],
    ],
    ids=["decoy ahead", "wrapped", "too short", "data first"],
)
def test_what_begins_otherwise_passes(change: Any) -> None:
    messages = change(openvpn_session.session("udp", "tls-crypt")[:5])

    assert whole(messages) == Talk(Wire(rule("openvpn_opcode")), tcp=False).all(messages)


@openvpn_session.present
def test_over_tcp_the_length_must_fit() -> None:
    messages = openvpn_session.session("tcp", "tls-crypt")
    cut = [(True, messages[0][1][:20]), (True, messages[0][1][20:]), *messages[1:4]]

    assert whole(cut) == Talk(Wire(rule("openvpn_opcode")), tcp=True).all(cut)


@openvpn_session.present
@pytest.mark.parametrize(
    ("params", "proto"), [({"protocols": ["tcp"]}, "udp"), ({"ports": [443]}, "udp"), ({"exempt_ports": [1194]}, "tcp")]
)
def test_what_the_rule_spares_passes(params: Any, proto: str) -> None:
    messages = openvpn_session.session(proto, "tls-crypt")

    assert whole(messages) == Talk(Wire(rule("openvpn_opcode", **params)), tcp=proto == "tcp").all(messages)


@openvpn_session.present
def test_a_server_may_be_lost_with_its_flow() -> None:
    messages = openvpn_session.session("udp", "tls-crypt")[:2]
    wire = Wire(rule("openvpn_opcode", residual={"seconds": 60}))
    Talk(wire, tcp=False).all(messages)
    assert "-" == Talk(wire, tcp=False, sport=40001)(True, VOICE)
    wire.wait(61)

    assert "i" == Talk(wire, tcp=False, sport=40002)(True, VOICE)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=8), st.booleans(), st.booleans())
def test_no_bytes_make_the_reader_of_openings_raise(messages: openvpn_session.Session, tcp: bool, mask: bool) -> None:
    Talk(Wire(rule("openvpn_opcode", scrambled=mask, at="exchange")), tcp=tcp).all(messages)


def test_an_opening_is_over_once_no_mask_fits() -> None:
    looking = openvpn.Opening(scrambled=True)
    looking.asked(0x99)
    looking.answered(0x99 ^ 0x38 ^ 0x40)
    looking.asked(0x99 ^ 0x38 ^ 0x30)

    assert (True, "reply") == (looking.over, looking.stage)


ACK_BYTES, CERTIFICATES, CARRIED = bytes(70), bytes(1100), bytes(1300)


def session(acknowledged: int = 9, *, ack: bytes = ACK_BYTES, carried: int = 120) -> openvpn_session.Session:
    """A session as OpenVPN 2.4 holds it: a reset each, then each control packet acknowledged by itself, then data."""
    opened = [(True, bytes(54)), (False, bytes(66)), (True, ack)]
    shaken = [
        message for _ in range(acknowledged) for message in ((False, CERTIFICATES), (True, ack), (True, CERTIFICATES))
    ]
    return [*opened, *shaken, *((bool(at % 2), CARRIED) for at in range(carried))]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_session_is_known_by_its_acknowledgements_and_innocents_around_it_are_not(family: int, tcp: bool) -> None:
    wire = Wire(rule("openvpn_acks"))
    innocent = [(at % 3 > 0, bytes(20 + at * 7 % 900)) for at in range(120)]
    for sport in (40000, 40001):
        assert whole(innocent) == Talk(wire, tcp=tcp, family=family, sport=sport + 100).all(innocent)
        messages = session()
        assert whole(messages)[:99] + "-" * (len(messages) - 99) == Talk(wire, tcp=tcp, family=family, sport=sport).all(
            messages
        )
    assert ["match", "drop"] * 2 == wire.actions
    assert 70 == wire.events[0].detail["size"]


@pytest.mark.parametrize(
    ("messages", "lost"),
    [
        (session(), True),
        (mapped(session(), 0xA7, tcp=False), True),
        (session(ack=bytes(22)), True),
        (session(ack=bytes(21)), False),
        (session(ack=bytes(72)), True),
        (session(ack=bytes(73)), False),
        (session(3), False),
        (session(4), True),
        (session(40), False),
        ([(side, data + bytes(at % 5)) for at, (side, data) in enumerate(session())], False),
        ([(not side, data) for side, data in session()], True),
        ([session()[0], *session()], False),
        ([*session(), *[(True, ACK_BYTES)] * 9][:99], False),
        ([*session()[:88], *[(True, ACK_BYTES)] * 2, *session()[90:]], False),
    ],
    ids=[
        "plain", "scrambled", "shortest", "too short", "longest", "too long", "too few", "just enough", "too many",
        "padded", "a server here", "asked twice", "not yet sure", "acknowledgements behind the handshake",
    ],
)  # fmt: skip
def test_how_many_acknowledgements_make_a_session(messages: openvpn_session.Session, lost: bool) -> None:
    first = messages[0][0]
    wire = Wire(rule("openvpn_acks", direction="out" if first else "both"))

    assert lost == ("-" in Talk(wire, tcp=False).all(messages))


LEAST, MOST = (1, 2, *[0] * 8), (3, 5, 5, 5, 5, *[1] * 5)  # acknowledgements in each ten packets


def binned(counts: Iterable[int]) -> openvpn_session.Session:
    """A session with so many acknowledgements in each ten packets; the third is the first of them."""
    tens = [[(True, ACK_BYTES)] * count + [(False, CERTIFICATES)] * (10 - count) for count in counts]
    tens[0] = [(True, bytes(54)), (False, bytes(66)), *tens[0][:8]]
    return [message for ten in tens for message in ten]


def found(counts: Iterable[int]) -> bool:
    return "-" in Talk(Wire(rule("openvpn_acks")), tcp=False).all(binned(counts))


def test_a_session_is_one_up_to_the_most_and_down_to_the_least_of_each_ten_packets() -> None:
    assert (True, True) == (found(LEAST), found(MOST))

    for place in range(10):
        assert not found([count + (at == place) for at, count in enumerate(MOST)])
    assert not found([1, 1, *LEAST[2:]])


@openvpn_session.present
def test_openvpn_2_6_acknowledges_along_with_other_packets_and_is_not_found() -> None:
    real = [*openvpn_session.session("udp", "tls-crypt"), *session()[30:]]

    assert whole(real) == Talk(Wire(rule("openvpn_acks")), tcp=False).all(real)


def packet(proto: int, payload: bytes = b"\0" * 40, *, family: int = 4, back: bool = False) -> bytes:
    """A packet of another protocol than TCP and UDP."""
    ends = (packed(CLIENT_AT[family]), packed(SERVER_AT[family]))
    source, target = ends[::-1] if back else ends
    return framed(forge.ip(source, target, proto, payload))


ENDS: dict[str, Callable[[int], bytes]] = {
    "ike": lambda family: datagram(b"ike", dport=500, family=family),
    "nat_t": lambda family: datagram(b"ike", dport=4500, family=family),
    "l2tp": lambda family: datagram(b"l2tp", dport=1701, family=family),
    "pptp": lambda family: opening(dport=1723, family=family),
    "esp": lambda family: packet(50, family=family),
    "ah": lambda family: packet(51, family=family),
    "gre": lambda family: packet(47, family=family),
}
OTHERS: tuple[Callable[[int], bytes], ...] = (
    lambda family: datagram(b"ike", dport=501, family=family),
    lambda family: opening(dport=500, family=family),
    lambda family: datagram(b"pptp", dport=1723, family=family),
    lambda family: packet(132, family=family),
)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("tunnel", ENDS)
def test_each_of_the_older_tunnels_vanishes_by_itself(family: int, tunnel: str) -> None:
    wire = Wire(rule("ipsec_ports", tunnels=[tunnel]))
    seen = {name: sides(wire.receive(make(family))) or "-" for name, make in ENDS.items()}

    assert {name: "-" if name == tunnel else "i" for name in ENDS} == seen
    assert ["drop"] == wire.actions
    assert tunnel == wire.events[0].detail["what"]


@pytest.mark.parametrize("family", [4, 6])
def test_all_of_them_vanish_both_ways_and_nothing_else(family: int) -> None:
    wire = Wire(rule("ipsec_ports"))
    for _ in range(2):
        assert [""] * len(ENDS) == [sides(wire.receive(make(family))) for make in ENDS.values()]
        assert ["i"] * len(OTHERS) == [sides(wire.receive(make(family))) for make in OTHERS]
    assert "" == sides(wire.receive(packet(50, family=family, back=True), INTERNET))


@pytest.mark.parametrize(("direction", "seen"), [("out", "c"), ("in", ""), ("both", "")])
def test_a_tunnel_from_outside_is_known_by_the_port_that_it_calls(direction: str, seen: str) -> None:
    wire = Wire(rule("ipsec_ports", direction=direction))

    assert seen == sides(wire.receive(datagram(b"ike", sport=500, dport=40000, back=True), INTERNET))
    assert "c" == sides(wire.receive(datagram(b"ike", sport=40000, dport=500, back=True), INTERNET))


def test_an_exempt_prefix_keeps_its_tunnels() -> None:
    wire = Wire(rule("ipsec_ports", exempt_prefixes=["198.41.0.0/16"]))

    assert ["i", ""] == [sides(wire.receive(packet(50, family=family))) for family in (4, 6)]


DISGUISES: dict[str, tuple[list[bytes], Callable[[bytes], bytes]]] = {
    "junk ahead": ([os.urandom(50), os.urandom(700)], lambda data: data),  # Jc, Jmin, Jmax
    "other headers": ([], lambda data: bytes.fromhex("8f3a51c7") + data[4:]),  # H1 to H4
    "padding ahead": ([], lambda data: os.urandom(15) + data),  # S1, S2
    "a protocol ahead": ([b"\xc3\0\0\0\1".ljust(1200, b"\7")], lambda data: bytes.fromhex("8f3a51c7") + data[4:]),  # I1
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("first", [0, 1])
def test_amneziawg_defeats_the_signature(disguise: str, first: int) -> None:
    ahead, dress = DISGUISES[disguise]
    wire = Wire(rule("wireguard_signature", drop="both", first=first))
    out = went(wire, *ahead, dress(INITIATION), dport=51820)
    back = went(wire, dress(RESPONSE), dport=51820, back=True)

    # junk ahead alone helps against those alone who look at the start of a flow
    caught = disguise == "junk ahead" and not first
    assert ("i" * len(ahead) + ("-" if caught else "i"), "-" if caught else "c") == (out, back)


@pytest.mark.parametrize("disguise", [name for name in DISGUISES if name != "junk ahead"])
def test_amneziawgs_tunnel_outlives_who_counts_wireguards_packets(disguise: str) -> None:
    ahead, dress = DISGUISES[disguise]
    wire = Wire(rule("wireguard_late_kill", packets=2))
    sent = [*ahead, dress(INITIATION), *(dress(DATA) for _ in range(6))]

    assert "i" * len(sent) == went(wire, *sent, dport=51820)


def test_junk_ahead_does_not_save_a_tunnel_whose_packets_are_counted() -> None:
    wire = Wire(rule("wireguard_late_kill", packets=2))

    assert "iiii-" == went(wire, os.urandom(300), INITIATION, DATA, DATA, DATA, dport=51820)


def test_the_packets_that_pass_are_the_packets_that_came() -> None:
    wire = Wire(rule("openvpn_opcode"), rule("ipsec_ports"), rule("udp_unknown_drop", known=["stun"], entropy=7.9))
    frame = datagram(VOICE, dport=3478)

    ((_, passed),) = wire.receive(frame)

    assert (frame, VOICE) == (passed, Packet(passed, CLIENT).payload)


def carried(number: int, size: int = 112, ahead: bytes = b"") -> bytes:
    """A tunnel's message of that size, under another type than WireGuard's own; the counter is little-endian."""
    head = bytes.fromhex("8f3a51c7") + os.urandom(4) + number.to_bytes(8, "little")
    return ahead + head + os.urandom(size - 16)


@pytest.mark.parametrize("family", [4, 6])
def test_a_tunnel_with_other_types_is_known_by_the_zeros_of_its_counter_and_by_its_size(family: int) -> None:
    wire = Wire(rule("wireguard_late_kill", mark="counter"))
    for sport in (40000, 40001):
        innocent = Talk(wire, tcp=False, family=family, sport=sport + 100, dport=51820)
        assert {"i"} == {innocent(True, b"\xff" * 16 + os.urandom(96)) for _ in range(20)}
        talk = Talk(wire, tcp=False, family=family, sport=sport, dport=51820)
        shaken = [(True, os.urandom(163)), (False, os.urandom(107))]
        pings = [(bool(at % 2), carried(at // 2)) for at in range(1, 15)]
        assert whole(shaken) + "ic" * 5 + "-" * 4 == talk.all([*shaken, *pings])
    assert ["match", "drop"] * 2 == wire.actions
    assert [11, 11] == [event.detail["packets"] for event in wire.events if event.action == "match"]


@pytest.mark.parametrize(
    "evasion",
    [lambda at: carried(at, ahead=os.urandom(16)), lambda at: carried(at, 111), lambda at: carried(at + (1 << 32))],
    ids=["bytes ahead", "another size", "a counter that has come far"],
)
def test_what_looks_otherwise_outlives_who_knows_the_counter(evasion: Callable[[int], bytes]) -> None:
    assert "i" * 20 == went(Wire(rule("wireguard_late_kill", mark="counter")), *map(evasion, range(20)), dport=51820)


def test_the_size_of_what_is_known_by_its_counter_is_the_rules_to_say() -> None:
    wire = Wire(rule("wireguard_late_kill", mark="counter", size=128, packets=1))

    assert "ii-" == went(wire, carried(1), carried(2, 128), carried(3, 128), dport=51820)


def test_a_tunnel_that_shakes_hands_after_its_time_lives_as_long_as_the_first() -> None:
    wire = Wire(rule("wireguard_late_kill", packets=1, residual={"key": "4tuple", "seconds": 60}))
    seen = []
    for _ in range(2):
        seen.append(went(wire, INITIATION, DATA, DATA, INITIATION, dport=51820))
        wire.wait(60.1)

    assert ["ii--"] * 2 == seen
    assert "iii" == went(wire, DATA, DATA, DATA, dport=51820)  # of no tunnel that is known


def test_keepalives_count_and_nothing_shorter_does() -> None:
    wire = Wire(rule("wireguard_late_kill", packets=1))

    assert "iiii-" == went(wire, INITIATION, DATA[:31], DATA[:31], DATA[:32], DATA[:32], dport=51820)
