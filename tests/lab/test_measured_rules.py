"""Rules that slow, cut short and thin out, felt by plain sockets in the lab: innocents before, between and after."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from harness.lab import Lab, Link, Rule, open_lab
from tests.lab import relays
from tests.lab.conftest import NEIGHBOUR, TARGET, WORLD, Act, Prober, actions, hello

BAD, GOOD = hello("rr1---sn.googlevideo.com").hex(), hello("example.org").hex()
LISTED = [TARGET[4], TARGET[6]]
RATE = 2_400_000  # bits a second
WHOLE = 65536


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    """A lab whose servers send, swallow and echo."""
    world = dataclasses.replace(WORLD, link=Link(delay=0.005))
    with open_lab(world, serve="relays:serve") as opened:
        yield opened


@pytest.fixture(scope="module")
def probe(lab: Lab) -> Iterator[Act]:
    """The client that moves bytes and datagrams."""
    prober = Prober(lab, "caller.py")
    yield prober
    prober.close()


def fetched(probe: Act, family: int, said: str, **more: Any) -> dict[str, Any]:
    """What came of a download from the target."""
    wanted = {"address": TARGET[family], "port": relays.SOURCE, "hello": said, "most": WHOLE, **more}
    outcome: dict[str, Any] = probe(do="download", **wanted)
    return outcome


def called(probe: Act, address: str, count: int = 50, **more: Any) -> Sequence[list[float]]:
    """What came back of a call: number, left, there, back."""
    wanted = {"port": relays.CALL, "count": count, "interval": 0.001, **more}
    came: list[list[float]] = probe(do="call", address=address, **wanted)
    return came


def lost_of(probe: Act, address: str, count: int, **more: Any) -> float:
    """The share of a call's datagrams that never came back."""
    return 1 - len(called(probe, address, count, **more)) / count


def test_only_flows_with_a_listed_name_freeze_each_time(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    mark = censor("freeze", names=["googlevideo.com"], packets=25)

    seen = [fetched(probe, family, said) for said in (GOOD, BAD, GOOD, BAD, GOOD)]

    assert [False, True, False, True, False] == [one["stalled"] for one in seen]
    assert all(0 < one["bytes"] <= 25 * 1460 for one in seen if one["stalled"])
    assert ["match", "freeze", "match", "freeze"] == actions(lab.log(mark))


@pytest.mark.parametrize(("most", "stalled"), [(28000, False), (33000, True)])
def test_bytes_just_under_the_limit_come_and_just_over_do_not(
    probe: Act, censor: Callable[..., int], family: int, most: int, stalled: bool
) -> None:
    censor("freeze", prefixes=LISTED, bytes=30000, counted="server")

    assert stalled == fetched(probe, family, GOOD, most=most)["stalled"]


@pytest.mark.parametrize(
    "exempt", [{"exempt_names": ["example.org"]}, {"exempt_ports": [443]}, {"exempt_prefixes": LISTED}]
)
def test_exempt_downloads_come_whole(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int, exempt: dict[str, Any]
) -> None:
    mark = censor("freeze", **exempt)

    assert (False, True) == (fetched(probe, family, GOOD)["stalled"], [] == lab.log(mark))


def test_an_ssh_session_outlives_the_curtain(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("freeze", exempt_openings=["ssh"])
    banner = b"SSH-2.0-OpenSSH_9.2\r\n".hex()

    assert [True, False] == [fetched(probe, family, said, port=22)["stalled"] for said in (GOOD, banner)]


@pytest.mark.parametrize("behaviour", ["police", "shape"])
def test_a_listed_name_is_held_to_its_rate_each_time(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int, behaviour: str
) -> None:
    mark = censor(behaviour, names=["googlevideo.com"], rate=RATE)

    more = {"most": 6 * WHOLE, "burst": 2 * WHOLE}
    seen = [fetched(probe, family, said, **more)["rate"] for said in (GOOD, BAD, GOOD, BAD, GOOD)]

    # TCP under a policer saws; its mean over a second or two is no sharper than this.
    assert [RATE, RATE] == pytest.approx(seen[1::2], rel=0.25 if behaviour == "police" else 0.1)
    assert min(seen[0::2]) > 4 * RATE
    assert 2 == actions(lab.log(mark)).count("match")


def test_a_policer_lets_through_its_rate_and_its_burst(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("police", prefixes=LISTED, rate=1_000_000, burst=15_000, of="client")

    came = called(probe, TARGET[family], 1200, interval=0.0005)  # some 3 Mbit/s

    size = 160 + {4: 28, 6: 48}[family]
    lasted = came[-1][2] - came[0][2]  # behind the policer: what was sent may have waited for it
    assert 15_000 + lasted * 125_000 == pytest.approx(len(came) * size, rel=0.03)


def test_round_trips_grow_in_a_queue_and_not_under_a_policer(probe: Act, lab: Lab, family: int) -> None:
    grown = {}
    for behaviour in ("police", "shape"):
        lab.swap([Rule(behaviour=behaviour, params={"prefixes": LISTED, "rate": RATE})])
        grown[behaviour] = probe(do="upload", address=TARGET[family], port=relays.SINK, hello=GOOD)["loaded"]

    assert grown["police"] < 0.04
    assert grown["shape"] > 0.07


def test_the_share_of_packets_towards_a_prefix_is_lost(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    mark = censor("subnet_loss", prefixes=LISTED, loss=0.3)

    lost = [lost_of(probe, to[family], 400) for to in (NEIGHBOUR, TARGET, NEIGHBOUR, TARGET, NEIGHBOUR)]

    assert [0, 0.3, 0, 0.3, 0] == pytest.approx(lost, abs=0.01)
    assert ["lose", "lose"] == actions(lab.log(mark))


@pytest.mark.parametrize(("of", "ways"), [("client", (1, 2)), ("server", (2, 3))])
def test_jitter_and_delay_of_a_relay_are_those_that_are_set(
    probe: Act, censor: Callable[..., int], family: int, of: str, ways: tuple[int, int]
) -> None:
    censor("udp_loss", ports=[relays.CALL], of=of, delay="40ms", jitter="10ms", reorder=True)

    came = called(probe, TARGET[family], 250, interval=0.01)
    transits = [one[ways[1]] - one[ways[0]] for one in sorted(came, key=lambda one: one[ways[1]])]

    assert 0.01 == pytest.approx(statistics.fmean(map(abs, map(float.__sub__, transits[1:], transits))), rel=0.2)
    assert 0.045 == pytest.approx(min(transits), abs=0.003)  # 5 ms of the line, 40 of the rule


def test_only_the_ports_of_calls_suffer(probe: Act, lab: Lab, censor: Callable[..., int], family: int) -> None:
    mark = censor("udp_loss", ports=["3478-3497"], loss=0.2, burst=2, of="client")
    ports = (relays.OTHER_CALL, relays.CALL, relays.OTHER_CALL, relays.CALL, relays.OTHER_CALL)

    lost = [lost_of(probe, TARGET[family], 400, port=port) for port in ports]

    assert [0, 0.2, 0, 0.2, 0] == pytest.approx(lost, abs=0.01)
    assert ["lose", "lose"] == actions(lab.log(mark))


def test_a_call_falls_silent_after_its_first_datagrams(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    mark = censor("udp_first_n", prefixes=LISTED, packets=20)

    came = [
        len(called(probe, to[family], 30, interval=0.012)) for to in (NEIGHBOUR, TARGET, NEIGHBOUR, TARGET, NEIGHBOUR)
    ]

    assert [30, 10, 30, 10, 30] == pytest.approx(came, abs=1)
    assert ["freeze", "freeze"] == actions(lab.log(mark))
