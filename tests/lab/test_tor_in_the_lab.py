"""A real Tor client in the lab: how far it comes where the directory authorities are silent.

There is no Tor network here: what stands at the authorities' addresses takes connections and speaks TLS, which is as
far as anybody comes. Whether it takes them is what the censor decides.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from harness.lab import Host, Lab, Rule, World, open_lab
from harness.lab.censor.behaviours.tor_directory_drop import AUTHORITIES
from harness.lab.world import Service
from harness.model import Vantage
from tests import needs
from tests.lab.conftest import NEIGHBOUR, TARGET, actions
from tests.lab.pcaps import packets

TOR = shutil.which("tor")
pytestmark = needs.needs(TOR, "no tor; make system-deps")

LONG, SHORT = 20.0, 0.5  # seconds: for what happens, and for what does not
CONNECTING, CONNECTED = 5, 10  # per cent, as Tor counts (control-spec, section 5.5)
PUBLIC, PRIVATE = f"{TARGET[4]}:443", f"{NEIGHBOUR[4]}:443"  # bridges: one is on the censor's list


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    services = tuple(Service(kind="web", port=port, params={}) for port in (80, 443))
    four = [address for address in AUTHORITIES if "." in address]
    hosts = tuple(
        Host(name=f"host-{number}", addresses=(address,), services=services)
        for number, address in enumerate([*four, TARGET[4], NEIGHBOUR[4]])
    )
    with open_lab(World(name="tor", title="Authorities", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


Comes = Callable[..., int]


@pytest.fixture
def comes(lab: Lab, tmp_path: pathlib.Path) -> Comes:
    """How many per cent a client comes to: those that are waited for, or what it is at when the time is over."""
    log = tmp_path / "log"

    def far(*more: str, until: Callable[[], bool] = lambda: False) -> int:
        log.unlink(missing_ok=True)
        own = ["--ignore-missing-torrc", "-f", "none", "--defaults-torrc", "none", "--DataDirectory", "data"]
        own += ["--SocksPort", "auto", "--UseDefaultFallbackDirs", "0", "--Log", f"notice file {log}"]
        client = lab.popen([str(TOR), *own, *more], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + LONG
            while counted(log) < CONNECTED and time.monotonic() < end:
                end = min(end, time.monotonic() + SHORT) if until() else end
                time.sleep(0.02)
            return counted(log)
        finally:
            client.kill()
            client.wait(5)

    return far


def counted(log: pathlib.Path) -> int:
    """How many per cent a log tells of."""
    text = log.read_text() if log.exists() else ""
    return max((int(number) for number in re.findall(r"Bootstrapped (\d+)%", text)), default=0)


def addresses(lab: Lab, mark: int) -> set[str]:
    """To which the censor lost something."""
    return {event.flow.dst for event in lab.log(mark) if event.flow}


def test_every_authority_that_a_real_client_knows_is_on_the_list() -> None:
    text = pathlib.Path(str(TOR)).read_bytes()
    lines = re.findall(rb"[A-Za-z0-9]+ orport=\d+ (?:v3ident=|bridge)[ -~]+", text)
    known = {
        address.decode().strip("[]")
        for line in lines
        for address in re.findall(rb"(?:\d+\.){3}\d+(?=:)|\[[0-9a-f:]+\]", line)
    }

    assert len(lines) >= 9
    assert set() == known - set(AUTHORITIES)


def test_a_client_stays_where_it_connects_and_comes_further_without_the_rule(
    lab: Lab, comes: Comes, tmp_path: pathlib.Path
) -> None:
    lab.swap([Rule(behaviour="tor_directory_drop")])
    mark = lab.mark()

    lab.capture(tmp_path)
    reached = comes(until=lambda: bool(lab.log(mark)))
    lab.capture(None)

    assert CONNECTING == reached
    assert {"drop"} == set(actions(lab.log(mark)))
    assert set() < addresses(lab, mark) <= set(AUTHORITIES)
    assert [] == packets(tmp_path / "internet.pcap")

    lab.swap([])
    assert comes() >= CONNECTED


def test_a_bridge_that_is_on_the_list_is_no_help_and_one_that_is_not_is(lab: Lab, comes: Comes) -> None:
    lab.swap([Rule(behaviour="tor_directory_drop", params={"prefixes": [*AUTHORITIES, TARGET[4]]})])
    mark = lab.mark()
    assert comes("--UseBridges", "1", "--Bridge", PRIVATE) >= CONNECTED
    assert [] == lab.log(mark)

    assert CONNECTING == comes("--UseBridges", "1", "--Bridge", PUBLIC, until=lambda: bool(lab.log(mark)))

    assert {TARGET[4]} == addresses(lab, mark)
    assert comes("--UseBridges", "1", "--Bridge", PRIVATE) >= CONNECTED
