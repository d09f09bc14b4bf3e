"""What a lab costs: making and ending it, five at once, memory, throughput, packets a second, added latency.

    python bench/lab.py [rounds]

Making, ending and memory are those of the world `open` with all its servers; the line is measured with one host and a
far end of its own.
"""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from harness.lab import Hops, Host, Lab, Link, Rule, World, load_world, open_lab  # noqa: E402
from harness.model import Vantage  # noqa: E402

FAR = "198.41.0.4"
LIMIT = 60.0  # seconds for one measurement


def world(**more: Any) -> World:
    """One host that the far end of this bench serves."""
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


def measured(lab: Lab, what: str, number: float) -> dict[str, float]:
    """What the near end, inside the client, found."""
    argv = [sys.executable, str(HERE / "near_end.py"), what, FAR, str(number)]
    figures: dict[str, float] = json.loads(lab.popen(argv, stdout=subprocess.PIPE).communicate(LIMIT))
    return figures


def show(title: str, **figures: float) -> None:
    """One line of figures."""
    print(f"{title:44}", *(f"{name} {value:,.2f}" for name, value in figures.items()), sep="  ", flush=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, ninetieth and worst, in milliseconds."""
    ordered = sorted(value * 1000 for value in values)
    return {"median_ms": statistics.median(ordered), "p90_ms": ordered[int(len(ordered) * 0.9)], "max_ms": ordered[-1]}


def made_and_ended(whole: World, **more: Any) -> tuple[float, float]:
    """Seconds to make a lab, and to end it."""
    began = time.perf_counter()
    lab = open_lab(whole, **more)
    up = time.perf_counter()
    lab.close()
    return up - began, time.perf_counter() - up


def life(rounds: int) -> None:
    """Making and ending, one after the other and five at once."""
    whole = load_world("open")
    for title, taken in (
        ("lab alone", [made_and_ended(world(), serve="far_end:serve") for _ in range(rounds)]),
        ("world `open`, all its servers", [made_and_ended(whole) for _ in range(rounds)]),
    ):
        show(f"{title}: make", **spread([made for made, _ in taken]))
        show(f"{title}: end", **spread([ended for _, ended in taken]))
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        labs = list(pool.map(lambda _: open_lab(whole), range(5)))
    show("five of world `open` at once: all up", seconds=time.perf_counter() - began)
    for lab in labs:
        lab.close()


def memory() -> None:
    """Proportional and unique memory of all processes of a lab, in MiB."""
    with open_lab(load_world("open")) as lab:
        time.sleep(1)
        script = "import glob,re\nfor f in glob.glob('/proc/[0-9]*/smaps_rollup'):\n print(open(f).read())"
        text = lab.popen([sys.executable, "-c", script], stdout=subprocess.PIPE).communicate(LIMIT).decode()
    shares = [int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")]
    show("memory of world `open` (PSS, MiB)", processes=len(shares) - 1, sum=sum(shares), reader_itself=min(shares))


def line() -> None:
    """Throughput, packets a second and latency, without rules and with thirty."""
    for title, rules in (("no rule", ()), ("thirty rules", thirty_rules())):
        with open_lab(world(censor=rules), serve="far_end:serve") as lab:
            show(f"{title}: upload", **measured(lab, "up", 3))
            show(f"{title}: download of 100 MB", **measured(lab, "down", 1e8))
            show(f"{title}: datagrams at 40,000 a second", **measured(lab, "datagrams", 40_000))
            show(f"{title}: round trip, idle", **measured(lab, "rtt", 1000))
            show(f"{title}: the censor's own loss", frames=lab.counts()["missed"])


def model() -> None:
    """How near the line comes to what a world asks of it."""
    with open_lab(world(link=Link(delay=0.04), hops=Hops(before=3, after=5)), serve="far_end:serve") as lab:
        show("round trip asked 80 ms, eight hops", **measured(lab, "rtt", 50))
    with open_lab(world(link=Link(rate=10e6)), serve="far_end:serve") as lab:
        show("rate asked 10 Mbit/s: download of 4 MB", **measured(lab, "down", 4e6))
    with open_lab(world(link=Link(delay=0.04, loss=0.02)), serve="far_end:serve") as lab:
        show("80 ms and 2 % loss: download of 1 MB", **measured(lab, "down", 1e6))


if __name__ == "__main__":
    life(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    memory()
    line()
    model()
