"""Rules about what a ClientHello shows, without a network: each twice, innocents around, its edges, its evasions."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ScenarioError
from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, PSH, RST, SYN, Packet
from tests.lab.frames import Wire, opening, rule, segment, shaken, sides
from tests.lab.hellos import CHROME_2023, CHROME_2025, CHROME_LONG, ECH, ESNI, FIREFOX, Made

LISTED, OTHER = "www.facebook.com", "example.org"
BAD, GOOD = Made(name=LISTED), Made(name=OTHER)
JA4 = "t13d1516h2_8daaf6152771_d8a2da3f94cd"
WITH_ECH = GOOD.but(kinds=(*GOOD.kinds, ECH))
WITH_ESNI = GOOD.but(name=None, kinds=(*GOOD.kinds, ESNI))
OLD = GOOD.but(versions=(0x0303, 0x0302))

# behaviour, parameters, a hello that it is about, hellos that it is not about
RULES: list[tuple[str, dict[str, Any], Made, list[Made]]] = [
    ("sni_null_route", {"names": ["facebook.com"]}, BAD, [GOOD, Made(name=None)]),
    ("tspu_full_drop", {"names": ["facebook.com"]}, BAD, [GOOD, Made(name=None)]),
    ("tls_fingerprint", {"ja4": [JA4]}, CHROME_2025, [CHROME_2023, FIREFOX, GOOD]),
    ("tls_fingerprint", {"ja4": ["t13d1516h2_8daaf6152771_*"]}, CHROME_2023, [FIREFOX, GOOD]),
    (
        "tls_fingerprint",
        {"ja3": ["ada70206e40642a3e4461f35503241d5"]},
        BAD.but(
            version=769,
            ciphers=(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
            kinds=(0, 10, 11),
            groups=(23, 24, 25),
        ),
        [BAD, CHROME_2025],
    ),
    ("tls_fingerprint", {"ja4": [JA4], "names": ["facebook.com"]}, CHROME_2025.but(name=LISTED), [CHROME_2025, BAD]),
    ("mtproxy_fake_tls", {}, CHROME_2025, [CHROME_2023, FIREFOX, GOOD]),
    ("tls_version", {}, OLD, [GOOD, CHROME_2025]),
    ("tls_version", {}, GOOD.but(kinds=(0, 10, 11), version=0x0301), [GOOD]),
    (
        "ech_drop",
        {},
        WITH_ECH.but(name="cloudflare-ech.com"),
        [WITH_ECH, GOOD.but(name="cloudflare-ech.com"), WITH_ECH.but(name="www.cloudflare-ech.com")],
    ),
    ("esni_drop", {}, WITH_ESNI, [GOOD, WITH_ECH, WITH_ECH.but(kinds=(*GOOD.kinds, 0xFF02))]),
]
IDS = [f"{behaviour}-{number}" for number, (behaviour, *_) in enumerate(RULES)]


def greet(wire: Wire, data: bytes, sport: int = 40000, **more: Any) -> str:
    """Opens a connection, says hello, and tells where the frames of the hello went."""
    shaken(wire, sport=sport, **more)
    return sides(wire.receive(segment(data, sport=sport, **more)))


def said(wire: Wire, parts: list[bytes], **more: Any) -> str:
    """Opens a connection, says that in segments, and tells where they went, `-` for nowhere."""
    shaken(wire, **more)
    went, at = "", 1
    for part in parts:
        went += sides(wire.receive(segment(part, at=at, **more))) or "-"
        at += len(part)
    return went


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("behaviour", "params", "meant", "others"), RULES, ids=IDS)
def test_each_hello_that_is_meant_vanishes_and_no_other(
    *, behaviour: str, params: dict[str, Any], meant: Made, others: list[Made], family: int
) -> None:
    wire = Wire(rule(behaviour, residual=None, **params))
    around = [*others, meant, *others, meant, *others]

    went = [greet(wire, made.record, 40000 + port, family=family) for port, made in enumerate(around)]

    assert ["" if made is meant else "i" for made in around] == went
    assert ["match", "drop", "match", "drop"] == wire.actions
    assert {meant.name or ""} == {event.name for event in wire.events if event.action == "match"}


@pytest.mark.parametrize(("behaviour", "params", "meant", "others"), RULES, ids=IDS)
def test_a_hello_in_two_segments_and_two_records_is_put_together(
    behaviour: str, params: dict[str, Any], meant: Made, others: list[Made]
) -> None:
    half = len(meant.message) // 2
    records = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (meant.message[:half], meant.message[half:])
    )

    whole = Wire(rule(behaviour, residual=None, reassembly="both", **params))
    assert "i-" == said(whole, [records[:60], records[60:]])
    alone = Wire(rule(behaviour, residual=None, reassembly="none", **params))
    assert "ii" == said(alone, [records[:60], records[60:]])


@pytest.mark.parametrize(("behaviour", "params", "meant", "others"), RULES, ids=IDS)
@pytest.mark.parametrize(
    "spared",
    [
        {"exempt_prefixes": ["198.41.0.0/24"]},
        {"exempt_ports": [443]},
        {"ports": [8443]},
        {"prefixes": ["192.0.2.0/24"]},
        {"direction": "in"},
        {"families": [6]},
    ],
    ids=lambda spared: next(iter(spared)),
)
def test_flows_that_a_rule_spares_pass(
    *, behaviour: str, params: dict[str, Any], meant: Made, others: list[Made], spared: dict[str, Any]
) -> None:
    wire = Wire(rule(behaviour, **params, **spared))

    assert ("i", []) == (greet(wire, meant.record), wire.actions)


def test_the_log_says_by_which_fingerprint() -> None:
    wire = Wire(rule("mtproxy_fake_tls"))
    greet(wire, CHROME_2025.record)

    assert JA4 == wire.events[0].detail["ja4"]


def test_a_name_in_another_case_passes_a_rule_that_takes_it_as_written() -> None:
    wire = Wire(rule("tls_fingerprint", names=["facebook.com"], as_written=True))

    went = [greet(wire, BAD.but(name=name).record, 40000 + at) for at, name in enumerate([LISTED, "www.FaceBook.com"])]

    assert ["", "i"] == went
    assert "" == greet(Wire(rule("tls_fingerprint", names=["facebook.com"])), BAD.but(name="www.FaceBook.com").record)


def test_the_servers_hello_is_held_back_and_the_clients_arrives() -> None:
    wire = Wire(rule("tls_fingerprint", ja4=[JA4], names=["facebook.com"], drop="server"))

    assert "i" == greet(wire, CHROME_2025.but(name=LISTED).record)
    assert "" == sides(wire.receive(segment(b"ServerHello", back=True), INTERNET))
    assert "i" == sides(wire.receive(segment(b"more", at=3000)))


@pytest.mark.parametrize(("trigger", "went"), [("drop", "ci"), ("pass", "cii")])
def test_a_fingerprint_may_bring_resets(trigger: str, went: str) -> None:
    wire = Wire(rule("mtproxy_fake_tls", act="reset", trigger=trigger))

    assert went == greet(wire, CHROME_2025.record)
    assert ["match", "rst"] == wire.actions


def test_exempt_names_keep_their_client() -> None:
    wire = Wire(rule("tls_fingerprint", ja4=["t13*"], exempt_names=["example.org"]))

    assert ["i", ""] == [greet(wire, made.record, port) for made, port in ((GOOD, 40000), (BAD, 40001))]


def test_a_hello_longer_than_a_packet_needs_segments_put_together() -> None:
    data = CHROME_LONG.record
    smallest = [data[at : at + 88] for at in range(0, len(data), 88)]
    halves = [data[:1400], data[1400:]]

    assert "ii" == said(Wire(rule("mtproxy_fake_tls", reassembly="none")), halves)
    assert "i-" == said(Wire(rule("mtproxy_fake_tls", reassembly="tcp")), halves)
    assert "i" * (len(smallest) - 1) + "-" == said(Wire(rule("mtproxy_fake_tls")), smallest)


@pytest.mark.parametrize("field", [{"newest": ["1.4"]}, {"extensions": ["ech"]}, {"ja5": ["x"]}])
def test_what_a_hello_cannot_show_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match="tls_fingerprint"):
        Wire(rule("tls_fingerprint", **field))


# --- TSPU ---

TSPU = ("tspu_rewrite", "tspu_delayed_drop", "tspu_full_drop", "tspu_crawl")


def answer(wire: Wire, payload: bytes = b"ServerHello", **more: Any) -> list[tuple[int, bytes]]:
    return wire.receive(segment(payload, at=1, back=True, **more), INTERNET)


@pytest.mark.parametrize("family", [4, 6])
def test_the_servers_own_packet_becomes_a_reset_without_its_payload(family: int) -> None:
    wire = Wire(rule("tspu_rewrite", names=["facebook.com"]))
    assert "i" == greet(wire, BAD.record, family=family)

    ((side, frame),) = answer(wire, family=family, ttl=49)

    sent, made = (
        Packet(segment(b"ServerHello", at=1, back=True, family=family, ttl=49), INTERNET),
        Packet(frame, INTERNET),
    )
    assert (CLIENT, RST | ACK, b"") == (side, made.flags, made.payload)
    assert (sent.seq, sent.ack, sent.key, sent.ttl) == (made.seq, made.ack, made.key, made.ttl)
    plain = segment(b"", at=1, back=True, family=family, ttl=49, flags=RST | ACK)
    assert plain == frame  # lengths and checksums too
    assert ["match", "rewrite"] == wire.actions


def test_only_the_servers_packets_are_rewritten_and_only_of_listed_names() -> None:
    wire = Wire(rule("tspu_rewrite", names=["facebook.com"]))
    flags = []
    for port, made in enumerate([GOOD, BAD, GOOD, BAD, GOOD], 40000):
        assert "i" == greet(wire, made.record, port)
        flags.append(Packet(answer(wire, sport=port)[0][1], INTERNET).flags)
        assert "i" == sides(wire.receive(segment(b"more", at=1 + len(made.record), sport=port)))

    assert [PSH | ACK, RST | ACK, PSH | ACK, RST | ACK, PSH | ACK] == flags


def test_a_rewritten_segment_keeps_its_options() -> None:
    options = bytes.fromhex("0101080a0000000100000002")
    frame = bytearray(segment(options + b"ServerHello", at=1, back=True))
    frame[46] = 8 << 4  # the data offset takes the options into the header
    wire = Wire(rule("tspu_rewrite", names=["facebook.com"]))
    greet(wire, BAD.record)

    ((_, made),) = wire.receive(bytes(frame), INTERNET)

    seen = Packet(made, INTERNET)
    assert (options, b"", 32) == (made[seen.head + 20 : seen.body], seen.payload, seen.body - seen.head)


@pytest.mark.parametrize(
    ("behaviour", "seconds"), [("tspu_rewrite", 75), ("tspu_delayed_drop", 420), ("tspu_full_drop", 40)]
)
def test_a_connection_is_remembered_by_its_four_ends_to_the_second(behaviour: str, seconds: int) -> None:
    wire = Wire(rule(behaviour, names=["facebook.com"]))
    greet(wire, BAD.record)
    for number in range(12):
        answer(wire, bytes(number))

    def untouched(sport: int) -> bool:
        wire.receive(segment(at=0, flags=SYN, sport=sport))
        came = wire.receive(segment(at=0, flags=SYN | ACK, back=True, sport=sport), INTERNET)
        return [SYN | ACK] == [Packet(frame, INTERNET).flags for _, frame in came]

    wire.wait(seconds - 0.1)
    before = [untouched(40000), untouched(40001)]
    wire.wait(0.2)

    assert ([False, True], True) == (before, untouched(40000))


@pytest.mark.parametrize("behaviour", [*TSPU, "sni_null_route"])
def test_a_hello_in_pieces_defeats_those_that_put_nothing_together(behaviour: str) -> None:
    at = BAD.record.index(LISTED.encode()) + 4
    wire = Wire(rule(behaviour, names=["facebook.com"]))

    assert "ii" == said(wire, [BAD.record[:at], BAD.record[at:]])
    assert [] == wire.actions


@pytest.mark.parametrize(
    ("where", "how", "went"), [("after", "none", "-"), ("before", "none", "i"), ("before", "both", "-")]
)
def test_padding_hides_a_name_only_where_it_pushes_it_into_a_segment_that_is_not_joined(
    where: str, how: str, went: str
) -> None:
    padding = 0x0015
    kinds = (*BAD.kinds, padding) if where == "after" else (padding, *BAD.kinds)
    data = BAD.but(kinds=kinds, data={padding: bytes(1500)}).record
    wire = Wire(rule("tspu_full_drop", names=["facebook.com"], reassembly=how))

    assert ("i" if where == "before" else "-") + went == said(wire, [data[:1400], data[1400:]])


def test_a_flow_that_the_server_opened_is_not_looked_at() -> None:
    for behaviour in TSPU:
        wire = Wire(rule(behaviour, names=["facebook.com"]))
        wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)
        assert "i" == sides(wire.receive(segment(BAD.record)))
        assert [] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
def test_five_to_eight_packets_pass_behind_a_listed_name_and_then_none_either_way(family: int) -> None:
    wire = Wire(rule("tspu_delayed_drop", names=["facebook.com"]))
    passed = []
    for port in range(40000, 40040):
        assert "i" == greet(wire, BAD.record, port, family=family)
        went = [bool(answer(wire, sport=port, family=family)) for _ in range(6)]
        went += [bool(wire.receive(segment(b"x", at=3000, sport=port, family=family))) for _ in range(6)]
        passed.append(sum(went))
        assert went == sorted(went, reverse=True)

    assert {5, 6, 7, 8} == set(passed)


def test_an_innocent_flow_is_not_counted_down() -> None:
    wire = Wire(rule("tspu_delayed_drop", names=["facebook.com"], least=0, most=0))

    went = []
    for port, made in enumerate([GOOD, BAD, GOOD, BAD, GOOD], 40000):
        greet(wire, made.record, port)
        went.append(sides(answer(wire, sport=port)))

    assert ["c", "", "c", "", "c"] == went
    assert ["match", "drop", "match", "drop"] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
def test_a_crawl_is_some_650_bytes_a_second_each_way(family: int) -> None:
    wire = Wire(rule("tspu_crawl", names=["facebook.com"]))
    greet(wire, BAD.record, family=family)
    size = 1000 - (40 if family == 4 else 60)
    came = {INTERNET: 0, CLIENT: 0}
    for _ in range(1000):
        wire.wait(0.1)
        came[INTERNET] += len(wire.receive(segment(bytes(size), at=1, back=True, family=family), INTERNET))
        came[CLIENT] += len(wire.receive(segment(bytes(size), at=3000, family=family)))

    assert 66 == pytest.approx(came[INTERNET], abs=1)
    assert 65 == pytest.approx(came[CLIENT], abs=1)


@pytest.mark.parametrize("family", [4, 6])
def test_a_crawl_ends_after_420_seconds_and_is_that_of_one_connection(family: int) -> None:
    wire = Wire(rule("tspu_crawl", names=["facebook.com"]))
    greet(wire, BAD.record, family=family)

    def came(sport: int = 40000) -> list[int]:
        return [len(answer(wire, bytes(1400), sport=sport, family=family)) for _ in range(3)]

    seen = [came()]
    wire.wait(419.9)
    seen += [came()]
    assert "i" == greet(wire, GOOD.record, 40001, family=family)
    seen += [came(40001)]
    wire.wait(0.2)

    assert ([[1, 0, 0], [1, 0, 0], [1, 1, 1]], [1, 1, 1]) == (seen, came())


def test_a_crawl_needs_names() -> None:
    with pytest.raises(ScenarioError, match="names"):
        Wire(rule("tspu_crawl"))


# --- Iran and Kazakhstan ---


def test_a_null_route_lasts_as_long_as_anybody_tries_and_another_port_gets_through() -> None:
    wire = Wire(rule("sni_null_route", names=["facebook.com"]))
    greet(wire, BAD.record)
    tries = []
    for _ in range(3):
        wire.wait(179.9)
        tries.append(sides(wire.receive(segment(b"x", at=900))))  # what shows no name itself
        wire.wait(179.9)
        tries.append(sides(answer(wire, b"y")))

    assert ([""] * 6, "i") == (tries, greet(wire, GOOD.record, 40001))
    wire.wait(180.1)
    assert "i" == sides(wire.receive(segment(at=7, flags=SYN)))


@pytest.mark.parametrize("family", [4, 6])
def test_irans_reset_goes_to_the_client_once_on_any_port_and_the_hello_stays_behind(family: int) -> None:
    wire = Wire(rule("iran_reset", names=["facebook.com"]))

    went = [
        greet(wire, made.record, 40000 + at, family=family, dport=dport)
        for at, (made, dport) in enumerate([(GOOD, 443), (BAD, 443), (GOOD, 8443), (BAD, 8443), (GOOD, 443)])
    ]

    assert ["i", "c", "i", "c", "i"] == went
    assert ["match", "rst", "match", "rst"] == wire.actions


def test_a_hello_in_two_segments_defeats_irans_reset() -> None:
    at = BAD.record.index(LISTED.encode()) + 4

    assert "ii" == said(Wire(rule("iran_reset", names=["facebook.com"])), [BAD.record[:at], BAD.record[at:]])


# --- the Great Firewall, and Henan ---


@pytest.mark.parametrize("family", [4, 6])
def test_resets_of_three_kinds_go_to_both_ends_while_the_hello_goes_on(family: int) -> None:
    wire = Wire(rule("gfw_reset", names=["facebook.com"], hits=1))
    wire.receive(opening(family=family))

    sent = wire.receive(segment(BAD.record, family=family))

    assert "cccc" + "i" + "iiii" == sides(sent)
    back = [Packet(frame, INTERNET) for side, frame in sent if side == CLIENT]
    assert [RST, RST | ACK, RST | ACK, RST | ACK] == [one.flags for one in back]
    assert [1, 1, 1461, 4381] == [one.seq for one in back]
    assert [47, 92, 93, 94] == [one.ttl for one in back]
    on = [Packet(frame, CLIENT) for side, frame in sent if side == INTERNET][1:]
    after = Packet(segment(at=1 + len(BAD.record)), CLIENT).seq
    assert [0, 0, 1460, 4380] == [(one.seq - after) % 2**32 for one in on]


def test_a_later_connection_to_the_port_is_reset_too_and_the_answer_still_comes() -> None:
    wire = Wire(rule("gfw_reset", names=["facebook.com"], hits=1, residual={"seconds": 60}))
    greet(wire, BAD.record)

    assert "c" == sides(answer(wire))
    assert "c" in sides(wire.receive(opening(sport=40001)))
    assert "i" == sides(wire.receive(opening(sport=40002, dport=8443)))
    wire.wait(60.1)
    assert "i" == sides(wire.receive(opening(sport=40003)))


def test_a_server_at_home_is_reached_no_better_from_abroad() -> None:
    wire = Wire(rule("gfw_reset", names=["facebook.com"], hits=1))
    wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)

    assert "iiii" + "c" + "cccc" == sides(wire.receive(segment(BAD.record, back=True), INTERNET))


def test_records_are_not_joined_and_segments_are() -> None:
    at = BAD.record.index(LISTED.encode()) + 4
    first, second = BAD.record[5:at], BAD.record[at:]
    records = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (first, second))

    wire = Wire(rule("gfw_reset", names=["facebook.com"], hits=1))
    assert "i" == greet(wire, records, 40000)
    assert "i" + "cccc" + "i" + "iiii" == said(wire, [BAD.record[:at], BAD.record[at:]], sport=40001)


@pytest.mark.parametrize("family", [4, 6])
def test_henans_reset_goes_to_the_client_alone_with_its_ten_bytes(family: int) -> None:
    wire = Wire(rule("henan_reset", names=["facebook.com"]))

    sent = wire.receive(segment(BAD.record, family=family))  # no handshake came before

    assert "ci" == sides(sent)
    made = Packet(sent[0][1], INTERNET)
    assert (RST | ACK, 58, bytes.fromhex("01020304050607080900")) == (made.flags, made.ttl, made.payload)
    assert family == 6 or b"\x00\x01" == made.raw[18:20]
    assert ["match", "rst"] == wire.actions


def test_henan_resets_each_time_and_remembers_nothing() -> None:
    wire = Wire(rule("henan_reset", names=["facebook.com"]))

    went = [greet(wire, made.record, port) for port, made in enumerate([GOOD, BAD, GOOD, BAD, GOOD], 40000)]

    assert ["i", "ci", "i", "ci", "i"] == went
    assert "ci" == sides(wire.receive(segment(b"GET / HTTP/1.1\r\nHost: a.facebook.com\r\n\r\n", dport=80)))


@pytest.mark.parametrize(
    ("name", "went"), [("facebook.com", "ci"), ("a.b.facebook.com", "ci"), ("notfacebook.com", "i")]
)
def test_henan_takes_a_whole_second_level_domain(name: str, went: str) -> None:
    assert went == greet(Wire(rule("henan_reset", names=["facebook.com"])), BAD.but(name=name).record)


def optioned(payload: bytes, size: int) -> bytes:
    """A segment of the client's with that many bytes of options."""
    frame = bytearray(segment(b"\x01" * size + payload))
    frame[46] = (20 + size) // 4 << 4
    return bytes(frame)


@pytest.mark.parametrize(("size", "went"), [(0, "ci"), (4, "i"), (12, "i")])
def test_any_option_in_the_header_defeats_henan(size: int, went: str) -> None:
    wire = Wire(rule("henan_reset", names=["facebook.com"]))

    assert went == sides(wire.receive(optioned(BAD.record, size)))


def test_henan_puts_nothing_together() -> None:
    at = BAD.record.index(LISTED.encode()) + 4
    wire = Wire(rule("henan_reset", names=["facebook.com"]))

    assert "ii" == said(wire, [BAD.record[:at], BAD.record[at:]])
    assert "iici" == said(wire, [b"\x16\x03", b"\x01", BAD.record], sport=40001)  # a decoy ahead changes nothing


def test_henan_looks_at_what_leaves_alone() -> None:
    wire = Wire(rule("henan_reset", names=["facebook.com"]))
    wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)

    assert "c" == sides(wire.receive(segment(BAD.record, back=True), INTERNET))


# --- ESNI, port 443 ---


def test_esni_holds_the_client_alone_and_then_its_other_connections_a_second_late() -> None:
    wire = Wire(rule("esni_drop"))
    greet(wire, WITH_ESNI.record)
    assert ("", "c") == (sides(wire.receive(segment(b"x", at=900))), sides(answer(wire)))

    at_once = greet(wire, GOOD.record, 40001)
    wire.wait(1.1)
    late = [greet(wire, GOOD.record, 40002), greet(wire, GOOD.record, 40003, dport=8443)]
    wire.wait(118)
    before = greet(wire, GOOD.record, 40004)
    wire.wait(62)

    assert ("i", ["", "i"], "", "i") == (at_once, late, before, greet(wire, GOOD.record, 40005))


@pytest.mark.parametrize(("first", "went"), [(4, "ii"), (5, "i-")])
def test_a_first_segment_of_four_bytes_defeats_the_rule_about_esni(first: int, went: str) -> None:
    data = WITH_ESNI.record

    assert went == said(Wire(rule("esni_drop")), [data[:first], data[first:]])


@pytest.mark.parametrize("family", [4, 6])
def test_each_side_of_a_handshake_on_port_443_brings_three_resets_for_the_opener(family: int) -> None:
    wire = Wire(rule("port_443_reset"))

    first = wire.receive(opening(family=family))
    second = wire.receive(segment(at=0, flags=SYN | ACK, back=True, family=family), INTERNET)

    assert ("ccci", "cccc") == (sides(first), sides(second))
    resets = [Packet(frame, INTERNET) for _, frame in [*first[:3], *second[1:]]]
    assert {RST | ACK} == {one.flags for one in resets}
    windows = [int.from_bytes(one.raw[one.head + 14 : one.head + 16], "big") for one in resets]
    assert [1980, 1981, 1982, 3293, 3294, 3295] == windows
    assert [101, 102, 103, 57, 58, 59] == [one.ttl for one in resets]
    assert family == 6 or {b"\0\0"} == {one.raw[18:20] for one in resets}
    answered = Packet(segment(at=0, flags=SYN | ACK, back=True, family=family), INTERNET)
    assert {(0, Packet(opening(family=family), CLIENT).seq + 1)} == {(one.seq, one.ack) for one in resets[:3]}
    assert {(answered.seq + 1) % 2**32} == {one.seq for one in resets[3:]}


@pytest.mark.parametrize("port", [22, 80, 8443])
def test_other_ports_are_free(port: int) -> None:
    assert "i" == sides(Wire(rule("port_443_reset")).receive(opening(dport=port)))


def test_a_syn_from_outside_brings_nothing_and_its_answer_three_resets() -> None:
    wire = Wire(rule("port_443_reset"))
    home: dict[str, Any] = {"sport": 443, "dport": 40000}

    assert "c" == sides(wire.receive(segment(at=0, flags=SYN, back=True, **home), INTERNET))
    assert "iiii" == sides(wire.receive(segment(at=0, flags=SYN | ACK, **home), CLIENT))


# --- how many at once ---


def hellos(wire: Wire, made: Made, ports: range, **more: Any) -> str:
    """Where the hellos of so many connections went, `-` for nowhere."""
    return "".join(greet(wire, made.record, port, **more) or "-" for port in ports)


def close(wire: Wire, port: int, **more: Any) -> None:
    """Both sides end a connection."""
    wire.receive(segment(at=5000, flags=FIN | ACK, sport=port, **more))
    wire.receive(segment(at=1, flags=FIN | ACK, back=True, sport=port, **more), INTERNET)


@pytest.mark.parametrize("family", [4, 6])
def test_the_thirteenth_connection_at_once_falls_silent_and_the_twelve_stand(family: int) -> None:
    wire = Wire(rule("tls_connection_count"))

    assert "i" * 12 + "--" == hellos(wire, BAD, range(40000, 40014), family=family)
    assert "i" == sides(wire.receive(segment(b"x", at=3000, sport=40003, family=family)))
    assert "iii" == hellos(wire, GOOD, range(41000, 41003), family=family)
    assert ["match", "drop", "match", "drop"] == wire.actions


def test_closed_connections_do_not_count() -> None:
    wire = Wire(rule("tls_connection_count", connections=2))
    for port in range(40000, 40008):
        assert "i" == greet(wire, BAD.record, port)
        close(wire, port)

    assert [] == wire.actions


def test_a_retransmitted_hello_counts_once() -> None:
    wire = Wire(rule("tls_connection_count", connections=2))
    greet(wire, BAD.record, 40000)

    assert "iii" == "".join(sides(wire.receive(segment(BAD.record, sport=40000))) for _ in range(3))
    assert "i" == greet(wire, BAD.record, 40001)


def test_new_handshakes_are_refused_until_the_cool_down_is_over() -> None:
    wire = Wire(rule("tls_connection_count", connections=2))
    assert "ii-" == hellos(wire, BAD, range(40000, 40003))
    close(wire, 40000)
    close(wire, 40001)

    wire.wait(59.9)
    assert "-" == hellos(wire, BAD, range(40003, 40004))
    wire.wait(0.2)

    assert "ii-" == hellos(wire, BAD, range(40004, 40007))


@pytest.mark.parametrize("evasion", [{"name": None}, {"name": "rotating.example"}])
def test_another_name_or_none_is_not_counted_with_the_others(evasion: dict[str, Any]) -> None:
    wire = Wire(rule("tls_connection_count", connections=2))
    hellos(wire, BAD, range(40000, 40002))

    assert "i" == greet(wire, BAD.but(**evasion).record, 40002)


def test_hellos_without_a_name_and_other_ports_are_never_counted() -> None:
    wire = Wire(rule("tls_connection_count", connections=2))

    assert "i" * 8 == hellos(wire, BAD.but(name=None), range(40000, 40008))
    assert "i" * 8 == hellos(wire, BAD, range(40000, 40008), dport=8443)


def test_other_rules_start_counting_from_nothing() -> None:
    wire = Wire(rule("tls_connection_count", connections=2))
    hellos(wire, BAD, range(40000, 40003))

    wire.swap(rule("tls_connection_count", connections=2))

    assert "ii-" == hellos(wire, BAD, range(40003, 40006))


SUBNETS = ["198.41.0.0/24", "2001:503:ba3e::/48"]


@pytest.mark.parametrize("family", [4, 6])
def test_the_fourth_parallel_handshake_of_a_chrome_falls_silent_and_a_firefox_passes(family: int) -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=SUBNETS, ja4=["t13d1516h2_8daaf6152771_*"]))

    assert "iii--" == hellos(wire, CHROME_2025, range(40000, 40005), family=family)
    assert "i" * 6 == hellos(wire, FIREFOX, range(41000, 41006), family=family)
    assert "i" == hellos(wire, CHROME_2025.but(name="fresh.example"), range(42000, 42001), family=family)
    assert "i" * 6 == hellos(wire, CHROME_2025.but(name=None), range(43000, 43006), family=family)
    assert ["match", "drop", "match", "drop"] == wire.actions


def test_handshakes_one_after_the_other_pass() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=SUBNETS))
    for port in range(40000, 40008):
        assert "i" == greet(wire, CHROME_2025.record, port)
        close(wire, port)

    assert [] == wire.actions


def test_a_condemned_context_stays_condemned_for_its_time() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=SUBNETS))
    hellos(wire, CHROME_2025, range(40000, 40004))
    for port in range(40000, 40004):
        close(wire, port)

    wire.wait(599.9)
    assert "-" == hellos(wire, CHROME_2025, range(40010, 40011))
    wire.wait(0.2)

    assert "iii-" == hellos(wire, CHROME_2025, range(40020, 40024))


def test_handshakes_into_two_prefixes_are_not_counted_together() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=["198.41.0.0/25", "198.41.0.128/25"]))

    assert "iii" == hellos(wire, CHROME_2025, range(40000, 40003))
    assert "iii-" == hellos(wire, CHROME_2025, range(40000, 40004), to="198.41.0.129")
    assert "-" == hellos(wire, CHROME_2025, range(40003, 40004), to="198.41.0.5")


def test_hellos_in_two_segments_are_counted_with_the_others() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=SUBNETS, names=["example.org"]))
    data = CHROME_LONG.but(name=OTHER).record
    halves = [data[:1400], data[1400:]]

    assert ["ii", "ii", "ii", "i-", "i-"] == [said(wire, halves, sport=port) for port in range(40000, 40005)]


def test_a_name_that_changes_with_each_handshake_never_triggers() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=SUBNETS))

    assert "i" * 9 == "".join(
        greet(wire, CHROME_2025.but(name=f"n{port}.example").record, port) for port in range(40000, 40009)
    )


def test_other_prefixes_are_not_suspicious() -> None:
    wire = Wire(rule("tls_fingerprint_subnet", prefixes=["192.0.2.0/24"]))

    assert "i" * 9 == hellos(wire, CHROME_2025, range(40000, 40009))
