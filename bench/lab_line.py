"""What the censor bears, and what it adds: packets a second, throughput and round trips through thirty active rules."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

from bench.far_end import SERVE
from bench.figures import show
from harness.lab import Lab, open_lab
from harness.lab.world import Host, Rule, World
from harness.model import Vantage

ROOT = pathlib.Path(__file__).parents[1]
FAR = "198.41.0.4"
LIMIT = 60.0  # seconds for one measurement
RUNS = 5
PACE = 40_000  # datagrams a second


def measure() -> None:
    for title, rules in (("no rule", ()), ("thirty rules", thirty_rules())):
        with open_lab(world(censor=rules), serve=SERVE) as lab:
            kept_pace(lab, title)
            for what, way, amount in (("upload", "up", 2), ("download", "down", 1e8)):
                speeds = [near(lab, way, amount)["mbit_s"] for _ in range(RUNS)]
                show(f"{title}: {what}", speeds, "Mbit/s", least=300)
            round_trips(lab, title)
            show(f"{title}: frames lost for want of room", [lab.counts()["missed"]], "frames")


def kept_pace(lab: Lab, title: str) -> None:
    """How many datagrams are lost, by the censor's own counter or by what arrives, whichever is more."""
    lost = []
    for _ in range(RUNS):
        before = lab.counts()["missed"]
        came = near(lab, "datagrams", PACE)
        lost.append(max(lab.counts()["missed"] - before, came["sent"] - came["arrived"]))
    show(f"{title}: of {2 * PACE:,} datagrams in 2 s are lost", lost, "datagrams", most=0)


def round_trips(lab: Lab, title: str) -> None:
    """What the lab adds to the round trips of the same exchange over loopback, one after the other."""
    pairs = [(near(lab, "rtt", 500), near(lab, "loopback", 500)) for _ in range(RUNS)]
    show(f"{title}: added round trip, median", [with_it["p50_ms"] - bare["p50_ms"] for with_it, bare in pairs], "ms")
    added = [with_it["p99_ms"] - bare["p99_ms"] for with_it, bare in pairs]
    show(f"{title}: added round trip, 99th of 100", added, "ms", most=1)


def world(**more: Any) -> World:
    """One host that the far end serves."""
    host = Host(name="far", addresses=(FAR, "2001:503:ba3e::2:30"))
    return World(name="bench", title="A line to measure", vantage=Vantage(name="bench"), hosts=(host,), **more)


def thirty_rules() -> tuple[Rule, ...]:
    """Rules of every layer that all look at each new flow and match none."""
    names = {"names": [f"{number}.blocked.example" for number in range(200)]}
    prefixes = {"prefixes": [f"11.{number}.0.0/16" for number in range(100)]}
    kinds = (
        Rule(behaviour="address_blackhole", params=prefixes),
        Rule(behaviour="icmp_reject", params=prefixes),
        Rule(behaviour="sni_reset", params=names),
        Rule(behaviour="sni_drop", params=names),
        Rule(behaviour="http_block_page", params={**names, "ports": ["1-65535"]}),
        Rule(behaviour="dns_forge", params={**names, "ports": ["1-65535"]}),
    )
    return kinds * 5


def near(lab: Lab, what: str, number: float) -> dict[str, float]:
    """What the near end, inside the client, found."""
    argv = [sys.executable, "-m", "bench.near_end", what, FAR, str(number)]
    running = lab.popen(argv, stdout=subprocess.PIPE, cwd=ROOT)
    figures: dict[str, float] = json.loads(running.communicate(LIMIT))
    return figures
