"""What a lab costs while it comes, stands and goes: the world `open` with all its servers."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
import time
from collections.abc import Iterable

import psutil

from bench.figures import show
from harness.lab import Lab, open_lab
from harness.lab.world import load_world

ROUNDS = 20
LABS = 10
LIMIT = 60.0  # seconds for what runs inside
FETCH = "import socket; socket.create_connection(('www.example.com', 443), 20).close()"
# The libraries of an engine, which in each run of scenarios shares them with the lab.
ENGINE = "import sys, cryptography.x509, harness.engine.session; print(1, flush=True); sys.stdin.read()"


def measure() -> None:
    coming_and_going()
    standing()
    side_by_side()


def coming_and_going() -> None:
    world = load_world("open")
    made, ended = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        lab = open_lab(world)
        made.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        lab.close()
        ended.append((time.perf_counter() - began) * 1000)
    show("create, with all servers of the world `open`", made, "ms", most=250)
    show("destroy", ended, "ms", most=50)


def standing() -> None:
    with open_lab(load_world("open")) as lab:
        time.sleep(1)
        holder = psutil.Process(lab.pid).parent()
        assert holder
        ours = [holder, *holder.children(recursive=True)]
        alone = _shares(ours)
        engine = lab.popen([sys.executable, "-c", ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert engine.stdout
        engine.stdout.readline()
        show("memory in a run, an engine beside it (PSS)", [_shares(ours)], "MiB", most=50)
        show("memory with nobody to share libraries with (PSS)", [alone], "MiB")
        engine.kill()


def _shares(processes: Iterable[psutil.Process]) -> float:
    return float(sum(one.memory_full_info().pss for one in processes)) / 2**20


def side_by_side() -> None:
    world = load_world("open")
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(LABS) as pool:
        labs = list(pool.map(lambda _: open_lab(world), range(LABS)))
        show(f"{LABS} labs side by side: all up", [time.perf_counter() - began], "s")
        served = list(pool.map(_fetched, labs))
        show(f"{LABS} labs side by side: that serve their client", [sum(served)], "labs", least=LABS)
        for _ in pool.map(Lab.close, labs):
            continue


def _fetched(lab: Lab) -> bool:
    """True where a client in that lab resolves a name and connects."""
    return lab.popen([sys.executable, "-c", FETCH], stdout=subprocess.DEVNULL).wait(LIMIT) == 0
