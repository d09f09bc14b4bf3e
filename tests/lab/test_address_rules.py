"""Rules about addresses: silence, refusal, ICMP. Each twice, with innocent flows before, between and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.lab import Lab
from tests.lab.conftest import NEIGHBOUR, TARGET, Act, about, actions

REJECTED = {4: "EHOSTUNREACH", 6: "EACCES"}  # what Linux makes of "administratively prohibited" in each family


def connects(probe: Act, *addresses: str, port: int = 443) -> list[str]:
    """How each connect in turn went."""
    return [
        probe(do="tcp", address=address, port=port, chunks=["00"], timeout=0.25)["connect"] for address in addresses
    ]


@pytest.mark.parametrize(
    ("behaviour", "felt", "logged"),
    [
        ("address_blackhole", {4: "timeout", 6: "timeout"}, "drop"),
        ("address_refuse", {4: "ECONNREFUSED", 6: "ECONNREFUSED"}, "rst"),
        ("icmp_reject", REJECTED, "icmp"),
    ],
)
def test_only_the_listed_address_is_lost_each_time(
    *, probe: Act, lab: Lab, censor: Callable[..., int], family: int, behaviour: str, felt: dict[int, str], logged: str
) -> None:
    mark = censor(behaviour, prefixes=[TARGET[4], TARGET[6]])
    good, bad = NEIGHBOUR[family], TARGET[family]

    seen = connects(probe, good, bad, good, bad, good)

    assert ["ok", felt[family], "ok", felt[family], "ok"] == seen
    assert [logged, logged] == actions(lab.log(mark))
    assert {"proto": "tcp", "dst": bad, "dport": 443} == about(lab.log(mark)[0])


def test_an_exempt_port_stays_open(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("address_blackhole", prefixes=[TARGET[4], TARGET[6]], exempt_ports=[80])

    assert ["ok"] == connects(probe, TARGET[family], port=80)
    assert ["timeout"] == connects(probe, TARGET[family], port=443)


def test_an_exempt_prefix_within_a_listed_one_stays_open(probe: Act, censor: Callable[..., int]) -> None:
    censor("address_refuse", prefixes=["0.0.0.0/0"], exempt_prefixes=["192.5.5.0/24"])

    assert ["ECONNREFUSED", "ok"] == connects(probe, TARGET[4], NEIGHBOUR[4])


def test_a_rule_about_a_protocol_leaves_the_others_alone(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("address_blackhole", prefixes=[TARGET[4], TARGET[6]], protocols=["udp"])

    assert ["ok"] == connects(probe, TARGET[family])


def test_an_address_that_no_host_owns_is_silent_without_any_rule(probe: Act, lab: Lab) -> None:
    lab.swap([])

    assert ["timeout", "timeout"] == connects(probe, "1.2.3.4", "2a00:1450:4001::1")


def test_a_quiet_rule_leaves_no_event(probe: Act, lab: Lab, censor: Callable[..., int]) -> None:
    mark = censor("address_refuse", prefixes=[TARGET[4]], log=False)

    assert ["ECONNREFUSED"] == connects(probe, TARGET[4])
    assert [] == lab.log(mark)
