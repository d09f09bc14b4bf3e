"""One small world for the censor's tests: a target, a neighbour beside it, a resolver abroad and a national one."""

from __future__ import annotations

import functools
import json
import pathlib
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from harness.lab import Event, Host, Lab, Rule, World, open_lab
from harness.model import Vantage
from tests import needs

SERVE = "townsfolk:serve"
HERE = pathlib.Path(__file__).parent

TARGET = {4: "198.41.0.4", 6: "2001:503:ba3e::2:30"}
NEIGHBOUR = {4: "192.5.5.241", 6: "2001:500:2f::f"}
RESOLVER = {4: "9.9.9.9", 6: "2620:fe::fe"}
NATIONAL = {4: "195.208.4.1", 6: "2a0c:a9c7:8::1"}

WORLD = World(
    name="small",
    title="A target, its neighbour, and two resolvers",
    vantage=Vantage(name="lab"),
    hosts=tuple(
        Host(name=name, addresses=(pair[4], pair[6]), home=name == "national")
        for name, pair in (("target", TARGET), ("neighbour", NEIGHBOUR), ("resolver", RESOLVER), ("national", NATIONAL))
    ),
    resolvers=(RESOLVER[4], RESOLVER[6]),
)

Act = Callable[..., Any]


class Prober:
    """A client inside the lab that does one thing at a time and says what came of it."""

    def __init__(self, lab: Lab, program: str = "prober.py") -> None:
        argv = [sys.executable, str(HERE / program)]
        self.process = lab.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **wanted: Any) -> Any:
        """What came of one act."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wanted).encode() + b"\n")
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """End the client."""
        self.process.kill()
        self.process.wait(5)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture(scope="session", autouse=True)
def _importable() -> Iterator[None]:
    """Lets the lab's processes find the servers of these tests."""
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))


@pytest.fixture(scope="session")
def able() -> None:
    needs.lab()


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    """A running lab without rules; each test swaps in its own."""
    with open_lab(WORLD, serve=SERVE) as opened:
        yield opened


@pytest.fixture(scope="module")
def probe(lab: Lab) -> Iterator[Act]:
    """The client inside the lab."""
    prober = Prober(lab)
    yield prober
    prober.close()


@pytest.fixture(params=[4, 6], ids=["v4", "v6"])
def family(request: pytest.FixtureRequest) -> int:
    """Everything twice: over IPv4 and over IPv6."""
    family: int = request.param
    return family


@pytest.fixture
def censor(lab: Lab) -> Callable[..., int]:
    """Gives the censor one rule, and the mark of the log from which on it is at work."""

    def rule(behaviour: str, **params: Any) -> int:
        lab.swap([Rule(behaviour=behaviour, params=params)])
        return lab.mark()

    return rule


@functools.cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads the machine's authorities, which takes longer than all else here


def hello(name: str) -> bytes:
    """A ClientHello of this Python for that name."""
    outgoing = ssl.MemoryBIO()
    session = _context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def query(name: str, kind: int = 1, ident: int = 0x1234) -> bytes:
    """A DNS query with one question."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        ident.to_bytes(2, "big")
        + bytes.fromhex("01000001000000000000")
        + labels
        + b"\0"
        + kind.to_bytes(2, "big")
        + b"\0\1"
    )


def actions(events: list[Event]) -> list[str]:
    """What was done, in order."""
    return [event.action for event in events]


def about(event: Event) -> Mapping[str, Any]:
    """The flow of an event, which it must have."""
    assert event.flow is not None
    return {"proto": event.flow.proto, "dst": event.flow.dst, "dport": event.flow.dport}
