"""The loopback tier: the same truths without namespaces, nothing sent elsewhere, and what it lacks said by name."""

from __future__ import annotations

import asyncio
import ipaddress
import pathlib
import struct
import textwrap

import pytest

from harness import catalogue
from harness.errors import ApparatusError
from harness.lab import Missing, Tier, load_world, open_lab, tiers
from harness.lab.censor.packet import CLIENT, Packet
from harness.lab.loopback import shown
from harness.lab.loopback.ends import End
from harness.lab.loopback.lab import Loopback
from harness.lab.loopback.segments import Spot
from harness.lab.needs import Lacking
from harness.lab.servers import singbox
from harness.model import Cell, Controls, Vantage
from harness.vantage import Setup
from harness.vantage.place import lacking, open_place, overlay
from tests.truth.measuring import ROOT, Truth, disagreements, fits, item, measure

SHOWN = {
    "open": ("whatsapp.registration[*]", "max.messaging[*]"),
    "address-refuse": ("news[direct]", "recipes[direct]"),
    "endpoint-drop": ("*",),
    "geo-block": ("news[direct]", "news[office-socks]", "recipes[direct]"),
    "sni-reset": ("news[direct]", "recipes[direct]", "news[office-socks]", "news-plain[direct]"),
    "dns-inject-race": ("news[direct]", "news[tcp-quad9]", "recipes[direct]"),
    "national-nxdomain": ("news[direct]", "news[doh-quad9]", "recipes[direct]"),
    "http-block-page": ("news-plain[direct]", "recipes-plain[direct]"),
    "freeze": ("*",),
    "stun-drop": ("*[direct]",),
    "police": ("news-file[direct]",),
    "slow-server": ("*",),
    "icmp-reject": ("news[direct]", "recipes[direct]"),
    "henan-reset": ("news[direct]", "recipes[direct]"),
    "tls-mitm": ("news[direct]", "recipes[direct]"),
    "quic-sni-drop": ("*-quic[v4]",),
    "udp-loss": ("*",),
    "uneven@day": ("*",),
}
"""Worlds, and which items of their truths are measured here."""

HOOK = """
import os, sys

def told(event, args):
    if event in {"socket.connect", "socket.bind", "socket.sendto"} and isinstance(args[1], tuple):
        line = f"{sys.argv[0]} {event} {args[1][0]}\\n".encode()
        where = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(where, line)
        os.close(where)

sys.addaudithook(told)
"""


class Some(Truth):
    """The part of a truth that is measured here."""

    def _is_about(self, cell: Cell) -> bool:
        patterns = SHOWN[self.world]
        return super()._is_about(cell) and any(fits(pattern, item(cell)) for pattern in patterns)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGAUGE_LAB_TIER", "loopback")


@pytest.mark.parametrize("world", SHOWN)
def test_verdicts_and_log_are_those_of_a_lab_of_namespaces(world: str) -> None:
    truth = Some(world)
    cells = measure(truth)

    assert cells
    assert {} == disagreements({name: truth.expected(name).contradicted_by(each) for name, each in cells.items()})
    assert {} == disagreements({name: truth.expected(name).denied_by(each) for name, each in cells.items()})


def test_nothing_is_bound_or_sent_to_beyond_the_loopback(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "told"
    (tmp_path / "sitecustomize.py").write_text(f"FILE = {str(file)!r}\n{textwrap.dedent(HOOK)}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    measure(Some("dns-inject-race"))
    told = [line.split() for line in file.read_text().splitlines()]

    assert {"socket.bind", "socket.connect"} <= {event for _, event, _ in told}
    assert 2 == len({program for program, _, _ in told}), "the engine and the lab"
    assert [] == [line for line in told if not ipaddress.ip_address(line[2]).is_loopback]


def test_what_needs_a_tunnel_is_not_applicable_with_the_reason() -> None:
    file = ROOT / "fixtures" / "truth" / "small.reach.yaml"
    plan = catalogue.read(file, root=ROOT, env={}, world=overlay("open")).plan
    told = {cell.path.name: shown.lacks(cell) for cell in plan.cells}
    lacks = {name for name, why in told.items() if why == shown.LACKS_TUNNELS}

    assert {"wg-nl", "ss-nl", "trojan-nl"} & set(told) <= lacks
    assert {"", shown.LACKS_TUNNELS} >= set(told.values())
    assert "" == told["direct"] == told["office-connect"] == told["control-abroad"]
    assert Controls() == shown.carried(Controls())


def test_without_sing_box_http3_is_not_applicable_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    file = ROOT / "fixtures" / "truth" / "quic.reach.yaml"
    plan = catalogue.read(file, root=ROOT, env={}, world=overlay("open")).plan
    quic = next(cell for cell in plan.cells if item(cell) == "news-quic[v4]")
    assert "" == shown.lacks(quic)
    assert plan.controls.yardsticks == shown.carried(plan.controls).yardsticks

    monkeypatch.setattr(singbox, "program", lambda: None)

    assert shown.lacks(quic).endswith("pip install 'waygauge[engines]'")
    assert () == shown.carried(plan.controls).yardsticks
    assert "http3" not in {service.kind for _, service in shown.served(load_world("open")).listening()}


def test_a_world_that_it_cannot_show_is_refused_by_name(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(
        "world: ours\ntitle: A program of ours\nextends: open\n"
        "hosts: [{name: ours, addresses: [192.0.2.81], services: [{nginx: {port: 8080}}]}]\n"
    )
    told = r"world ours needs outside programs \(nginx\), which tier loopback does not have; run it where"

    with pytest.raises(Lacking, match=told):
        Loopback(load_world(str(file)))
    assert "world ours needs" in lacking(str(file))


def test_a_capture_is_refused_with_the_reason() -> None:
    with pytest.raises(ApparatusError, match="its packets are of the relay's making"):
        open_place(Setup(vantage=Vantage(name="here"), world="open", pcap=pathlib.Path("captures")))


def test_programs_inside_a_world_are_refused() -> None:
    with pytest.raises(Lacking, match="tier loopback has no namespaces, so no program of yours runs inside a world"):
        open_lab(load_world("open"))


def test_it_carries_where_nothing_else_can(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Missing(step="make a user namespace", errno=1, remedy="allow them")
    monkeypatch.setattr(tiers, "detect", lambda: missing)
    assert missing == tiers.carrier()
    monkeypatch.delenv("WAYGAUGE_LAB_TIER")
    assert tiers.carrier() is Tier.LOOPBACK


def test_it_leaves_neither_a_process_nor_a_file() -> None:
    with Loopback(load_world("open")) as lab:
        folder = pathlib.Path(lab.resolv_conf).parent
        assert (None, True) == (lab.died, folder.is_dir())

    assert (0, False) == (lab._process.returncode, folder.exists())
    assert [] == lab.log()


def test_an_owner_that_has_gone_leaves_nothing_either() -> None:
    with Loopback(load_world("open")) as lab:
        folder = pathlib.Path(lab.resolv_conf).parent
        assert lab._process.stdin
        lab._process.stdin.close()

        assert (0, False) == (lab._process.wait(5), folder.exists())


def test_a_lab_that_dies_says_so() -> None:
    with Loopback(load_world("open")) as lab:
        lab._process.kill()
        lab._process.wait()

        assert lab.died == f"the lab on the loopback ended with code {lab._process.returncode}"


def test_bytes_arrive_whole_and_in_order_over_a_wire_that_loses_some() -> None:
    asyncio.run(_over_a_wire_that_loses_some())


async def _over_a_wire_that_loses_some() -> None:
    loop, ends, count = asyncio.get_running_loop(), list[End](), 0

    def wire(to: int) -> object:
        def say(raw: bytes) -> None:
            nonlocal count
            count += 1
            if count % 7:
                loop.call_soon(lambda: ends[to].hear(Packet(raw, CLIENT)))

        return say

    here, there = Spot(bytes((192, 0, 2, 1)), 1), Spot(bytes((192, 0, 2, 2)), 2)
    called = End(there, here, wire(0))  # type: ignore[arg-type]
    caller = End(here, there, wire(1))  # type: ignore[arg-type]
    ends.extend((caller, called))
    answered = False

    def answer_once(packet: Packet) -> None:
        nonlocal answered
        if not answered:
            answered = True
            called.answer(packet)

    first = caller._say
    caller._say = lambda raw: answer_once(Packet(raw, CLIENT)) if not answered else first(raw)
    caller.call()
    await caller.opened
    sent = bytes(range(256)) * 300
    writing = asyncio.create_task(caller.write(sent))
    got = b""
    async with asyncio.timeout(20):
        while len(got) < len(sent):
            got += await called.read() or b""
    await writing
    caller.finish()
    async with asyncio.timeout(5):
        assert b"" == await called.read()

    caller.forget()
    called.forget()
    assert sent == got
    again, trip = (struct.unpack_from("=I", caller.info(), at)[0] for at in (100, 68))
    assert 0 < again < count / 7 + 10, "what has arrived beyond a gap is not sent again"
    assert 0 < trip < 1_000_000


SCENARIO = """
scenario: tunnelled
targets:
  - {name: news, check: {tls: {host: news.example.org, port: 443}}}
  - {name: news-quic, check: {quic: "news.example.org:443"}}
paths: [direct, office-connect, wg-nl]
"""


def test_a_skip_says_what_the_tier_lacks(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("t.reach.yaml").write_text(SCENARIO)
    result = pytester.runpytest_subprocess("--world", "open", "-rs", "-k", "news", "-p", "no:cacheprovider", timeout=60)

    result.assert_outcomes(passed=3, skipped=3, deselected=3)
    result.stdout.fnmatch_lines([f"SKIPPED*: not_applicable: {shown.LACKS_TUNNELS}"])
