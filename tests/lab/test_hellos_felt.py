"""Rules about ClientHellos as plain sockets feel them in the lab: innocents before, between and after."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from subprocess import PIPE
from typing import Any

import pytest

from harness.lab import Lab
from tests.lab.conftest import TARGET, Act, actions, hello
from tests.lab.hellos import CHROME_2025, FIREFOX, Made
from tests.lab.test_name_rules import BAD, GOOD, TRUE, spoken

OLD = Made(name=GOOD, versions=(0x0303,))


@pytest.mark.parametrize(
    ("behaviour", "more", "felt", "done", "family"),
    [
        ("tspu_rewrite", {}, "ECONNRESET", "rewrite", 4),
        ("tspu_rewrite", {}, "ECONNRESET", "rewrite", 6),
        ("tspu_delayed_drop", {"least": 0, "most": 0}, "timeout", "drop", 6),
        ("tspu_full_drop", {}, "timeout", "drop", 4),
        ("gfw_reset", {"hits": 1, "residual": None}, "ECONNRESET", "rst", 4),
        ("gfw_reset", {"hits": 1, "residual": None}, "ECONNRESET", "rst", 6),
        ("iran_reset", {}, "ECONNRESET", "rst", 6),
        ("tls_fingerprint", {"ja4": ["t13d*"], "drop": "server"}, "timeout", "drop", 4),
        ("tls_fingerprint", {"ja4": ["t13d*"], "act": "reset"}, "ECONNRESET", "rst", 6),
    ],
)
def test_a_listed_name_is_felt_each_time_and_no_other(
    *,
    probe: Act,
    lab: Lab,
    censor: Callable[..., int],
    behaviour: str,
    more: dict[str, Any],
    felt: str,
    done: str,
    family: int,
) -> None:
    mark = censor(behaviour, names=["facebook.com"], **more)

    seen = [spoken(probe, family, [hello(name)]) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    assert [TRUE, felt, TRUE, felt, TRUE] == seen
    assert ["match", done, "match", done] == [one for one in actions(lab.log(mark)) if one in {"match", done}]


@pytest.mark.parametrize(
    ("behaviour", "more", "meant", "family"),
    [
        ("tls_version", {}, OLD, 4),
        ("mtproxy_fake_tls", {}, CHROME_2025, 6),
        ("ech_drop", {}, Made(name="cloudflare-ech.com", kinds=(*Made().kinds, 0xFE0D)), 4),
        ("esni_drop", {"residual": None}, Made(name=None, kinds=(*Made().kinds, 0xFFCE)), 6),
    ],
)
def test_a_client_is_felt_by_what_it_shows_and_others_pass(
    *, probe: Act, censor: Callable[..., int], behaviour: str, more: dict[str, Any], meant: Made, family: int
) -> None:
    censor(behaviour, **more)

    seen = [spoken(probe, family, [made.record]) for made in (FIREFOX, meant, Made(), meant, FIREFOX)]

    assert [TRUE, "timeout", TRUE, "timeout", TRUE] == seen


def test_this_systems_timestamps_hide_it_from_henan(probe: Act, lab: Lab, censor: Callable[..., int]) -> None:
    mark = censor("henan_reset", names=["facebook.com"])

    assert TRUE == spoken(probe, 4, [hello(BAD)])
    assert [] == lab.log(mark)


def test_a_censor_that_misses_some_is_felt_from_so_many_triggers_on(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    mark = censor("gfw_reset", names=["facebook.com"], hits=0, sure_after=2, residual=None)

    felt = [spoken(probe, family, [hello(name)]) for name in (BAD, GOOD, BAD, GOOD, BAD, BAD)]

    assert [TRUE, TRUE, TRUE, TRUE, "ECONNRESET", "ECONNRESET"] == felt
    assert ["match", "rst", "match", "rst"] == actions(lab.log(mark))


def test_port_443_alone_is_refused(probe: Act, lab: Lab, censor: Callable[..., int], family: int) -> None:
    mark = censor("port_443_reset")

    outcomes = [probe(do="tcp", address=TARGET[family], port=port, chunks=[])["connect"] for port in (80, 443, 80, 443)]

    assert ["ok", "ECONNREFUSED", "ok", "ECONNREFUSED"] == outcomes
    assert {"rst"} == set(actions(lab.log(mark)))


def test_two_segments_and_two_records_together_defeat_what_joins_only_one_of_them(
    probe: Act, censor: Callable[..., int], family: int
) -> None:
    data = hello(BAD)
    at = data.index(BAD.encode()) + 4
    parts = [b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (data[5:at], data[at:])]
    felt = {}
    for how in ("tcp", "tls", "both"):
        censor("tspu_full_drop", names=["facebook.com"], reassembly=how, residual=None)
        felt[how] = spoken(probe, family, parts)

    assert {"tcp": TRUE, "tls": TRUE, "both": "timeout"} == felt


AT_ONCE = """
import json, socket, sys
address, hello, count = json.loads(sys.argv[1])
streams = []
for _ in range(count):
    streams.append(socket.create_connection((address, 443), 5))
    streams[-1].sendall(bytes.fromhex(hello))
felt = []
for stream in streams:
    stream.settimeout(0.3)
    try:
        felt.append(bool(stream.recv(1)))
    except TimeoutError:
        felt.append(None)
print(json.dumps(felt))
"""


def at_once(lab: Lab, family: int, made: Made, count: int) -> list[bool | None]:
    """What came of so many connections that stand together: an answer, or None."""
    wanted = json.dumps([TARGET[family], made.record.hex(), count])
    felt: list[bool | None] = json.loads(
        lab.popen([sys.executable, "-c", AT_ONCE, wanted], stdout=PIPE).communicate(20)
    )
    return felt


def test_a_dozen_connections_stand_and_the_next_time_out(lab: Lab, censor: Callable[..., int], family: int) -> None:
    mark = censor("tls_connection_count")

    assert [True] * 12 + [None] * 2 == at_once(lab, family, Made(name=BAD), 14)
    assert [True] * 2 == at_once(lab, family, Made(name=GOOD), 2)
    assert ["match", "drop", "match", "drop"] == actions(lab.log(mark))


def test_the_fourth_chrome_times_out_and_no_firefox(lab: Lab, censor: Callable[..., int], family: int) -> None:
    censor("tls_fingerprint_subnet", prefixes=[TARGET[4], TARGET[6]], ja4=["t13d1516h2_8daaf6152771_*"])

    assert [True, True, True, None, None] == at_once(lab, family, CHROME_2025, 5)
    assert [True] * 5 == at_once(lab, family, FIREFOX, 5)
