"""What was reported under another name and is one of the rules: each line of the page does what it says."""

from __future__ import annotations

import pathlib
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from harness.lab.world import Rule
from harness.wire.obfuscated import Obfuscation
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, segment, shaken, sides
from tests.lab.hellos import CHROME_2025, ECH, Made
from tests.lab.initial_packets import GOOGLE
from tests.lab.test_fragments import cut
from tests.lab.test_put_together import records

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "lab.md"
FAMILIES = pytest.mark.parametrize("family", [4, 6])


def lines() -> dict[str, Rule]:
    """The rules of the page's table, by what is said of them."""
    table = PAGE.read_text().partition("<!-- seen otherwise -->")[2].partition("<!-- end of seen otherwise -->")[0]
    found = {}
    for seen, said in re.findall(r"^\| (.+?) \| `(.+?)`.* \|$", table, re.MULTILINE):
        ((behaviour, params),) = yaml.safe_load(said).items()
        found[seen] = Rule(behaviour=behaviour, params=params)
    return found


LINES = lines()


def line(beginning: str, **more: Any) -> Rule:
    """The rule of the line that says this, with other parameters where a test wants them."""
    (rule,) = (rule for seen, rule in LINES.items() if beginning in seen)
    return Rule(behaviour=rule.behaviour, params={**rule.params, **more})


def test_every_line_is_a_rule() -> None:
    assert 13 == len(LINES)
    assert all(Wire(rule).engine.rules for rule in LINES.values())


def mtproto(transport: str, seed: int) -> bytes:
    """How a client begins under plain obfuscation: 64 bytes, and its first message behind them."""
    begun = Obfuscation(transport, random.Random(seed).randbytes, centre=2)
    return begun.opening + begun.seal(bytes(8) + bytes(32))


def hangs(wire: Wire, *parts: bytes, to: str, sport: int = 40000) -> bool:
    """True where the last of those parts of a connection to a centre of Telegram's does not arrive."""
    ends: dict[str, Any] = {"to": to, "sport": sport, "family": 6 if ":" in to else 4}
    left = shaken(wire, **ends)
    at = 1
    for part in parts:
        left = wire.receive(segment(part, at=at, **ends))
        at += len(part)
    return not left


CENTRE = {4: "149.154.167.51", 6: "2001:67c:4e8:f002::a"}
PREFIXES = ["149.154.160.0/20", "2001:67c:4e8::/48"]


@FAMILIES
@pytest.mark.parametrize("transport", ["abridged", "intermediate", "padded"])
@pytest.mark.parametrize("what", ["under plain obfuscation", "no protocol that is allowed"])
def test_plain_obfuscation_looks_like_nothing_and_is_no_protocol(family: int, transport: str, what: str) -> None:
    more = {"probability": 1, "prefixes": PREFIXES, "residual": None} if "plain" in what else {}
    wire = Wire(line(what, **more))

    hung = [
        hangs(wire, mtproto(transport, seed), b"\xc1\xc2\xc3", to=CENTRE[family], sport=40000 + seed)
        for seed in range(100)
    ]

    assert hung.count(True) >= 97  # seldom, noise begins as something does
    assert not hangs(wire, CHROME_2025.record, b"\x17\3\3\0\1x", to=CENTRE[family], sport=50000)  # its fake TLS


def test_one_in_four_connections_to_the_centres_hangs_and_none_elsewhere() -> None:
    wire = Wire(line("under plain obfuscation", residual=None))
    hung = {
        to: sum(hangs(wire, mtproto("padded", seed), b"x", to=to, sport=20000 + seed) for seed in range(400))
        for to in (CENTRE[4], "192.5.5.241")
    }

    assert 75 <= hung[CENTRE[4]] <= 135
    assert 0 == hung["192.5.5.241"]


def test_a_centres_address_is_silent_whatever_is_said() -> None:
    wire = Wire(line("centres' addresses"))

    assert [True, False] == [hangs(wire, CHROME_2025.record, to=to) for to in (CENTRE[4], "192.5.5.241")]


def met(rule: Rule, *frames: Callable[..., bytes] | bytes) -> bool:
    """True where the rule finds what it looks for in the last of those frames."""
    wire = Wire(rule)
    shaken(wire)
    for frame in frames:
        assert "match" not in wire.actions
        wire.receive(frame() if callable(frame) else frame)
    return "match" in wire.actions


def test_video_is_slowed_in_tls_and_in_quic() -> None:
    assert met(line("in TLS and QUIC"), segment(hello("rr1---sn.googlevideo.com")))
    assert met(line("in TLS and QUIC", names=["google.com"]), datagram(GOOGLE, dport=443))
    assert not met(line("in TLS and QUIC"), segment(hello("www.google.com")), datagram(GOOGLE, dport=443))


SOCKS = b"\5\1\0" + b"\5\1\0\3\x10news.example.org\1\xbb"
CONNECT = b"CONNECT news.example.org:443 HTTP/1.1\r\nHost: news.example.org:443\r\n\r\n"


@pytest.mark.parametrize("ahead", [SOCKS, CONNECT])
@pytest.mark.parametrize(("how", "seen"), [("both", True), ("tcp", True), ("none", False), ("tls", False)])
def test_a_name_inside_a_plain_proxy_is_seen_where_segments_are_put_together(
    ahead: bytes, how: str, seen: bool
) -> None:
    inside = hello("news.example.org")
    rule = line("inside SOCKS5", reassembly=how)

    assert seen == met(rule, segment(ahead + inside))
    assert met(rule, segment(ahead), segment(inside, at=1 + len(ahead)))
    assert not met(rule, segment(ahead), segment(hello("other.example"), at=1 + len(ahead)))


def test_segments_and_records_together_do_not_hide_a_hello_from_what_joins_both() -> None:
    made = Made(name="cloudflare-ech.com", kinds=(*Made().kinds, ECH)).record
    cutting = records(made, 40, 80, 120)

    assert met(line("cut into segments"), segment(cutting[:60]), segment(cutting[60:], at=61))
    assert not met(line("cut into segments", reassembly="tcp"), segment(cutting[:60]), segment(cutting[60:], at=61))
    assert met(line("cut into segments"), *cut(segment(cutting)))


def test_a_server_is_lost_for_ten_minutes_behind_its_first_datagrams() -> None:
    wire = Wire(line("lost for ten minutes"))

    def call(sport: int, count: int) -> str:
        return "".join(sides(wire.receive(datagram(b"x", sport=sport, dport=5000))) or "-" for _ in range(count))

    assert "i" * 25 + "--" == call(40000, 27)
    wire.wait(599.9)
    assert "-" == call(40001, 1)
    wire.wait(0.2)
    assert "i" == call(40002, 1)


def test_kazakhstans_silence_is_two_minutes_and_starts_again() -> None:
    wire = Wire(line("Kazakhstan's two minutes"))
    shaken(wire)
    wire.receive(segment(hello("news.example.org")))
    went = []
    for seconds in (119.9, 119.9, 120.1):
        wire.wait(seconds)
        went.append(sides(wire.receive(segment(b"x", at=900))))

    assert ["", "", "i"] == went


def test_by_night_nothing_passes() -> None:
    wire = Wire(line("off by night"), midnight=1000.0 - 8.99 * 3600)
    assert "" == sides(wire.receive(datagram(query("a.example"))))

    wire.wait(60)

    assert "i" == sides(wire.receive(datagram(query("a.example"))))
