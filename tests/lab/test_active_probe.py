"""The censor as a client of its own: whom it calls, what it says, and what it makes of the reaction."""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab import Event, Lab, open_lab
from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, FIN, INTERNET, PSH, RST, SYN, TCP, Packet
from tests.lab.conftest import SERVE, TARGET, WORLD, Prober, hello
from tests.lab.frames import CLIENT_AT, SERVER_AT, Wire, framed, packed, rule
from tests.lab.test_heuristics import GET, NEIGHBOUR, NOISE, OTHER_NOISE, call
from tests.lab.test_tunnel_rules import Talk

ISN = 0xFFFFFFF0  # so that every call crosses the end of the sequence space
LATER = 6.0  # seconds within which both probes are over


class Server:
    """Answers the censor's calls: `answer`, `close`, `reset` or `silence` once something was said; or `refused`."""

    def __init__(self, wire: Wire, *reactions: str) -> None:
        self.wire, self.reactions = wire, list(reactions)
        self.said: list[bytes] = []
        self.callers: list[bytes] = []
        self.ended = 0
        self._read = len(wire.sent)

    def wait(self, seconds: float) -> None:
        """Let so much time pass, a tenth of a second at a time."""
        for _ in range(round(seconds * 10)):
            self.wire.wait(0.1)
            while self._read < len(self.wire.sent):
                side, frame = self.wire.sent[self._read]
                self._read += 1
                if side == INTERNET:
                    self._hear(Packet(frame, 0))

    def _hear(self, packet: Packet) -> None:
        if packet.source in {packed(address) for address in CLIENT_AT.values()}:
            return
        if packet.flags & SYN:
            self.callers.append(packet.source)
            refused = self.reactions[:1] == ["refused"]
            self._say(packet, RST | ACK if refused else SYN | ACK, seq=0 if refused else ISN)
        elif packet.flags & RST:
            self.ended += 1
        elif packet.end > packet.body:
            self.said.append(packet.payload)
            self._react(packet, self.reactions.pop(0))

    def _react(self, packet: Packet, how: str) -> None:
        flags = {"answer": PSH | ACK, "close": FIN | ACK, "reset": RST | ACK}.get(how)
        if flags:
            self._say(packet, flags, seq=ISN + 1, payload=b"220 hello\r\n" if how == "answer" else b"")

    def _say(self, to: Packet, flags: int, *, seq: int, payload: bytes = b"") -> None:
        ends = (to.target, to.source)
        segment = forge.tcp(*ends, (to.dport, to.sport), (seq, to.seq + to.length, flags), payload)
        self.wire.receive(framed(forge.ip(*ends, TCP, segment)), INTERNET)


def probed(*reactions: str, first: bytes = NOISE, family: int = 4, **params: Any) -> tuple[Wire, Server]:
    """A wire on which a flow began so, and its server after the probes."""
    wire = Wire(rule("active_probe", **params))
    server = Server(wire, *reactions)
    talk = Talk(wire, tcp=True, dport=443, family=family)
    assert "ici" == talk(True, first) + talk(False, b"hello") + talk(True, b"more")  # it works first
    server.wait(LATER * 2)
    return wire, server


def dead(wire: Wire, **more: Any) -> bool:
    """True where the server's first answer to a new connection does not arrive."""
    talk = Talk(wire, tcp=True, dport=more.pop("dport", 443), sport=50000 + len(wire.sent), **more)
    talk(True, GET)
    return talk(False, b"hello") == "-"


def test_a_server_that_is_silent_to_random_bytes_works_first_and_is_dead_later(family: int) -> None:
    wire, server = probed("close", "silence", family=family)

    assert (True, [300, 221], 1) == (dead(wire, family=family), [len(each) for each in server.said], server.ended - 1)
    assert [("replay", "close"), ("random", "silence")] == [
        (event.detail["what"], event.detail["reaction"]) for event in wire.events if event.action == "probe"
    ]


def test_the_probes_are_the_same_bytes_and_others_from_addresses_beside_the_clients(family: int) -> None:
    _, server = probed("close", "close", family=family)
    lines = {CLIENT_AT[family], *(str(ipaddress.ip_address(caller)) for caller in server.callers)}

    assert (NOISE, False, 3) == (server.said[0], server.said[1] == NOISE, len(lines))
    assert all(line.startswith(("100.64.", "2001:db8:64")) for line in lines)


@pytest.mark.parametrize(
    ("reactions", "gone"),
    [
        (("answer",), True),  # a server that takes the same bytes twice
        (("silence", "silence"), True),
        (("silence", "reset"), True),
        (("reset", "reset"), True),
        (("silence", "answer"), False),  # as a web server would
        (("close", "close"), False),
        (("refused", "refused"), False),
    ],
)
def test_a_server_is_judged_by_how_it_takes_them(reactions: tuple[str, ...], gone: bool) -> None:
    wire, _ = probed(*reactions)

    assert gone is dead(wire)


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("replay", []),
        ("changed_0", [0]),
        ("changed_0_62", [*range(8), 62, 63]),
        ("changed_16", [16]),
        ("changed_6_16", [6, 16]),
    ],
)
def test_the_bytes_that_were_heard_are_said_again_the_same_or_changed_in_certain_places(
    kind: str, places: list[int], family: int
) -> None:
    wire, server = probed("answer", probes=[kind], family=family)
    (said,) = server.said

    assert (len(NOISE), places) == (len(said), [at for at, byte in enumerate(NOISE) if said[at] != byte])
    assert [{"what": kind, "reaction": "answer"}] == [event.detail for event in wire.events if event.action == "probe"]
    assert dead(wire, family=family)


def test_short_random_bytes_are_of_certain_lengths() -> None:
    lengths = set()
    for port in range(1, 40):
        wire = Wire(rule("active_probe", probes=["short"]))
        server = Server(wire, "close")
        call(wire, NOISE, dport=port)
        server.wait(1.0)
        lengths.add(len(server.said[0]))

    assert lengths <= {size + more for size in (8, 12, 16, 22, 33, 41, 49) for more in (-1, 0, 1)}
    assert len(lengths) > 10


def test_the_flow_that_raised_the_suspicion_works_until_its_server_is_judged(family: int) -> None:
    wire = Wire(rule("active_probe"))
    server, talk = Server(wire, "close", "silence"), Talk(wire, tcp=True, dport=443, family=family)
    before = talk(True, NOISE) + talk(False, b"hello")
    server.wait(5.0)
    meanwhile = talk(True, b"more") + talk(False, b"more")
    server.wait(LATER)

    assert ("ic", "ic", "i-") == (before, meanwhile, talk(True, b"more") + talk(False, b"more"))


def test_which_reactions_give_a_proxy_away_is_the_rules_to_say() -> None:
    wire, server = probed("close", probes=["random"], on_random=["close"])

    assert (True, 1) == (dead(wire), len(server.said))


def test_nobody_answers_at_all() -> None:
    wire = Wire(rule("active_probe"))
    call(wire, NOISE)
    wire.wait(1.0)
    wire.wait(5.0)
    wire.wait(5.0)

    assert ["unreachable"] * 2 == [event.detail["reaction"] for event in wire.events if event.action == "probe"]


def test_only_the_servers_port_dies_and_not_for_ever() -> None:
    wire, _ = probed("close", "silence", residual={"key": "endpoint", "seconds": 60.0})
    beside = dead(wire, dport=8443), dead(wire, to=NEIGHBOUR[4])
    there = dead(wire)
    wire.wait(61.0)

    assert ((False, False), True, False) == (beside, there, dead(wire))


def test_a_server_is_called_after_280_milliseconds_and_lost_for_half_a_day_where_nothing_else_is_said() -> None:
    wire = Wire(rule("active_probe"))
    call(wire, NOISE)
    early, there = wire.wait(0.279), wire.wait(0.002)
    assert (0, 1) == (len(early), len(there))

    wire, _ = probed("answer")
    wire.wait(12 * 3600 - LATER * 2 - 1)
    before = dead(wire)
    wire.wait(2)

    assert (True, False) == (before, dead(wire))


def test_the_clients_packets_still_arrive() -> None:
    wire, _ = probed("close", "silence")

    assert "i" == call(wire, GET, sport=1)


@pytest.mark.parametrize(
    ("first", "calls"),
    [
        (NOISE[:159], 0),
        (NOISE[:160], 1),
        (NOISE + OTHER_NOISE + NOISE[:100], 1),
        (NOISE + OTHER_NOISE + NOISE[:101], 0),
        (GET * 6, 0),
        (hello("a.example"), 0),
        (b"hello!" + NOISE, 0),
    ],
)
def test_what_is_suspected_looks_like_nothing_and_has_a_certain_size(first: bytes, calls: int) -> None:
    _, server = probed("close", "close", first=first)

    assert calls == min(1, len(server.callers))


def test_anything_may_be_suspected() -> None:
    _, server = probed("close", "close", first=hello("a.example"), suspects="any")

    assert hello("a.example")[:5] == server.said[0][:5]


def test_a_server_is_called_after_so_many_flows_and_once() -> None:
    wire = Wire(rule("active_probe", flows=3))
    server = Server(wire, *["answer"] * 9)
    counts = []
    for port in range(1, 7):
        call(wire, NOISE, sport=port)
        server.wait(1.0)
        counts.append(len(server.callers))

    assert [0, 0, 1, 1, 1, 1] == counts


def test_a_server_that_was_cleared_is_not_called_again() -> None:
    wire = Wire(rule("active_probe"))
    server = Server(wire, *["close"] * 9)
    for port in range(1, 4):
        call(wire, NOISE, sport=port)
        server.wait(LATER)

    assert (2, False) == (len(server.callers), dead(wire))


def test_rules_that_were_swapped_call_nobody() -> None:
    wire = Wire(rule("active_probe", after=2.0))
    server = Server(wire, "close")
    call(wire, NOISE)
    wire.swap()
    server.wait(4.0)

    assert [] == server.callers


def test_a_lab_shows_the_call_on_the_internets_side_alone(able: None, tmp_path: pathlib.Path) -> None:
    censor = (rule("active_probe", after=0.05, patience=0.5, probes=["replay"]),)
    with open_lab(dataclasses.replace(WORLD, censor=censor), serve=SERVE, pcap=tmp_path) as lab:
        prober = Prober(lab)
        wanted = {"do": "tcp", "address": TARGET[4], "port": 443, "chunks": [NOISE.hex()], "timeout": 1.0}
        first = prober(**wanted)
        probe = awaited(lab, "probe")
        then = prober(**wanted)
        prober.close()
    captured = {side: b"\x64\x40\x02" in (tmp_path / f"{side}.pcap").read_bytes() for side in ("client", "internet")}

    assert ({"what": "replay", "reaction": "answer"}, {"client": False, "internet": True}) == (probe.detail, captured)
    assert ("true page", "timeout") == (first["answer"].rpartition("\n")[2], then["connect"])


def awaited(lab: Lab, action: str) -> Event:
    """The first event of that kind, once it is there."""
    until = time.monotonic() + 5.0
    while not (found := [event for event in lab.log() if event.action == action]):
        assert time.monotonic() < until, f"no {action} within 5 s"
        time.sleep(0.02)
    return found[0]


SEGMENTS = st.tuples(
    st.integers(0, 255), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=40)
)


@given(st.lists(SEGMENTS, max_size=12))
def test_whatever_a_server_sends_a_call_ends_once(segments: list[tuple[int, int, int, bytes]]) -> None:
    wire = Wire(rule("active_probe", probes=["random"]))
    call(wire, NOISE)
    wire.wait(0.3)
    source = next(
        packet.source for packet in (Packet(frame, 0) for _, frame in wire.sent) if packet.source[2:3] == b"\x02"
    )
    sport = Packet(wire.sent[-1][1], 0).sport
    for flags, seq, ack, payload in segments:
        segment = forge.tcp(packed(SERVER_AT[4]), source, (443, sport), (seq, ack, flags), payload)
        wire.receive(framed(forge.ip(packed(SERVER_AT[4]), source, TCP, segment)), INTERNET)
    wire.wait(6.0)

    assert (1, {}) == (wire.actions.count("probe"), wire.engine.calls)
