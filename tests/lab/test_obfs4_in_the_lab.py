"""A real obfs4 client and bridge in the lab, on real kernels, with the censor between them."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from harness.lab import Host, Lab, Rule, World, open_lab
from harness.lab.world import Service
from harness.model import Vantage
from tests import needs
from tests.lab.conftest import HERE, NEIGHBOUR, TARGET, actions

pytestmark = needs.needs(shutil.which("obfs4proxy"), "no obfs4proxy; make system-deps")

BRIDGE = 27015
LONG, SHORT = 20.0, 0.7  # seconds: for what comes through, and for what does not
TARGETS = [TARGET[4], TARGET[6]]


def identity() -> tuple[str, str]:
    """A bridge's state as obfs4proxy keeps it, and the arguments by which clients know it (obfs4-spec, section 4)."""
    key, node = x25519.X25519PrivateKey.generate(), os.urandom(20)
    public = key.public_key().public_bytes_raw()
    state = {"node-id": node, "private-key": key.private_bytes_raw(), "public-key": public, "drbg-seed": os.urandom(24)}
    cert = base64.b64encode(node + public).decode().rstrip("=")
    return json.dumps(
        {**{name: value.hex() for name, value in state.items()}, "iat-mode": 0}
    ), f"cert={cert};iat-mode=0"


STATE, ARGUMENTS = identity()


def bridge() -> Service:
    """A bridge; what it takes for Tor's own port is the web server beside it."""
    settings = [
        "TOR_PT_MANAGED_TRANSPORT_VER=1",
        "TOR_PT_STATE_LOCATION=.",
        "TOR_PT_SERVER_TRANSPORTS=obfs4",
        "TOR_PT_SERVER_BINDADDR=obfs4-[{address}]:{port}",
        "TOR_PT_ORPORT=[{address}]:80",
    ]
    params = {"argv": ["env", *settings, "obfs4proxy"], "files": {"obfs4_state.json": STATE}}
    return Service(kind="program", port=BRIDGE, params=params)


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    serve = Service(kind="web", port=80, params={"tls": False})
    hosts = tuple(
        Host(name=f"{name}-{family}", addresses=(pair[family],), services=(serve, bridge()))
        for name, pair in (("bridge", TARGET), ("neighbour", NEIGHBOUR))
        for family in pair
    )
    with open_lab(World(name="obfs4", title="Two bridges", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


Through = Callable[..., bool]


@pytest.fixture
def through(lab: Lab, tmp_path: pathlib.Path, family: int) -> Through:
    """Whether a page comes over a bridge."""

    def came(pair: dict[int, str], within: float = LONG) -> bool:
        argv = [
            sys.executable,
            str(HERE / "obfs4_prober.py"),
            pair[family],
            str(BRIDGE),
            ARGUMENTS,
            str(within),
        ]
        return b"came" == lab.popen(argv, cwd=tmp_path, stdout=subprocess.PIPE).communicate(LONG * 2)

    return came


def felt(lab: Lab, mark: int) -> set[Any]:
    """Which ends' flows the censor acted on."""
    return {(event.flow.dst, event.flow.dport) for event in lab.log(mark) if event.flow}


@pytest.mark.parametrize(
    "rule",
    [
        Rule(behaviour="fully_encrypted", params={"probability": 1, "prefixes": TARGETS}),
        Rule(behaviour="obfs4_cooldown", params={"prefixes": TARGETS}),
    ],
    ids=lambda rule: rule.behaviour,
)
def test_a_bridge_is_lost_by_its_first_bytes_and_another_ones_prefix_is_not_looked_at(
    lab: Lab, through: Through, rule: Rule, family: int
) -> None:
    lab.swap([rule])
    mark = lab.mark()
    assert through(NEIGHBOUR)
    assert [] == lab.log(mark)

    # One in some 380 begins with six printable bytes, by luck, and passes for text.
    came = [through(TARGET, SHORT) for _ in range(2)]

    assert False is came[-1]
    assert {"match", "drop"} <= set(actions(lab.log(mark))) <= {"match", "drop", "residual"}
    assert {(TARGET[family], BRIDGE)} == felt(lab, mark)
    assert through(NEIGHBOUR)


def test_a_bridge_works_until_the_censor_has_called_it_and_heard_nothing(
    lab: Lab, through: Through, family: int
) -> None:
    probing = {"least": 100, "most": 1500, "after": 2, "patience": 0.3, "probes": ["random"], "prefixes": TARGETS}
    lab.swap([Rule(behaviour="active_probe", params=probing)])
    mark = lab.mark()
    while "match" not in actions(lab.log(mark)):
        assert through(TARGET)

    until = time.monotonic() + LONG
    while "probe" not in actions(lab.log(mark)) and time.monotonic() < until:
        time.sleep(0.02)

    assert [{"what": "random", "reaction": "silence"}] == [
        event.detail for event in lab.log(mark) if event.action == "probe"
    ]
    assert not through(TARGET, SHORT)
    assert {(TARGET[family], BRIDGE)} == felt(lab, mark)
    assert through(NEIGHBOUR)
