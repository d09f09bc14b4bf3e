"""Rules about requests in the clear, packet by packet: stubs, pages, resets; each twice, innocents around."""

from __future__ import annotations

from typing import Any

import pytest

from harness.lab.censor.packet import ACK, FIN, INTERNET, PSH, RST, SYN, Packet
from tests.lab.conftest import hello
from tests.lab.frames import CLIENT, Wire, opening, rule, segment, shaken, sides

BAD, GOOD = "www.facebook.com", "example.org"
FAMILIES = pytest.mark.parametrize("family", [4, 6])


def request(host: str = BAD, path: str = "/", header: str = "Host: ") -> bytes:
    return f"GET {path} HTTP/1.1\r\n{header}{host}\r\nAccept: */*\r\n\r\n".encode()


def asked(wire: Wire, data: bytes, sport: int = 40000, **more: Any) -> list[tuple[int, bytes]]:
    """What left because of a request on a connection of its own."""
    more = {"dport": 80, **more}
    shaken(wire, sport=sport, **more)
    return wire.receive(segment(data, sport=sport, **more))


def in_turn(wire: Wire, family: int = 4, **more: Any) -> list[str]:
    """Where the frames went for two listed names, with innocents before, between and after."""
    names = (GOOD, BAD, GOOD, BAD, GOOD)
    return [sides(asked(wire, request(name), 40000 + at, family=family, **more)) for at, name in enumerate(names)]


def came(sent: list[tuple[int, bytes]]) -> list[Packet]:
    """What the client was sent."""
    return [Packet(frame, INTERNET) for side, frame in sent if side == CLIENT]


# A redirect that races.

STUB = {"names": ["facebook.com"], "location": "http://warning.example/"}


@FAMILIES
def test_the_stub_reaches_the_client_first_and_the_request_goes_on(family: int) -> None:
    wire = Wire(rule("http_302_stub", **STUB))

    assert ["i", "ci", "i", "ci", "i"] == in_turn(wire, family)
    assert ["match", "page", "match", "page"] == wire.actions


def test_the_stub_carries_the_ip_id_of_passive_filters_and_the_true_answer_follows() -> None:
    wire = Wire(rule("http_302_stub", **STUB))
    (stub,) = came(asked(wire, request()))

    assert (b"\0\1", PSH | ACK | FIN) == (stub.raw[18:20], stub.flags)
    assert stub.payload.startswith(b"HTTP/1.1 302 Found\r\n")
    assert b"\r\nLocation: http://warning.example/\r\n" in stub.payload
    assert "c" == sides(wire.receive(segment(b"HTTP/1.1 200 OK\r\n", dport=80, back=True), INTERNET))


@pytest.mark.parametrize("header", ["hoSt: ", "Host:", "Host:  ", "Host : ", "HOST: "])
def test_another_spelling_of_the_header_passes_the_stub_by(header: str) -> None:
    wire = Wire(rule("http_302_stub", **STUB))

    assert "i" == sides(asked(wire, request(header=header)))


def test_another_spelling_of_the_name_does_not() -> None:
    wire = Wire(rule("http_302_stub", **STUB))

    assert "ci" == sides(asked(wire, request("WWW.FaceBook.com")))


def test_a_request_in_two_segments_passes_the_stub_by() -> None:
    wire = Wire(rule("http_302_stub", **STUB))
    at = request().index(b"face") + 2

    assert "i" == sides(asked(wire, request()[:at]))
    assert "i" == sides(wire.receive(segment(request()[at:], at=1 + at, dport=80)))


def test_a_stub_rule_that_puts_segments_together_is_not_passed_so() -> None:
    wire = Wire(rule("http_302_stub", **STUB, reassembly="tcp"))
    at = request().index(b"face") + 2
    asked(wire, request()[:at])

    assert "ci" == sides(wire.receive(segment(request()[at:], at=1 + at, dport=80)))


# Iran's page.

IRAN = {"names": ["facebook.com"]}


@FAMILIES
@pytest.mark.parametrize("port", [80, 8080])
def test_the_page_with_an_iframe_comes_on_any_port_and_the_server_hears_a_reset(family: int, port: int) -> None:
    wire = Wire(rule("http_403_iran", **IRAN))

    assert ["i", "ci", "i", "ci", "i"] == in_turn(wire, family, dport=port)
    assert ["match", "page", "rst"] * 2 == wire.actions
    last = [Packet(frame, CLIENT) for side, frame in wire.sent if side != CLIENT and Packet(frame, CLIENT).flags & RST]
    assert 2 == len(last)


def test_the_page_is_irans() -> None:
    (page,) = came(asked(Wire(rule("http_403_iran", **IRAN)), request()))

    assert page.payload.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b'<iframe src="http://10.10.34.36' in page.payload


@pytest.mark.parametrize(("path", "went"), [("/Secret", "ci"), ("/Secret/page", "ci"), ("/secret", "i"), ("/", "i")])
def test_paths_are_compared_to_the_letter(path: str, went: str) -> None:
    wire = Wire(rule("http_403_iran", names=["*"], paths=["/Secret"]))

    assert went == sides(asked(wire, request(GOOD, path)))


@pytest.mark.parametrize(("first", "went"), [(1, "ci"), (7, "ci"), (8, "i"), (20, "i")])
def test_only_a_first_segment_of_eight_bytes_or_more_defeats_the_page(first: int, went: str) -> None:
    wire = Wire(rule("http_403_iran", **IRAN))
    asked(wire, request()[:first])

    assert went == sides(wire.receive(segment(request()[first:], at=1 + first, dport=80)))


@FAMILIES
def test_a_request_from_outside_is_answered_by_the_page_too(family: int) -> None:
    wire = Wire(rule("http_403_iran", **IRAN))
    more: dict[str, Any] = {"back": True, "family": family, "sport": 80, "dport": 50000}
    shaken(wire, **more)

    sent = wire.receive(segment(request(), **more), INTERNET)

    assert "ic" == sides(sent)
    assert b"403 Forbidden" in sent[0][1]


# The first request alone.


@FAMILIES
def test_only_the_first_request_of_a_connection_is_looked_at(family: int) -> None:
    wire = Wire(rule("http_first_only", names=["facebook.com"]))
    assert ["i", "ci", "i", "ci", "i"] == in_turn(wire, family)

    assert "i" == sides(asked(wire, request(GOOD), 41000, family=family))
    second = segment(request(), at=1 + len(request(GOOD)), sport=41000, dport=80, family=family)

    assert "i" == sides(wire.receive(second))


def test_a_request_smuggled_behind_the_first_is_not_looked_at_and_one_ahead_is() -> None:
    wire = Wire(rule("http_first_only", names=["facebook.com"]))

    assert "i" == sides(asked(wire, request(GOOD) + request(BAD)))
    assert "ci" == sides(asked(wire, request(BAD) + request(GOOD), 40001))


@pytest.mark.parametrize("first", [b"\r\n", request()[:20]])
def test_only_the_first_packet_of_a_connection_is_looked_at(first: bytes) -> None:
    wire = Wire(rule("http_first_only", names=["facebook.com"]))
    whole = first + request() if first == b"\r\n" else request()

    assert "i" == sides(asked(wire, whole[: len(first)]))
    assert "i" == sides(wire.receive(segment(whole[len(first) :], at=1 + len(first), dport=80)))


def test_a_rule_about_all_requests_sees_the_second_too() -> None:
    wire = Wire(rule("http_block_page", names=["facebook.com"]))
    asked(wire, request(GOOD))

    assert "ci" == sides(wire.receive(segment(request(), at=1 + len(request(GOOD)), dport=80)))


@pytest.mark.parametrize("reassembly", ["none", "tcp"])
def test_a_second_request_in_the_same_segment_is_read_too(reassembly: str) -> None:
    wire = Wire(rule("http_reset", names=["facebook.com"], reassembly=reassembly))

    assert "i" == sides(asked(wire, request(GOOD) + request(GOOD)))
    assert "ci" == sides(asked(wire, request(GOOD) + request(BAD), 40001))


# Resets.


@FAMILIES
@pytest.mark.parametrize(("trigger", "went"), [("drop", "ci"), ("pass", "cii")])
def test_a_host_is_reset_each_time(family: int, trigger: str, went: str) -> None:
    wire = Wire(rule("http_reset", names=["facebook.com"], trigger=trigger))

    assert ["i", went, "i", went, "i"] == in_turn(wire, family)
    assert ["match", "rst"] * 2 == wire.actions


def test_an_exempt_name_below_a_listed_one_is_not_reset() -> None:
    wire = Wire(rule("http_reset", names=["facebook.com"], exempt_names=["www.facebook.com"]))

    assert ["i", "ci"] == [sides(asked(wire, request(name), 40000 + len(name))) for name in (BAD, "facebook.com")]


def test_whatever_comes_on_the_same_four_tuple_is_reset_for_thirty_seconds() -> None:
    wire = Wire(rule("http_reset", names=["facebook.com"], residual={"key": "4tuple", "seconds": 30}))
    asked(wire, request())
    wire.wait(29.9)
    assert "c" == sides(wire.receive(opening(dport=80, sport=40000)))[:1]
    assert "i" == sides(asked(wire, request(GOOD), 40001))

    wire.wait(0.2)

    assert "i" == sides(wire.receive(opening(dport=80, sport=40000)))


def zeros(sent: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return [(one.flags, one.payload) for one in came(sent)]


@FAMILIES
def test_a_reset_carries_twenty_two_zeros_on_any_port(family: int) -> None:
    wire = Wire(rule("http_rst_payload", names=["facebook.com"]))

    assert ["i", "c", "i", "c", "i"] == in_turn(wire, family, dport=8080)
    assert [(RST | ACK, bytes(22))] == zeros(asked(wire, request(), 41000, family=family))


def test_without_a_handshake_the_second_packet_with_the_host_sets_it_off() -> None:
    wire = Wire(rule("http_rst_payload", names=["facebook.com"]))

    assert "i" == sides(wire.receive(segment(request(), dport=80)))
    assert [(RST | ACK, bytes(22))] == zeros(wire.receive(segment(request(), at=1 + len(request()), dport=80)))


# Keywords.

KEYWORD = {"keywords": ["falun"], "reset": {"to": "client"}, "residual": None}


@FAMILIES
@pytest.mark.parametrize("where", [(GOOD, "/a/FaLun.html"), ("falun.example", "/"), (GOOD, "/?q=%66alun")])
def test_a_keyword_in_the_path_or_the_host_is_reset_each_time(family: int, where: tuple[str, str]) -> None:
    wire = Wire(rule("http_keyword_reset", **KEYWORD, hits=1))
    every = [(GOOD, "/"), where, (GOOD, "/"), where, (GOOD, "/")]

    went = [sides(asked(wire, request(host, path), 40000 + at, family=family)) for at, (host, path) in enumerate(every)]

    assert ["i", "ci", "i", "ci", "i"] == went


def test_a_keyword_in_another_header_or_in_the_body_is_left_alone() -> None:
    wire = Wire(rule("http_keyword_reset", **KEYWORD, hits=1))
    posted = request(GOOD).replace(b"Accept: */*", b"Referer: falun") + b"falun"

    assert "i" == sides(asked(wire, posted))


def test_three_quarters_of_the_requests_are_hit_and_the_same_ones_each_time() -> None:
    def run() -> list[str]:
        wire = Wire(rule("http_keyword_reset", **KEYWORD))
        return [sides(asked(wire, request(GOOD, "/falun"), 40000 + at)) for at in range(400)]

    first = run()

    assert first == run()
    assert 270 <= first.count("ci") <= 330


def test_for_ninety_seconds_a_share_of_innocent_connections_is_reset_too() -> None:
    wire = Wire(rule("http_keyword_reset", keywords=["falun"], hits=1, reset={"to": "client"}))
    asked(wire, request(GOOD, "/falun"))

    def hit(first: int) -> int:
        return sum("c" in sides(asked(wire, request(GOOD), first + at)) for at in range(200))

    assert 100 <= hit(41000) <= 150
    assert 0 == sum("c" in sides(asked(wire, request(GOOD), 43000 + at, dport=8080)) for at in range(20))
    wire.wait(89.9)
    assert 100 <= hit(44000) <= 150
    wire.wait(0.2)
    assert 0 == hit(42000)


def test_what_a_residual_spares_is_still_looked_at() -> None:
    wire = Wire(rule("http_keyword_reset", keywords=["falun"], hits=1, residual_hits=0, reset={"to": "client"}))
    asked(wire, request(GOOD, "/falun"))

    assert ["i", "ci"] == [
        sides(asked(wire, request(GOOD, path), 41000 + at)) for at, path in enumerate(("/", "/falun"))
    ]


def test_the_resets_of_the_keyword_filter_come_in_threes_to_both_ends() -> None:
    wire = Wire(rule("http_keyword_reset", keywords=["falun"], hits=1))

    assert "ccciiii" == sides(asked(wire, request(GOOD, "/falun")))


# Redirects from a listed address.

RACE = {"location": "http://elsewhere.example/", "prefixes": ["198.41.0.4", "2001:503:ba3e::2:30"]}


@FAMILIES
def test_a_share_of_the_requests_to_the_address_is_redirected_one_way_or_the_other(family: int) -> None:
    wire = Wire(rule("http_race_redirect", **RACE))
    pages = [
        one.payload[9:12]
        for at in range(1000)
        for one in came(asked(wire, request(GOOD), 40000 + at, family=family))
        if one.ttl == 251
    ]

    assert 90 == pytest.approx(pages.count(b"301"), abs=18)
    assert 285 == pytest.approx(pages.count(b"302"), abs=30)
    assert len(pages) == pages.count(b"301") + pages.count(b"302") == wire.actions.count("page")


def test_the_request_always_goes_on_and_another_port_is_never_redirected() -> None:
    wire = Wire(rule("http_race_redirect", **RACE, found=1))

    assert "ci" == sides(asked(wire, request(GOOD)))
    assert "i" == sides(asked(wire, request(GOOD), 40001, dport=443))


# One box for questions, requests and ClientHellos, as in Turkmenistan.


@FAMILIES
@pytest.mark.parametrize("behaviour", ["http_reset", "sni_reset"])
def test_a_box_for_both_sides_resets_what_comes_from_outside_with_a_look_of_its_own(
    family: int, behaviour: str
) -> None:
    shape = {"ttl": 128, "ip_id": 30000}
    wire = Wire(rule(behaviour, names=["facebook.com"], direction="both", reset=shape))
    data = request() if behaviour == "http_reset" else hello(BAD)
    more: dict[str, Any] = {"back": True, "family": family, "sport": 8080, "dport": 50000}
    wire.receive(segment(at=0, flags=SYN, **more), INTERNET)

    sent = wire.receive(segment(data, **more), INTERNET)

    assert "ic" == sides(sent)
    assert {128} == {Packet(frame, 1 - side).ttl for side, frame in sent}


def test_a_residual_of_the_four_tuple_also_holds_a_connection_from_outside() -> None:
    wire = Wire(rule("http_reset", names=["facebook.com"], direction="both", residual={"key": "4tuple", "seconds": 30}))
    more: dict[str, Any] = {"back": True, "sport": 80, "dport": 50000}
    syn = segment(at=0, flags=SYN, **more)
    wire.receive(syn, INTERNET)
    wire.receive(segment(request(), **more), INTERNET)

    assert "i" == sides(wire.receive(syn, INTERNET))[:1]
    wire.wait(30.1)
    assert "c" == sides(wire.receive(syn, INTERNET))
