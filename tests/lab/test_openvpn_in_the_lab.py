"""A real OpenVPN client and server in the lab, on real kernels, with the censor between them."""

from __future__ import annotations

import functools
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from harness.lab import Event, Host, Lab, Rule, World, open_lab
from harness.lab.censor.packet import UDP, Packet
from harness.lab.world import Service
from harness.model import Vantage
from tests.lab import openvpn_session
from tests.lab.conftest import actions
from tests.lab.pcaps import packets

pytestmark = openvpn_session.present

SERVER = "198.41.0.4"
BEFORE, WATCHED, AFTER, STREAM = 1194, 1195, 1196, 1197  # a server holds on to the one peer that it has met
PAPERS = ("cert.pem", "key.pem", "static.key")
TLS = ("--ca", "cert.pem", "--cert", "cert.pem", "--key", "key.pem", "--tls-crypt", "static.key")
QUIET = ("--dev", "null", "--ifconfig-noexec", "--verb", "3")
DONE = "Initialization Sequence Completed"


@functools.cache
def papers() -> dict[str, str]:
    """A certificate, its key and a static key, for both sides."""
    with tempfile.TemporaryDirectory() as name:
        openvpn_session.papers(pathlib.Path(name))
        return {paper: (pathlib.Path(name) / paper).read_text() for paper in PAPERS}


def server(port: int, proto: str) -> Service:
    argv = [str(openvpn_session.PROGRAM), *QUIET, "--tls-server", "--dh", "none", "--proto", proto, *TLS]
    argv += ["--local", "{address}", "--lport", "{port}"]
    transport = "udp" if proto == "udp4" else "tcp"
    return Service(kind="program", port=port, params={"argv": argv, "files": papers(), "transport": transport})


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    services = (*(server(port, "udp4") for port in (BEFORE, WATCHED, AFTER)), server(STREAM, "tcp4-server"))
    hosts = (Host(name="vpn", addresses=(SERVER,), services=services),)
    with open_lab(World(name="vpn", title="Four OpenVPN servers", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """The client's files."""
    for name, text in papers().items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def shakes_hands(lab: Lab, folder: pathlib.Path, port: int, proto: str = "udp4", *, within: int = 3) -> bool:
    """Whether a client comes through within so many seconds."""
    argv = [str(openvpn_session.PROGRAM), *QUIET, "--tls-client", "--nobind", "--proto", proto, *TLS]
    argv += ["--remote", SERVER, str(port), "--hand-window", str(within), "--tls-exit", "--connect-retry-max", "1"]
    client = lab.popen(argv, cwd=folder, stdout=subprocess.PIPE)
    assert client.stdout is not None
    try:
        return any(DONE in line.decode() for line in client.stdout)
    finally:
        client.kill()
        client.wait(5)
        client.stdout.close()


def of_tunnel(events: list[Event]) -> set[tuple[str, int]]:
    """Which behaviours acted on flows to which ports."""
    return {(event.behaviour, event.flow.dport) for event in events if event.flow}


def test_it_is_lost_with_its_servers_answer_and_its_neighbour_before_and_after_is_not(
    lab: Lab, folder: pathlib.Path
) -> None:
    lab.swap([Rule(behaviour="openvpn_opcode", params={"ports": [WATCHED]})])
    mark = lab.mark()
    assert shakes_hands(lab, folder, BEFORE, within=20)
    assert [] == lab.log(mark)

    lab.capture(folder)
    assert not shakes_hands(lab, folder, WATCHED)
    lab.capture(None)

    assert ["match", "drop"] == actions(lab.log(mark))
    assert {("openvpn_opcode", WATCHED)} == of_tunnel(lab.log(mark))
    crossed = {side: packets(folder / f"{side}.pcap") for side in ("client", "internet")}
    assert ({0x38}, set()) == first_bytes(crossed["client"])
    assert ({0x38}, {0x40}) == first_bytes(crossed["internet"])

    assert shakes_hands(lab, folder, AFTER, within=20)
    assert 2 == len(lab.log(mark))


def test_a_stream_is_lost_like_datagrams(lab: Lab, folder: pathlib.Path) -> None:
    lab.swap([Rule(behaviour="openvpn_opcode", params={"at": "exchange", "scrambled": True})])
    mark = lab.mark()

    assert not shakes_hands(lab, folder, STREAM, "tcp4-client")

    assert ["match", "drop"] == actions(lab.log(mark))
    assert {("openvpn_opcode", STREAM)} == of_tunnel(lab.log(mark))


def first_bytes(crossed: list[Packet]) -> tuple[set[int], set[int]]:
    """What datagrams of the client and of the server began with."""
    found = [(packet.dport == WATCHED, packet.payload[0]) for packet in crossed if packet.proto == UDP]
    return {byte for out, byte in found if out}, {byte for out, byte in found if not out}
