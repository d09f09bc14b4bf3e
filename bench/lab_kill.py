"""What a killed lab leaves behind: at fifty random moments its owner, its holder or its first process is killed.

A second later, every process that bears the round's mark, every network namespace that one of them lived in and that
anybody still lives in or holds open, and every file are counted: it must be none.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

from bench.figures import show
from tests.lab import test_killing as killing

ROUNDS = 50
LATEST = 0.8  # seconds after the start; a lab is up in a quarter of one


def measure() -> None:
    chance = random.Random(50)
    left = [_round(chance) for _ in range(ROUNDS)]
    show(f"{ROUNDS} kills: processes, namespaces and files left", [sum(left)], "", most=0)


def _round(chance: random.Random) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        process = _owner(folder)
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0, LATEST))
        lived_in = _namespaces(killing.marked(folder)) - _namespaces([os.getpid()])
        _kill(chance, folder, process)
        process.wait()
        process.stdout.close()
        until = time.monotonic() + killing.GONE_WITHIN
        processes, files = killing.left(folder)
        # Who dies has no environment any more, and so no mark, some milliseconds before it leaves its namespace.
        while (held := lived_in & _held()) and time.monotonic() < until:
            time.sleep(0.02)
        return len(processes) + len(files) + len(held)


def _owner(folder: pathlib.Path) -> subprocess.Popen[bytes]:
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)  # the mark, and where a lab's files go
    try:
        return killing.owner()
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _kill(chance: random.Random, folder: pathlib.Path, owner: subprocess.Popen[bytes]) -> None:
    """Kills the owner, and half of the time some other part of the lab just before."""
    others = [pid for pid in killing.marked(folder) if pid != owner.pid]
    if others and chance.random() < 0.5:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(others), signal.SIGKILL)
    owner.kill()


def _namespaces(pids: list[int]) -> set[str]:
    """The network namespaces that these processes live in."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/net"))
    return found


def _held() -> set[str]:
    """The network namespaces that anybody lives in or holds open."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    held = _namespaces(pids)
    for pid in pids:
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    held.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return held
