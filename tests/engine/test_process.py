"""The engine as a process: what it leaves behind, however it ends."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from harness.engine import protocol as say
from harness.model import Retry
from tests.engine.plans import cell, check, plan

LONG = Retry(attempts=1, deadline=60.0)


class Engine:
    """`python -m harness.engine` with pipes of our own, and a process group of its own as under a plugin."""

    def __init__(self, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-m", "harness.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def order(self, *orders: say.Order) -> None:
        assert self.process.stdin is not None
        for order in orders:
            self.process.stdin.write(say.order_line(order))
        self.process.stdin.flush()

    def heard(self, kind: type[Any]) -> Any:
        """The next event of a kind; what comes before it is passed over."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if isinstance(event := say.read_event(line), kind):
                return event
        raise AssertionError(f"no {kind.__name__} came")

    def rest(self) -> list[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout.read().splitlines(keepends=True)

    def descendants(self) -> list[psutil.Process]:
        return [*psutil.Process(self.process.pid).children(recursive=True)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    started = Engine()
    yield started
    started.process.kill()
    with contextlib.suppress(OSError), started.process:
        pass


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def under_way(engine: Engine, port: int) -> None:
    """A finished cell, and one that hangs."""
    shut = cell("shut", check("tcp", host="127.0.0.1", port=1))
    hangs = cell("hangs", check("tls", host="127.0.0.1", port=port))
    engine.order(say.Hello(limits=say.Limits(tls=60.0)), plan(shut, hangs, retry=LONG))
    assert "shut" == engine.heard(say.CellDone).facts.key


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_cuts_everything_and_leaves_nothing(engine: Engine, hanging: int, number: int, status: int) -> None:
    under_way(engine, hanging)
    engine.process.send_signal(number)

    assert status == engine.process.wait(5)
    assert all(line.endswith(b"\n") for line in engine.rest())


def test_ctrl_c_in_the_terminal_prints_no_traceback(engine: Engine, hanging: int) -> None:
    under_way(engine, hanging)
    os.killpg(engine.process.pid, signal.SIGINT)

    assert engine.process.stderr is not None
    assert b"" == engine.process.stderr.read()


def test_a_caller_that_closes_its_side_takes_the_engine_along(engine: Engine, hanging: int) -> None:
    under_way(engine, hanging)
    assert engine.process.stdin is not None
    engine.process.stdin.close()

    assert 0 == engine.process.wait(5)


CALLER = """
import subprocess, sys, time
engine = subprocess.Popen([sys.executable, "-m", "harness.engine"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
engine.stdin.write(sys.stdin.buffer.read())
engine.stdin.flush()
engine.stdout.readline()
print(engine.pid, flush=True)
time.sleep(60)
"""


def test_a_caller_that_is_killed_takes_the_engine_along(hanging: int) -> None:
    hangs = plan(cell("hangs", check("tls", host="127.0.0.1", port=hanging)), retry=LONG)
    caller = subprocess.Popen([sys.executable, "-c", CALLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert caller.stdin is not None
    assert caller.stdout is not None
    caller.stdin.write(say.order_line(say.Hello()) + say.order_line(hangs))
    caller.stdin.close()
    engine = psutil.Process(int(caller.stdout.readline()))
    caller.kill()
    caller.wait()

    assert gone(engine)
    caller.stdout.close()


def gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        until = time.monotonic() + 5
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
            time.sleep(0.02)
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


def test_the_engine_has_no_children(engine: Engine, hanging: int) -> None:
    under_way(engine, hanging)

    assert [] == engine.descendants()


def test_a_killed_engine_has_written_every_finished_cell(engine: Engine, hanging: int) -> None:
    under_way(engine, hanging)
    engine.process.kill()

    assert -signal.SIGKILL == engine.process.wait(5)
    assert all(say.read_event(line) for line in engine.rest())


def test_a_reader_that_is_slow_gets_whole_lines(engine: Engine) -> None:
    shut = check("tcp", host="127.0.0.1", port=1)
    engine.order(
        say.Hello(limits=say.Limits(launches=2000.0)),
        plan(*(cell(f"{n}-{'x' * 2000}", shut) for n in range(300)), retry=Retry(attempts=1)),
        say.Close(),
    )
    time.sleep(1.0)
    events = [say.read_event(line) for line in engine.rest()]

    assert 300 == sum(isinstance(event, say.CellDone) for event in events)
    assert isinstance(events[-1], say.End)
    assert 0 == engine.process.wait(5)


def test_nobody_who_reads_ends_the_engine(engine: Engine, hanging: int) -> None:
    under_way(engine, hanging)
    assert engine.process.stdout is not None
    engine.process.stdout.close()
    engine.order(plan(cell("more", check("tcp", host="127.0.0.1", port=1))))

    assert 0 == engine.process.wait(5)


def test_a_malformed_line_ends_it_with_70(engine: Engine) -> None:
    assert engine.process.stdin is not None
    engine.process.stdin.write(b"not json\n")
    engine.process.stdin.flush()

    assert isinstance(engine.heard(say.Error), say.Error)
    assert 70 == engine.process.wait(5)


@pytest.fixture
def hanging_everywhere() -> Iterator[int]:
    """A port that accepts and says nothing, on every address of this machine's loopback."""
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as server:
        yield server.getsockname()[1]


def test_a_thousand_hanging_cells_are_cheap(engine: Engine, hanging_everywhere: int) -> None:
    addresses = (f"127.1.{n // 250}.{n % 250 + 1}" for n in range(1000))
    cells = [cell(to, check("tls", host=to, port=hanging_everywhere)) for to in addresses]
    engine.order(say.Hello(limits=say.Limits(waiting=1000, launches=2000.0, tls=60.0)), plan(*cells, retry=LONG))
    process = psutil.Process(engine.process.pid)
    before = process.memory_info().rss
    until(lambda: len(process.net_connections("tcp")) >= 1000)

    assert process.memory_info().rss - before < 150 << 20


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_importing_the_engine_package_is_light(tmp_path: pathlib.Path) -> None:
    code = (
        "import sys, harness.engine, harness.probes.table; print({'pydantic', 'httpx', 'asyncio'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert "set()" == shown.stdout.strip()
