"""A program in a world, as whoever started it would have it outside: its streams, its signals, its exit code."""

from __future__ import annotations

import contextlib
import errno
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator

from harness.errors import ApparatusError, HarnessError
from harness.lab.program import environment, here
from harness.lab.steps import FULL
from harness.lab.visit import Wish, visit
from harness.lab.world import load_world

# As env(1), timeout(1) and container runtimes have it, so that nobody takes our fault for the program's.
OURS, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
GLANCE = 0.1  # seconds between two looks at the log and at signals


def run(world: str, wish: Wish, *, served: bool) -> int:
    """Run the wished program in a world of its own, or in one that is served; 128 and its number for a signal."""
    try:
        with _signals(wish.signals):
            code = visit(world, wish) if served else _alone(world, wish)
    except HarnessError as fault:
        print(f"waygauge: {fault}", file=sys.stderr)
        return OURS
    except OSError as fault:
        if fault.errno in FULL:
            print(f"waygauge: no room is left for the log: {fault.strerror}", file=sys.stderr)
            return OURS
        if fault.filename is None:
            raise
        print(f'waygauge: "{fault.filename}" cannot be run: {fault.strerror}', file=sys.stderr)
        return NOT_FOUND if fault.errno in {errno.ENOENT, errno.ENOTDIR} else NOT_EXECUTABLE
    return code if code >= 0 else 128 - code


def watch(world: str, wish: Wish) -> int:
    """Read the log of a world that is served, or capture its packets, for as long as is wished."""
    with contextlib.suppress(KeyboardInterrupt):
        return visit(world, wish)
    return 0


def _alone(name: str, wish: Wish) -> int:
    from harness.lab import open_lab

    with open_lab(load_world(name), pcap=wish.pcap) as lab:
        env = {**environment(), **lab.variables}
        running = lab.popen(wish.argv, env=env, cwd=here(), stdin=0, stdout=1, stderr=2)
        told = 0
        while True:
            code = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = running.wait(GLANCE)
            if wish.tell:
                for event in (new := lab.log(told)):
                    wish.tell(event)
                told += len(new)
            if code is not None:
                return lab.ended(code)
            if lab.died:
                raise ApparatusError(lab.died)
            while wish.signals:
                running.pass_on(wish.signals.popleft())


@contextlib.contextmanager
def _signals(got: deque[int]) -> Iterator[None]:
    """What we are sent meanwhile is noted for the program; what we were told to ignore stays ignored."""
    heeded = [number for number in PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: got.append(number)) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
