"""What a cell costs: N cells against an HTTPS server on loopback, through the engine's own process.

    python bench/engine.py [cells] [launches a second]

Prints cells a second, CPU and peak memory of the engine; then the same number of cells against a server that accepts
and says nothing: memory and CPU of each while all of them wait. Names resolve by pins, so that no resolver is part of
it; every cell has a name and an address of its own, so that none waits for another.
"""

from __future__ import annotations

import asyncio
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from harness.engine import protocol as say  # noqa: E402
from harness.model import Cell, Check, Level, Path, Retry, ScenarioPlan, Target, Trust  # noqa: E402
from tests.engine.loopback import SITE, Authority, authority, page  # noqa: E402

LIMIT = 120.0  # seconds for the whole; a bench that hangs is no bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run took."""

    cells: int
    usable: int
    seconds: float
    cpu: float
    peak: int  # KiB

    def __str__(self) -> str:
        return (
            f"{self.cells} cells, {self.usable} usable: {self.seconds:.2f} s, {self.cells / self.seconds:.0f} cells/s, "
            f"{1000 * self.cpu / self.cells:.2f} ms CPU a cell (start included), peak {self.peak / 1024:.0f} MiB"
        )


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One page a connection."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(page("hello"))
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()


def cells(count: int, port: int) -> Iterator[Cell]:
    """Each with a name of its own and an address in 127.0.0.0/8."""
    for number in range(count):
        address = f"127.{1 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
        host = f"{number}.{SITE}"
        check = Check(name="page", probe="http", params={"url": f"https://{host}:{port}/"})
        target = Target(name=str(number), checks=(check,), needs=Level.E2)
        path = Path(name=str(number), pins={host: (address,)})
        yield Cell(key=f"bench:{number}", scenario="bench", target=target, path=path)


def orders(count: int, launches: float, port: int, trust: Trust) -> bytes:
    """A hello and a plan."""
    limits = say.Limits(waiting=count, launches=launches, tls=60.0)
    plan = ScenarioPlan(scenario="bench", cells=tuple(cells(count, port)), retry=Retry(attempts=1, deadline=60.0))
    return say.order_line(say.Hello(trust=trust, limits=limits)) + say.order_line(say.Scenario(plan=plan))


async def engine() -> asyncio.subprocess.Process:
    """The engine, with pipes of ours."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.engine", stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )


async def answered(count: int, launches: float, vouched: Authority) -> Result:
    """The server in this process, the engine in its own."""
    server = await asyncio.start_server(handle, "0.0.0.0", 0, ssl=vouched.server(), backlog=4096)
    began, process = time.monotonic(), await engine()
    assert process.stdin is not None
    port = server.sockets[0].getsockname()[1]
    process.stdin.write(orders(count, launches, port, vouched.trust) + say.order_line(say.Close()))
    usable = await usable_cells(process)
    await process.wait()
    server.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Result(
        cells=count,
        usable=usable,
        seconds=time.monotonic() - began,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss,
    )


async def hanging(count: int, launches: float, vouched: Authority) -> str:
    """What cells cost that wait for the first byte of a handshake."""
    with socket.create_server(("0.0.0.0", 0), backlog=8192) as server:
        process = await engine()
        assert process.stdin is not None
        assert process.stdout is not None
        watched = psutil.Process(process.pid)
        hello, _, plan = orders(count, launches, server.getsockname()[1], vouched.trust).partition(b"\n")
        process.stdin.write(hello + b"\n")
        await process.stdout.readline()
        rest, cpu = watched.memory_info().rss, sum(watched.cpu_times()[:2])
        process.stdin.write(plan)
        while len(watched.net_connections("tcp")) < count:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.2)
        grown = watched.memory_info().rss - rest
        used = sum(watched.cpu_times()[:2]) - cpu
        process.stdin.close()
        await process.wait()
    return f"{count} hanging in TLS: {grown / count / 1024:.0f} KiB and {1000 * used / count:.2f} ms CPU a cell"


async def usable_cells(engine: asyncio.subprocess.Process) -> int:
    """How many cells went through, once all are finished."""
    assert engine.stdout is not None
    good = 0
    while line := await engine.stdout.readline():
        event = say.read_event(line)
        if isinstance(event, say.CellDone):
            good += event.facts.attempts[0].walks[0].completed
        elif isinstance(event, say.Error):
            print(event.text, file=sys.stderr)
    return good


async def main(count: int, launches: float) -> None:
    """Measure once and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.timeout(LIMIT):
            vouched = authority(pathlib.Path(folder))
            print(await answered(count, launches, vouched))
            print(await hanging(count, launches, vouched))


if __name__ == "__main__":
    asyncio.run(main(int((sys.argv[1:2] or ["1000"])[0]), float((sys.argv[2:3] or ["200"])[0])))
