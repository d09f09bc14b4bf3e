"""A server that is a program of whoever writes the world, with its files and its end."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

import pytest

from harness.errors import ApparatusError
from harness.lab import Host, Service, World, open_lab
from harness.model import Vantage

ADDRESS, ADDRESS6 = "198.41.0.4", "2001:503:ba3e::2:30"
ECHO = """
import os, socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, peer = end.recvfrom(100)
    if data == b"die": sys.exit("as I was told")
    said = [data.decode(), open("said").read(), ",".join(sorted(os.listdir()))]
    end.sendto(" ".join(said).encode(), peer)
"""
ASK = """
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.settimeout(0.3)
while True:  # nothing says when a program over UDP is ready
    end.sendto(sys.argv[1].encode(), (sys.argv[2], 7))
    try:
        print(end.recv(1000).decode())
        break
    except TimeoutError:
        if sys.argv[1] == "die": break
"""

pytestmark = pytest.mark.usefixtures("able")


def world(*argv: str, transport: str = "tcp", port: int = 8080, **files: str) -> World:
    """One host that runs a program."""
    params = {"argv": argv, "transport": transport, "files": files}
    service = Service(kind="program", port=port, params=params)
    host = Host(name="ours", addresses=(ADDRESS, ADDRESS6), names=("ours.example.net",), services=(service,))
    return World(name="ours", title="A program", vantage=Vantage(name="lab"), hosts=(host,))


def test_a_program_over_tcp_serves_as_soon_as_the_world_is_up() -> None:
    serve = (sys.executable, "-m", "http.server", "--bind", "{address}", "{port}")
    look = f"import urllib.request as u; print(u.urlopen('http://{ADDRESS}:8080/page').read().decode())"

    with open_lab(world(*serve, page="{here} {other}")) as lab:
        told = lab.popen([sys.executable, "-c", look], stdout=subprocess.PIPE).communicate(20)

    assert f"{pathlib.Path.cwd()} {{other}}\n" == told.decode()


def test_a_program_over_udp_finds_its_files_and_its_end_is_the_end_of_the_world() -> None:
    ours = world(
        sys.executable, "echo.py", "{address}", "{port}", transport="udp", port=7,
        **{"echo.py": ECHO, "said": "{address} {address6} {port}"},
    )  # fmt: skip

    with open_lab(ours) as lab:
        told = lab.popen([sys.executable, "-c", ASK, "hello", ADDRESS], stdout=subprocess.PIPE).communicate(20)
        lab.popen([sys.executable, "-c", ASK, "die", ADDRESS]).wait(20)
        until = time.monotonic() + 10
        while lab.died is None and time.monotonic() < until:
            time.sleep(0.02)

    assert f"hello {ADDRESS} {ADDRESS6} 7 ca.pem,chain.pem,echo.py,said\n" == told.decode()
    assert lab.died
    assert "program-ours-7 ended with status 1: as I was told" in lab.died


NAMED = """
import socket, sys
end = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    with end.accept()[0] as peer: peer.sendall(" ".join(sorted({
        found[4][0] for found in socket.getaddrinfo("ours.example.net", 1)})).encode())
"""


def test_a_program_on_the_internet_side_knows_the_true_names_where_no_resolver_does() -> None:
    look = (
        f"import socket\nend = socket.create_connection(('{ADDRESS}', 8080))\nprint(end.recv(100).decode(), end=' ')\n"
        "try: socket.getaddrinfo('ours.example.net', 1)\nexcept socket.gaierror: print('nobody')"
    )
    with open_lab(world(sys.executable, "-c", NAMED, "{address}", "{port}")) as lab:
        told = lab.popen([sys.executable, "-c", look], stdout=subprocess.PIPE).communicate(20)

    assert f"{ADDRESS} {ADDRESS6} nobody\n" == told.decode()


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("no-such-program",), 'this world runs "no-such-program", which is not there; install it, or write its path'),
        ((sys.executable, "-c", "raise SystemExit('no')"), "program-ours-8080 ended with status 1: no"),
    ],
)
def test_a_program_that_does_not_start_is_told(argv: tuple[str, ...], why: str) -> None:
    with pytest.raises(ApparatusError, match=why):
        open_lab(world(*argv))
