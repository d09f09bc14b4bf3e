"""TLS led through a middlebox: every packet of a flow, and what a client is shown in the end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.lab import Lab, load_world, open_lab
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, SYN, Packet
from tests.lab.frames import SERVER_AT, Wire, opening, packed, rule, segment, sides

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
    assert to_box(b"", port, family, at=0, flags=SYN) == syn  # checksums, numbers and TTL too
    assert to_box(b"hello", port, family) == data
    assert (CLIENT, segment(b"own", back=True, family=family)) == (side, back)
    assert [("rewrite", BOX[family])] == [(event.action, event.detail["to"]) for event in wire.events]


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
for name, family in json.loads(sys.argv[1]):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    address = socket.getaddrinfo(name, 443, {4: socket.AF_INET, 6: socket.AF_INET6}[family])[0][4][:2]
    with context.wrap_socket(socket.create_connection(address, 10), server_hostname=name) as tls:
        tls.sendall(f"GET / HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        page = tls.recv(65536) + tls.recv(65536)
        shown.append((tls.getpeercert(binary_form=True).hex(), page.decode("latin-1")))
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def state(able: None) -> Iterator[Lab]:
    with open_lab(load_world("tls-mitm")) as lab:
        yield lab


def common(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_a_listed_name_is_shown_by_the_state_and_others_by_themselves(state: Lab) -> None:
    asked = [(name, family) for name in ("recipes", "news", "gazette", "news", "recipes") for family in (4, 6)]
    whole = json.dumps([(f"{name}.example.org", family) for name, family in asked])
    program = state.popen([sys.executable, "-c", CLIENT_CODE, whole], stdout=subprocess.PIPE)

    shown = json.loads(program.communicate(30))

    seen = [x509.load_der_x509_certificate(bytes.fromhex(certificate)) for certificate, _ in shown]
    roots = {"news": "Qaznet Trust Network", "recipes": "Lab Root", "gazette": "Lab Root"}
    assert [roots[name] for name, _ in asked] == [common(one.issuer) for one in seen]
    assert [f"{name}.example.org" for name, _ in asked] == [common(one.subject) for one in seen]
    # the true page comes through: what is read on the way is handed on
    assert all(f"<title>{name.title()}</title>" in page for (name, _), (_, page) in zip(asked, shown, strict=True))
