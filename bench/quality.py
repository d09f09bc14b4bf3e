"""What the lab does to calls and transfers beside what the probes measure of it and what the E-model makes of it.

Each stream and each transfer has a rule of its own, by port or by name, and nothing else under way beside it. The truth
of a score is that of G.107 for what was set: loss, the mean length of its bursts, jitter, and the round trip.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bench.figures import show
from harness import catalogue
from harness.model import CellFacts, Json, ScenarioPlan, Stage, Vantage
from harness.vantage import Hushed, Setup
from harness.vantage.place import overlay
from harness.vantage.session import EngineSession
from harness.wire import emodel

SECONDS = 15.0  # of a stream: 750 datagrams each way
PATIENCE = 300.0
LINK = 0.02  # seconds, one way
WIDTH = 3 * 16 / 17  # of what the delays are drawn from, to the jitter that they make: harness.lab.censor.loss
FIRST_PORT = 5001
WORLD = """
world: quality
title: Calls and transfers, each under a rule of its own
extends: open
sources: [https://www.itu.int/rec/T-REC-G.107]
link: {{delay: 20ms}}
hosts:
  - {{name: own-echo, addresses: [65.108.77.31], names: [voice.example.net], services: [{echoes}]}}
  - name: own-files
    addresses: [65.108.77.32]
    names: [{names}]
    services: [{{web: {{pages: {{"*": {{size: 66000}}}}}}}}]
censor:
{rules}
"""
SCENARIO = """
scenario: quality
paths: [{{v4: {{family: 4}}}}]
retry: {{attempts: 1, deadline: 120s}}
targets:
{targets}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What befalls each datagram of a stream, each way by itself."""

    loss: float = 0.0
    burst: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0

    @property
    def rtt(self) -> float:
        """The round trip: the line, the delay, and half of the width over which the jitter is drawn."""
        return 2 * (LINK + self.delay + WIDTH / 2 * self.jitter)

    @property
    def mos(self) -> float:
        """The score of G.107."""
        ratio = max(1.0, self.burst * (1 - self.loss))
        return emodel.quality(emodel.mouth_to_ear(self.rtt, self.jitter), self.loss, ratio).mos

    def __str__(self) -> str:
        given = {"loss": f"{self.loss:.0%}", "burst": f"{self.burst:g}", "jitter": f"{self.jitter * 1000:g} ms"}
        zero = {"loss": "0%", "burst": "0", "jitter": "0 ms"}
        return ", ".join(f"{name} {text}" for name, text in given.items() if text != zero[name]) or "nothing"


CALLS = (
    Call(),
    Call(loss=0.01),
    Call(loss=0.05),
    Call(loss=0.10),
    Call(loss=0.25),
    Call(loss=0.10, burst=3),
    Call(delay=0.02, jitter=0.01),
    Call(delay=0.05, jitter=0.04),
    Call(delay=0.1, jitter=0.1),
    Call(loss=0.10, burst=2, delay=0.05, jitter=0.04),
)
RATES = (500e3, 2.4e6)
FILES = [(kind, rate) for kind in ("police", "shape") for rate in RATES]


def measure() -> None:
    """Every figure beside what was set."""
    found = _run()
    for number, call in enumerate(CALLS):
        _tell_call(call, _figures(found[f"call{number}"]))
    for number, (kind, rate) in enumerate(FILES):
        figures = _figures(found[f"file{number}"])
        # The censor counts IP packets, the probe what TLS carries: some 4 percent less.
        off = [100 * abs(1 - figures[way]["rate"] / rate) for way in ("up", "down")]
        show(f"{kind}: rate off the set {rate / 1000:,.0f} kbit/s, each way", off, "%", most=10)


def _tell_call(call: Call, figures: Mapping[str, Json]) -> None:
    ways = [figures[way] for way in ("up", "down")]
    show(f"{call}: loss measured off", [100 * abs(way["loss"] - call.loss) for way in ways], "points", most=1)
    if call.jitter:
        off = [100 * abs(way["jitter"] / call.jitter - 1) for way in ways]
        show(f"{call}: jitter measured off", off, "%", most=20)
    show(f"{call}: MOS off G.107's {call.mos:.2f}", [abs(way["mos"] - call.mos) for way in ways], "", most=0.2)


def _figures(facts: CellFacts) -> Mapping[str, Json]:
    seen = facts.attempts[-1].walks[0].at(Stage.MEDIA)
    assert seen is not None, facts
    return seen.detail


def _run() -> dict[str, CellFacts]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world, scenario = folder / "quality.yaml", folder / "quality.reach.yaml"
        world.write_text(_world())
        scenario.write_text(SCENARIO.format(targets="\n".join(_targets())))
        plan = catalogue.read(scenario, root=folder, env={}, world=overlay(str(world))).plan
        session = EngineSession.start(Setup(vantage=Vantage(name="bench"), world=str(world)))
        try:
            return dict(_one_by_one(session, plan))
        finally:
            session.close()


def _one_by_one(session: EngineSession, plan: ScenarioPlan) -> Iterator[tuple[str, CellFacts]]:
    for cell in plan.cells:
        session.submit([replace(plan, cells=(cell,))], Hushed())
        outcome = session.result(cell.key, PATIENCE)
        assert outcome is not None, f"{cell.key} did not end within {PATIENCE} s"
        yield cell.target.name, outcome.facts


def _world() -> str:
    ports = [FIRST_PORT + number for number, _ in enumerate(CALLS)]
    rules = [
        f"  - udp_loss: {_written(call, port)}" for call, port in zip(CALLS, ports, strict=True) if call != CALLS[0]
    ]
    rules += [f"  - {kind}: {{names: [{_name(number)}], rate: {rate}}}" for number, (kind, rate) in enumerate(FILES)]
    return WORLD.format(
        echoes=", ".join(f"{{echo: {{port: {port}}}}}" for port in ports),
        names=", ".join(_name(number) for number, _ in enumerate(FILES)),
        rules="\n".join(rules),
    )


def _written(call: Call, port: int) -> str:
    return f"{{ports: [{port}], loss: {call.loss}, burst: {call.burst}, delay: {call.delay}, jitter: {call.jitter}}}"


def _name(number: int) -> str:
    return f"files{number}.example.net"


def _targets() -> Iterator[str]:
    for number, _ in enumerate(CALLS):
        stream = f"{{host: voice.example.net, port: {FIRST_PORT + number}, seconds: {SECONDS:g}s}}"
        yield f"  - {{name: call{number}, check: {{media: {stream}}}}}"
    for number, (_, rate) in enumerate(FILES):
        size = int(rate / 8 * 5)  # bytes: five seconds' worth
        moved = f"{{url: 'https://{_name(number)}/', up: {size}, down: {size}}}"
        yield f"  - {{name: file{number}, check: {{transfer: {moved}}}}}"
