"""TLS led through a middlebox: every packet of a flow, and what a client is shown in the end."""

from __future__ import annotations

import json
import pathlib
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ScenarioError
from harness.lab import Lab, load_world, open_lab
from harness.lab.censor import fingerprint, forge, hello
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, SYN, Packet
from harness.lab.servers.authority import Authority
from harness.lab.servers.mitm import Origin, asking, origin_in
from tests.lab.conftest import hello as ours
from tests.lab.frames import SERVER_AT, Wire, opening, packed, rule, segment, sides
from tests.lab.hellos import CHROME_2025, FIREFOX

BOX = {4: "95.56.237.24", 6: "2a03:32c0:1::24"}
LISTED = ["198.41.0.0/24", "2001:503:ba3e::/48"]


def led() -> Wire:
    return Wire(rule("tls_mitm", prefixes=LISTED, to=[BOX[4], BOX[6]]))


def to_box(frame: bytes, port: int, family: int, **more: Any) -> bytes:
    """The frame that a packet becomes on its way to the middlebox."""
    before = SERVER_AT[family]
    SERVER_AT[family] = BOX[family]
    try:
        return segment(frame, family=family, sport=port, **more)
    finally:
        SERVER_AT[family] = before


@pytest.mark.parametrize("family", [4, 6])
def test_a_flow_goes_to_the_middlebox_and_comes_back_as_the_servers(family: int) -> None:
    wire = led()
    ((_, syn),) = wire.receive(opening(family=family))
    port = Packet(syn, CLIENT).sport

    ((_, data),) = wire.receive(segment(b"hello", family=family))
    answer = to_box(b"own", port, family, back=True)
    ((side, back),) = wire.receive(answer, INTERNET)

    assert (packed(BOX[family]), 443) == (Packet(syn, CLIENT).target, Packet(syn, CLIENT).dport)
    assert to_box(b"hello", port, family) == data  # checksums, numbers and TTL too
    assert (CLIENT, segment(b"own", back=True, family=family)) == (side, back)
    assert [("rewrite", BOX[family])] == [(event.action, event.detail["to"]) for event in wire.events]


def summed(packet: Packet) -> int:
    """What is left of a segment's checksum, 0 where it is right."""
    whole = packet.raw[packet.head : packet.end]
    return forge.checksum(packet.source + packet.target + struct.pack("!II", len(whole), packet.proto) + whole)


@pytest.mark.parametrize("family", [4, 6])
def test_a_syn_tells_the_middlebox_where_it_was_going(family: int) -> None:
    ((_, frame),) = led().receive(opening(family=family, ttl=61))

    led_, plain = Packet(frame, CLIENT), Packet(opening(family=family, ttl=61), CLIENT)
    assert Origin(SERVER_AT[family], 443) == origin_in(frame[14:])
    assert (plain.seq, plain.flags, plain.ttl, b"") == (led_.seq, led_.flags, led_.ttl, led_.payload)
    assert plain.raw[plain.head + 14 : plain.head + 16] == frame[led_.head + 14 : led_.head + 16]  # the window
    assert (0, 0) == (summed(led_), forge.checksum(frame[14:34]) if family == 4 else 0)


@pytest.mark.parametrize(("family", "room"), [(4, 32), (6, 20)])
def test_a_syn_without_room_goes_as_it_is(family: int, room: int) -> None:
    def syn(options: int) -> bytes:
        return forge.optioned(Packet(opening(family=family), CLIENT), b"\1" * options)

    went = [origin_in(led().receive(syn(size))[0][1][14:]) for size in (room, room + 4)]

    assert [Origin(SERVER_AT[family], 443), None] == went


@given(st.binary(max_size=80))
def test_any_syn_tells_something_or_nothing(data: bytes) -> None:
    assert origin_in(data) is None or isinstance(origin_in(data), Origin)


def test_a_flow_from_outside_cannot_be_led() -> None:
    with pytest.raises(ScenarioError, match="direction"):
        Wire(rule("tls_mitm", prefixes=LISTED, to=[BOX[4]], direction="both"))


def test_two_flows_to_two_servers_from_one_port_are_told_apart() -> None:
    wire = led()
    first = Packet(wire.receive(opening())[0][1], CLIENT)
    second = Packet(wire.receive(opening(sport=40001))[0][1], CLIENT)

    backs = [wire.receive(to_box(b"x", one.sport, 4, back=True), INTERNET)[0][1] for one in (second, first)]

    assert [40001, 40000] == [Packet(frame, INTERNET).dport for frame in backs]


@pytest.mark.parametrize("more", [{"dport": 80}, {"dport": 8443}])
def test_other_ports_go_where_they_are_meant_to(more: dict[str, int]) -> None:
    ((_, frame),) = led().receive(opening(**more))

    assert packed(SERVER_AT[4]) == Packet(frame, CLIENT).target


def test_a_flow_of_a_family_without_a_middlebox_passes() -> None:
    wire = Wire(rule("tls_mitm", prefixes=LISTED, to=[BOX[4]]))

    ((_, frame),) = wire.receive(opening(family=6))
    answered = wire.receive(segment(at=0, flags=SYN | ACK, back=True, family=6), INTERNET)

    assert (packed(SERVER_AT[6]), "c") == (Packet(frame, CLIENT).target, sides(answered))
    assert [] == wire.events


CLIENT_CODE = """
import json, socket, ssl, sys
shown = []
for host, family, name, alpn in json.loads(sys.argv[1]):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    alpn and context.set_alpn_protocols(alpn)
    address = socket.getaddrinfo(host, 443, {4: socket.AF_INET, 6: socket.AF_INET6}[family])[0][4][:2]
    with context.wrap_socket(socket.create_connection(address, 10), server_hostname=name) as tls:
        tls.sendall(f"GET / HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        page = tls.recv(65536) + tls.recv(65536)
        spoken = [tls.version(), tls.selected_alpn_protocol()]
        shown.append((tls.getpeercert(binary_form=True).hex(), spoken, page.decode("latin-1")))
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def state(able: None) -> Iterator[Lab]:
    with open_lab(load_world("tls-mitm")) as lab:
        yield lab


def common(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def shown(
    lab: Lab, asked: Sequence[tuple[str, int, str | None, list[str]]]
) -> list[tuple[str, list[str], list[str], str]]:
    """For each connection, to a host under a name: issuer and names of what is shown, version and ALPN, the page."""
    program = lab.popen([sys.executable, "-c", CLIENT_CODE, json.dumps(asked)], stdout=subprocess.PIPE)
    told = []
    for certificate, spoken, page in json.loads(program.communicate(30)):
        seen = x509.load_der_x509_certificate(bytes.fromhex(certificate))
        names = seen.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        told.append((common(seen.issuer), names.get_values_for_type(x509.DNSName), spoken, page))
    return told


STATE, TRUE = "Qaznet Trust Network", "Lab Root"


def test_a_listed_name_is_shown_by_the_state_and_others_by_themselves(state: Lab) -> None:
    hosts = ("recipes", "news", "gazette", "news", "recipes")
    asked = [
        (f"{host}.example.org", family, f"{host}.example.org", ["http/1.1"]) for host in hosts for family in (4, 6)
    ]

    seen = shown(state, asked)

    assert [STATE if "news" in host else TRUE for host, *_ in asked] == [issuer for issuer, *_ in seen]
    assert all(host in names for (host, *_), (_, names, *_) in zip(asked, seen, strict=True))
    # the true page comes through: what is read on the way is handed on
    assert all(
        f"<title>{host.split('.')[0].title()}</title>" in page
        for (host, *_), (*_, page) in zip(asked, seen, strict=True)
    )


@pytest.mark.parametrize("name", [None, "www.news.example.org", "elsewhere.example", "NEWS.example.org.evil"])
def test_a_flow_with_no_name_or_another_one_goes_to_its_server_untouched(state: Lab, name: str | None) -> None:
    ((issuer, _, spoken, page),) = shown(state, [("news.example.org", 4, name, ["http/1.1"])])

    assert (TRUE, ["TLSv1.3", "http/1.1"], True) == (issuer, spoken, "<title>News</title>" in page)


def test_the_certificate_has_the_names_of_the_true_one_whatever_was_asked_for(state: Lab) -> None:
    asked = [("news.example.org", 4, name, ["http/1.1"]) for name in (None, "news.example.org")]
    (_, true, *_), (_, made, *_) = shown(state, asked)

    assert true == made


@pytest.mark.parametrize(("alpn", "taken"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], None)])
def test_the_protocol_is_the_one_that_the_true_server_takes(state: Lab, alpn: list[str], taken: str | None) -> None:
    ((issuer, _, (_, spoken), _),) = shown(state, [("news.example.org", 4, "news.example.org", alpn)])

    assert (STATE, taken) == (issuer, spoken)


def test_the_hello_of_the_middlebox_offers_thirteen_suites_and_is_nobody_elses(tmp_path: pathlib.Path) -> None:
    context = asking(Authority(tmp_path).ca_file, [b"http/1.1"])
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="news.example.org").do_handshake()

    said = hello.read(outgoing.read(), join=True)

    assert (13, 0x0303, (b"http/1.1",), "news.example.org") == (
        len(said.ciphers), said.newest, said.protocols, said.name
    )  # fmt: skip
    browsers = {hello.read(data, join=True) for data in (ours("a.example"), CHROME_2025.record, FIREFOX.record)}
    assert fingerprint.ja4(said) not in {fingerprint.ja4(one) for one in browsers}


SHELL = """
world: led
title: A shell on the port of HTTPS, on a way that leads through the middlebox
extends: tls-mitm
sources: [https://example.org/a-report]
hosts:
  - name: shell
    addresses: [203.0.113.80]
    services:
      - program:
          port: 443
          argv: [python3, shell.py, "{address}", "{port}"]
          files:
            shell.py: |
              import socket, sys
              with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listening:
                  while True:
                      with listening.accept()[0] as one:
                          one.sendall(b"SSH-2.0-first ")
                          one.sendall(one.recv(99)[::-1])
censor:
  - tls_mitm: {prefixes: [203.0.113.80], to: [95.56.237.24]}
"""

LISTENS_FIRST = """
import socket
with socket.create_connection(("203.0.113.80", 443), 10) as one:
    print(one.recv(99).decode().strip())
    one.sendall(b"abc")
    print(one.recv(99).decode())
"""


def test_a_server_that_speaks_first_is_heard_through_the_middlebox(able: None, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "led.yaml"
    file.write_text(SHELL)
    with open_lab(load_world(str(file))) as lab:
        heard = lab.popen([sys.executable, "-c", LISTENS_FIRST], stdout=subprocess.PIPE).communicate(30)
        logged = [event.action for event in lab.log()]

    assert (["SSH-2.0-first", "cba"], ["rewrite"]) == (heard.decode().split(), logged)
