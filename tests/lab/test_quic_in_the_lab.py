"""A real HTTP/3 client and server in the lab, on real kernels, with the censor between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.lab import Host, Lab, Rule, World, open_lab
from harness.lab.world import Service
from harness.model import Vantage
from tests.lab import quic_client
from tests.lab.conftest import NEIGHBOUR, TARGET, Prober, actions

pytestmark = [quic_client.aioquic, quic_client.sing_box]

BAD, GOOD = "news.example.org", "recipes.example.org"
WHOLE, SHAKEN, NOTHING = (True, "404"), (True, None), (False, None)
LONG, SHORT = 20.0, 1.0  # seconds: for what comes through, and for what does not

Ask = Callable[..., tuple[bool, str | None]]


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    served = (Service(kind="http3", port=443, params={}),)
    hosts = tuple(
        Host(name=name, addresses=(pair[4], pair[6]), names=(f"{name}.example.org",), services=served)
        for name, pair in (("news", TARGET), ("recipes", NEIGHBOUR))
    )
    with open_lab(World(name="quic", title="Two servers", vantage=Vantage(name="lab"), hosts=hosts)) as opened:
        yield opened


@pytest.fixture(scope="module")
def ask(lab: Lab) -> Iterator[Ask]:
    """One connection: whether hands were shaken, and the status of the answer."""
    prober = Prober(lab, "quic_prober.py")

    def asked(pair: dict[int, str], family: int, name: str, seconds: float = LONG) -> tuple[bool, str | None]:
        told = prober(address=pair[family], name=name, seconds=seconds)
        return told["shaken"], told["status"]

    yield asked
    prober.close()


ADDRESSES = [f"{TARGET[4]}/32", f"{TARGET[6]}/128"]


@pytest.mark.parametrize(
    ("rule", "came"),
    [
        (Rule(behaviour="quic_sni_drop", params={"names": [BAD]}), NOTHING),
        (Rule(behaviour="quic_midflow_drop", params={"prefixes": ADDRESSES}), SHAKEN),
        (Rule(behaviour="quic_v1_drop", params={"prefixes": ADDRESSES}), NOTHING),
        (Rule(behaviour="udp_endpoint", params={"prefixes": ADDRESSES}), NOTHING),
    ],
    ids=lambda one: one.behaviour if isinstance(one, Rule) else "",
)
def test_a_page_over_quic_is_lost_and_its_neighbours_before_and_after_are_not(
    lab: Lab, ask: Ask, family: int, rule: Rule, came: tuple[bool, str | None]
) -> None:
    lab.swap([rule])
    mark = lab.mark()
    assert WHOLE == ask(NEIGHBOUR, family, GOOD)
    assert [] == lab.log(mark)

    assert came == ask(TARGET, family, BAD, SHORT)

    assert "drop" in actions(lab.log(mark))
    assert {TARGET[family]} == {event.flow.dst for event in lab.log(mark) if event.flow}
    assert WHOLE == ask(NEIGHBOUR, family, GOOD)


def test_the_great_firewall_lets_the_first_page_pass_and_no_other_of_its_server(
    lab: Lab, ask: Ask, family: int
) -> None:
    lab.swap([Rule(behaviour="quic_sni_residual", params={"names": [BAD], "latency": 2.0})])
    assert WHOLE == ask(TARGET, family, BAD)
    mark = lab.mark()

    lab.swap([Rule(behaviour="quic_sni_residual", params={"names": [BAD], "latency": 0})])
    ask(TARGET, family, BAD, SHORT)
    assert NOTHING == ask(TARGET, family, GOOD, SHORT)

    assert ["match", "drop", "residual", "drop"] == actions(lab.log(mark))
    assert WHOLE == ask(NEIGHBOUR, family, GOOD)
