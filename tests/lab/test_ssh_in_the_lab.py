"""A real OpenSSH client and server in the lab, on real kernels, with the censor between them.

The server is an ordinary user of a namespace of its own, for root's would want more of a machine than a lab has.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from harness.lab import Host, Lab, Rule, World, open_lab
from harness.lab.world import Service
from harness.model import Vantage
from tests import needs
from tests.lab.conftest import NEIGHBOUR, TARGET, actions
from tests.lab.test_heuristics import NOISE

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = needs.needs(SSHD and shutil.which("sftp"), "no sshd and sftp; make system-deps")

LARGE, SMALL = str(SSHD), "/etc/passwd"  # files that every machine with a server has: a megabyte, and next to nothing
WEB, OTHER_PORT, TLS_PORT = 80, 2222, 443
LONG, SHORT = 20.0, 1.0  # seconds: for what comes through, and for what does not
CONFIG = f"""
Port {{port}}
Port {OTHER_PORT}
Port {TLS_PORT}
ListenAddress {{address}}
PidFile none
StrictModes no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand internal-sftp
AuthorizedKeysFile /proc/self/cwd/none
"""
SAY = "import socket, sys; socket.create_connection(sys.argv[1:3]).sendall(bytes.fromhex(sys.argv[3]))"
# A user of its own, who is nobody; sshd reads the key of whoever may come in from a file that it is told by its path.
START = (
    'sed -i "s|/proc/self/cwd/none|$PWD/client.pub|" config && exec unshare --user --map-user=65534 --map-group=65534 '
    '"$0" -D -e -f config -h "$PWD/host"'
)


def key() -> tuple[str, str]:
    """A new key, private and public, as OpenSSH writes them."""
    made = ed25519.Ed25519PrivateKey.generate()
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode() + "\n"


CLIENT_KEY, CLIENT_PUBLIC = key()


def sshd() -> Service:
    files = {"host": key()[0], "client.pub": CLIENT_PUBLIC, "config": CONFIG}
    return Service(kind="program", port=22, params={"argv": ["sh", "-c", START, str(SSHD)], "files": files})


def web() -> Service:
    """The same files by another protocol."""
    serve = [sys.executable, "-m", "http.server", "--directory", str(pathlib.Path(LARGE).parent)]
    return Service(kind="program", port=WEB, params={"argv": [*serve, "--bind", "{address}", "{port}"]})


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    hosts = tuple(
        Host(name=f"{name}-{family}", addresses=(pair[family],), services=services)
        for name, pair, services in (("box", TARGET, (sshd(), web())), ("neighbour", NEIGHBOUR, (sshd(),)))
        for family in pair
    )
    with open_lab(World(name="ssh", title="Two machines", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


Fetch = Callable[..., bool]


@pytest.fixture
def fetch(lab: Lab, tmp_path: pathlib.Path, family: int) -> Fetch:
    """Copies a file from a machine by SSH, and says whether all of it came."""
    (tmp_path / "key").write_text(CLIENT_KEY)
    (tmp_path / "key").chmod(0o600)
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR"]
    common = ["-F", "none", "-q", "-i", "key", *(word for one in options for word in ("-o", one))]

    def fetched(pair: dict[int, str], file: str = LARGE, *, port: int = 22, within: float = LONG) -> bool:
        got = tmp_path / "got"
        got.unlink(missing_ok=True)
        argv = ["sftp", *common, "-P", str(port), f"nobody@[{pair[family]}]:{file}", "got"]
        return ended(lab, argv, within, cwd=tmp_path) and got.stat().st_size == pathlib.Path(file).stat().st_size

    return fetched


def ended(lab: Lab, argv: list[str], within: float, **more: Any) -> bool:
    """Whether a program of the client's ends well within so many seconds."""
    program = lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    try:
        return program.wait(within) == 0
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(5)
        return False


def page(lab: Lab, family: int, within: float = LONG) -> bool:
    """Whether the large file comes by HTTP."""
    at = f"[{TARGET[6]}]" if family == 6 else TARGET[4]
    wanted = f"http://{at}:{WEB}/{pathlib.Path(LARGE).name}"
    return ended(lab, ["curl", "--silent", "--fail", "--globoff", "--output", "/dev/null", wanted], within)


def test_the_same_bytes_freeze_by_http_and_come_by_ssh(lab: Lab, fetch: Fetch, family: int) -> None:
    lab.swap([Rule(behaviour="freeze")])
    mark = lab.mark()
    assert fetch(TARGET)
    assert [] == lab.log(mark)

    assert not page(lab, family, SHORT)

    assert ["freeze"] == actions(lab.log(mark))
    assert {(TARGET[family], WEB)} == {(one.flow.dst, one.flow.dport) for one in lab.log(mark) if one.flow}
    assert fetch(TARGET)
    assert 1 == len(lab.log(mark))


def test_ssh_freezes_like_all_else_where_nothing_exempts_it(lab: Lab, fetch: Fetch) -> None:
    lab.swap([Rule(behaviour="freeze", params={"exempt_openings": []})])
    mark = lab.mark()

    assert not fetch(TARGET, within=SHORT)
    assert ["freeze"] == actions(lab.log(mark))


def test_who_carries_much_by_ssh_loses_the_machine_and_who_carries_little_does_not(
    lab: Lab, fetch: Fetch, family: int
) -> None:
    lab.swap([Rule(behaviour="ssh_rate")])
    mark = lab.mark()
    assert fetch(TARGET, SMALL)
    assert page(lab, family)
    assert [] == lab.log(mark)

    assert not fetch(TARGET, within=SHORT)

    assert not page(lab, family, SHORT)
    assert (1, {"match", "residual", "drop"}) == (actions(lab.log(mark)).count("match"), set(actions(lab.log(mark))))
    assert {TARGET[family]} == {one.flow.dst for one in lab.log(mark) if one.flow}
    assert fetch(NEIGHBOUR, SMALL)


def test_port_22_dies_with_the_proxy_beside_it_and_another_port_and_machine_do_not(
    lab: Lab, fetch: Fetch, family: int
) -> None:
    lab.swap([Rule(behaviour="ssh_collateral")])
    mark = lab.mark()
    assert fetch(TARGET, SMALL)
    assert [] == lab.log(mark)

    assert ended(lab, [sys.executable, "-c", SAY, TARGET[family], str(WEB), NOISE.hex()], LONG)

    assert not fetch(TARGET, SMALL, within=SHORT)
    assert ["match", "drop"] == actions(lab.log(mark))
    assert fetch(TARGET, SMALL, port=OTHER_PORT)
    assert fetch(NEIGHBOUR, SMALL)


def test_ssh_on_the_port_of_tls_is_no_protocol_that_is_allowed_there(lab: Lab, fetch: Fetch) -> None:
    lab.swap([Rule(behaviour="protocol_allow_list")])
    mark = lab.mark()
    assert fetch(TARGET, SMALL)
    assert [] == lab.log(mark)

    assert not fetch(TARGET, SMALL, port=TLS_PORT, within=SHORT)

    assert ["match", "drop"] == actions(lab.log(mark))
    assert fetch(TARGET, SMALL)
