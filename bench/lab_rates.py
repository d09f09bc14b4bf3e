"""How near the lab comes to the rates and delays that a world asks for."""

from __future__ import annotations

from bench.far_end import COUNTER, SERVE
from bench.figures import show
from bench.lab_line import near, world
from bench.near_end import DATAGRAM, HEADERS
from harness.lab import Hops, Lab, Link, Rule, open_lab
from harness.lab.censor.behaviours.police import BURST, LEAST_BURST

RATES = (130_000, 2_400_000, 20_000_000)  # bits a second; the first is that of RU 2021-03
RUNS = 3
SEGMENT = 1500 / 1448  # a full packet on the wire to what it carries


def measure() -> None:
    with open_lab(world(), serve=SERVE) as lab:
        for rate in RATES:
            for behaviour, burst in (("police", max(LEAST_BURST, rate / 8 * BURST)), ("shape", 0.0)):
                lab.swap([Rule(behaviour=behaviour, params={"ports": [COUNTER], "rate": rate})])
                told = [100 * abs(_passed(lab, rate, burst) / rate - 1) for _ in range(RUNS)]
                show(f"{behaviour}: off the nominal {rate / 1000:,.0f} kbit/s", told, "%", most=5)
    with open_lab(world(link=Link(rate=10e6)), serve=SERVE) as lab:
        told = [100 * abs(near(lab, "down", 4e6)["mbit_s"] * SEGMENT / 10 - 1) for _ in range(RUNS)]
        show("line: off the nominal 10,000 kbit/s, by TCP", told, "%", most=5)
    with open_lab(world(link=Link(delay=0.04), hops=Hops(before=3, after=5)), serve=SERVE) as lab:
        told = [abs(near(lab, "rtt", 50)["p50_ms"] - 80) for _ in range(RUNS)]
        show("line: median round trip off the asked 80 ms", told, "ms", most=2)


def _passed(lab: Lab, rate: float, burst: float) -> float:
    """Bits a second that came out, of twice the rate that went in; what may pass at once is left out."""
    size = DATAGRAM + HEADERS
    came = near(lab, "datagrams", 2 * rate / 8 / size)
    first = 0 if burst else size  # of a queue, time runs from the end of the first datagram
    return (came["arrived"] * size - burst - first) * 8 / came["lasted"]
