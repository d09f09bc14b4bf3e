"""The process of a lab on the loopback: `python -m harness.lab.loopback.daemon`, started by `Loopback`.

Its first line on stdin says what to hold, its first on stdout where the entrance is. Each line after that gives the
censor other rules, and is answered by one; it ends with its stdin.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import json
import os
import pathlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import ApparatusError
from harness.lab import events, servers
from harness.lab.censor.engine import Engine
from harness.lab.censor.hops import Routers
from harness.lab.censor.line import Line
from harness.lab.censor.packet import CLIENT, INTERNET
from harness.lab.censor.rule import compiled
from harness.lab.events import Event
from harness.lab.loopback.berths import Berths
from harness.lab.loopback.relay import Relay
from harness.lab.loopback.shown import served
from harness.lab.world import World, restore


def _engine(order: Mapping[str, Any], log: Any, **more: Any) -> Engine:
    world = order["world"]
    seed = int(world["seed"])

    def record(event: Event) -> None:
        log.write(events.line(event).encode() + b"\n")

    made = Engine(record=record, clock=time.time, **more)
    made.lines = (Line(**world["link"], seed=seed * 2 + CLIENT), Line(**world["link"], seed=seed * 2 + INTERNET))
    made.routers = Routers(**world["hops"])
    made.midnight = time.monotonic() - world["clock"]
    made.swap(compiled(order["rules"], seed=seed, generation=0))
    return made


def _alive(world: World) -> frozenset[bytes]:
    """The addresses at which somebody refuses what is not served."""
    there = (host for host in world.hosts if not host.silent)
    return frozenset(ipaddress.ip_address(address).packed for host in there for address in host.addresses)


async def _hold(order: Mapping[str, Any]) -> None:
    workdir, world = pathlib.Path(order["workdir"]), restore(order["world"])
    loop = asyncio.get_running_loop()
    berths, over = Berths(), asyncio.Event()
    trust: asyncio.Future[dict[str, Any]] = loop.create_future()
    with (workdir / "events").open("ab", buffering=0) as log:
        serving = asyncio.create_task(servers.run(served(world), workdir, trust.set_result, berths))
        await _first_of(serving, trust)
        if serving.done():
            await serving
        relay = Relay(functools.partial(_engine, order, log), berths, _alive(world), timestamps=world.timestamps)
        entrance = await relay.open()
        _say({"entrance": entrance, "trust": trust.result()})
        swap = functools.partial(_swap, relay.engine, int(order["world"]["seed"]))
        heard = functools.partial(loop.call_soon_threadsafe, swap)
        threading.Thread(target=_listen, args=(heard, over.set, loop), daemon=True).start()
        await _first_of(serving, asyncio.create_task(over.wait()))
        if serving.done():
            await serving
    shutil.rmtree(workdir, ignore_errors=True)  # an owner that was killed cannot


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _listen(heard: Callable[[Any], object], over: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    """Hand on what the owner says until the end of stdin: it has hung up, or died."""
    for line in sys.stdin.buffer:
        heard(json.loads(line))
    loop.call_soon_threadsafe(over)


def _swap(engine: Engine, seed: int, order: Mapping[str, Any]) -> None:
    engine.swap(compiled(order["rules"], seed=seed, generation=order["generation"]))
    _say({})


def _say(words: Mapping[str, Any]) -> None:
    print(json.dumps(words), flush=True)


def main() -> int:
    """Hold one lab until its owner hangs up."""
    order = json.loads(sys.stdin.buffer.readline())
    try:
        # the loop of Windows' own choosing watches no datagram sockets
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_hold(order))
    except ApparatusError as exc:  # said in one line already
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # without waiting for the thread that still listens to the owner
