"""Real IKE in the lab, strongSwan's on both sides, on real kernels, with the censor between them.

The two agree on keys and on no tunnel (RFC 6023), so that nothing is asked of the kernel's own IPsec. They are copies:
where they are installed, AppArmor lets them read the machine's own configuration alone.
"""

from __future__ import annotations

import ipaddress
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from harness.lab import Host, Lab, Rule, World, open_lab
from harness.lab.program import LabProcess
from harness.lab.world import Service
from harness.model import Vantage
from tests import needs
from tests.lab.conftest import NEIGHBOUR, TARGET, actions
from tests.lab.pcaps import packets

WHERE = f"{os.environ.get('PATH', '')}:/usr/sbin"
CHARON, SWANCTL = (shutil.which(name, path=WHERE) for name in ("charon-systemd", "swanctl"))
pytestmark = needs.needs(CHARON and SWANCTL, "no charon-systemd and swanctl; make system-deps")

IKE, NAT_T = 500, 4500
LONG, SHORT = 20, 1  # seconds: for what comes through, and for what does not
TARGETS = [TARGET[4], TARGET[6]]
ENDS = {
    f"{name}{family}": pair[family] for name, pair in (("target", TARGET), ("neighbour", NEIGHBOUR)) for family in pair
}
LOAD = "kernel-netlink random nonce aes sha1 sha2 hmac kdf gmp socket-default vici"
URI = "unix://vici"


def charon(port: int, nat_t: int) -> str:
    """How a side's daemon runs; 0 is any port."""
    return (
        f"charon-systemd {{\n  load = {LOAD}\n  port = {port}\n  port_nat_t = {nat_t}\n"
        f"  retransmit_timeout = 0.5\n  retransmit_base = 1\n  retransmit_tries = 60\n"
        f"  plugins {{ vici {{ socket = {URI} }} }}\n"
        f"  start-scripts {{ load = ./swanctl --load-all --uri {URI} }}\n}}\n"
    )


def swanctl(ends: dict[str, str], mine: str, other: str) -> str:
    """With whom a side speaks, and the secret that it shares with all of them."""
    whom = "".join(
        f"{name} {{\n version = 2\n childless = force\n proposals = aes128-sha256-modp2048\n"
        f"{f' remote_addrs = {address}' if address else ''}\n"
        f" local {{\n auth = psk\n id = {mine}\n }}\n remote {{\n auth = psk\n id = {other}\n }}\n }}\n"
        for name, address in ends.items()
    )
    return f"connections {{\n {whom} }}\nsecrets {{\n ike {{\n secret = shared\n }}\n }}\n"


SETTINGS = {"STRONGSWAN_CONF": "strongswan.conf", "SWANCTL_DIR": "."}


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    files = {"strongswan.conf": charon(IKE, NAT_T), "swanctl.conf": swanctl({"all": ""}, "server", "client")}
    copied = 'cp "$0" charon && cp "$1" swanctl && exec ./charon'
    argv = [
        "env",
        *(f"{name}={value}" for name, value in SETTINGS.items()),
        "sh",
        "-c",
        copied,
        str(CHARON),
        str(SWANCTL),
    ]
    serve = Service(kind="program", port=IKE, params={"argv": argv, "files": files, "transport": "udp"})
    hosts = (  # the daemon takes what comes to any address of the internet's side
        Host(name="target", addresses=(TARGET[4], TARGET[6]), services=(serve,)),
        Host(name="neighbour", addresses=(NEIGHBOUR[4], NEIGHBOUR[6])),
    )
    with open_lab(World(name="ike", title="A VPN server", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


Agrees = Callable[..., bool]


@pytest.fixture
def agrees(lab: Lab, tmp_path: pathlib.Path, family: int) -> Iterator[Agrees]:
    """Whether a client and a server agree on keys. Each test has a daemon of its own, and ports with it."""
    (tmp_path / "strongswan.conf").write_text(charon(0, 0))
    (tmp_path / "swanctl.conf").write_text(swanctl(ENDS, "client", "server"))
    for program, name in ((CHARON, "charon"), (SWANCTL, "swanctl")):
        shutil.copy(str(program), tmp_path / name)
    env = {**os.environ, **SETTINGS}

    def start(*argv: str) -> LabProcess:
        return lab.popen(argv, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def told(*words: str) -> bool:
        return start("./swanctl", *words, "--uri", URI).wait(LONG * 2) == 0

    def agreed(name: str, within: int = LONG) -> bool:
        came = told("--initiate", "--ike", f"{name}{family}", "--timeout", str(within))
        told("--terminate", "--ike", f"{name}{family}", "--force")
        return came

    daemon, until = start("./charon"), time.monotonic() + LONG
    while not told("--load-all"):
        assert daemon.poll() is None, "charon does not start"
        assert time.monotonic() < until, "charon takes no orders"
    # the server's own reads whom it serves only after its port is open, and refuses until then; no test is about here
    while not agreed("neighbour"):
        assert time.monotonic() < until, "the server's charon agrees with nobody"
    yield agreed
    daemon.kill()
    daemon.wait(5)


def crossed(folder: pathlib.Path, side: str) -> set[tuple[bool, int]]:
    """Whose datagrams of the target's were on that side of the censor, and on which port of the server's.

    The neighbour's are left out: what it says to a farewell may come after its client has gone.
    """
    target = {ipaddress.ip_address(address).packed for address in TARGETS}
    found = [one for one in packets(folder / f"{side}.pcap") if one.proto == 17 and {one.source, one.target} & target]
    return {(True, one.dport) if one.target in target else (False, one.sport) for one in found}


@pytest.mark.parametrize(
    ("tunnels", "met", "arrived"),
    [
        (["ike", "nat_t", "esp", "ah", "l2tp", "pptp", "gre"], (IKE, "ike"), set()),
        (["nat_t"], (NAT_T, "nat_t"), {(True, IKE), (False, IKE)}),
    ],
    ids=["all of them", "the port behind address translators"],
)
def test_a_server_is_lost_at_its_port_and_its_neighbour_before_and_after_is_not(
    *, lab: Lab, agrees: Agrees, family: int, tunnels: list[str], met: tuple[int, str], arrived: set[tuple[bool, int]],
    tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    lab.swap([Rule(behaviour="ipsec_ports", params={"tunnels": tunnels, "prefixes": TARGETS})])
    mark = lab.mark()
    assert agrees("neighbour")
    assert [] == lab.log(mark)

    lab.capture(tmp_path)
    assert not agrees("target", SHORT)
    lab.capture(None)

    ((port, what),) = {(one.flow.dport, one.detail["what"]) for one in lab.log(mark) if one.flow}
    assert (met, ["drop"]) == ((port, what), actions(lab.log(mark)))
    assert (True, met[0]) in crossed(tmp_path, "client")
    assert arrived == crossed(tmp_path, "internet")
    assert agrees("neighbour")


def test_other_tunnels_are_another_matter(lab: Lab, agrees: Agrees) -> None:
    lab.swap([Rule(behaviour="ipsec_ports", params={"tunnels": ["esp", "ah", "l2tp", "pptp", "gre"]})])
    mark = lab.mark()

    assert agrees("target")
    assert [] == lab.log(mark)
