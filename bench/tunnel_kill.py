"""What a tunnel leaves behind, and what many of them weigh.

    python bench/tunnel_kill.py [rounds] [paths]

Each round starts a process that brings a WireGuard path up (a real handshake with a real peer on loopback), and then
kills it, or its engine, by SIGKILL, at a random moment of the start or after it. What still bears the round's mark a
second later, as a process or as a file, is counted: it must be none. Then so many paths are held up at once in one
process, and the memory of all engines is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import psutil

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from harness.dial.api import Tape  # noqa: E402
from harness.dial.deadline import Deadline  # noqa: E402
from harness.dial.open import open_path  # noqa: E402
from harness.lab import servers  # noqa: E402
from harness.model import Path, Spec, Trust  # noqa: E402
from tests.truth.loopback import free_port, loopback_world  # noqa: E402

PEER = ("sGBWhalzSr+KePFqhEf2pCVkuTKuReBpVX9p3MfBy1M=", "F9K+dY7U/QvDZn2cMrB3jVMRGZ1j4oNORGROSpCtQAQ=")
OURS = ("8JN4p/DgvpLf2DeuitRhjPxDSEU/Fl2IjtgLUGpfwUw=", "rOs433UcHbdOX49zqQ67nhgKmoSkp1O2gP73/Bas9CU=")
GONE = 1.0  # seconds in which everything must be gone
SLOWEST = 1.2  # seconds that a start takes here at most: the moment of a kill is drawn from these


async def hold(port: int, number: int) -> None:
    """Bring so many paths up, say so, and hold them. Each is another tunnel to the engine: its MTU differs."""
    for place in range(number):
        params = {"host": "127.0.0.1", "port": port, "private_key": OURS[0], "public_key": PEER[1]}
        params |= {"address": ["10.66.0.2/32"], "allowed_ips": ["0.0.0.0/0"], "mtu": 1400 - place}
        path = open_path(Path(name="wg", hops=(Spec(kind="wireguard", params=params),)), Trust())
        began = time.monotonic()
        await path.up(Deadline.after(20), Tape(check="c", began=0.0))
        print(f"up {time.monotonic() - began:.3f}", flush=True)
    await asyncio.sleep(600)


def started(port: int, folder: str, number: int = 1) -> subprocess.Popen[str]:
    """A process that holds paths; the folder is its mark."""
    argv = [sys.executable, __file__, "hold", str(port), str(number)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "TMPDIR": folder})


def marked(folder: str) -> list[psutil.Process]:
    """Every process that bears the mark and still runs."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TMPDIR") == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def one_round(port: int, draw: random.Random) -> tuple[str, int]:
    """What was killed, and how many processes and files were left."""
    with tempfile.TemporaryDirectory() as folder, started(port, folder) as holder:
        if draw.random() < 0.5:
            time.sleep(draw.uniform(0.05, SLOWEST))
            what = "during the start"
        else:
            assert holder.stdout
            holder.stdout.readline()
            what = "once it was up"
        engines = [one for one in marked(folder) if one.pid != holder.pid]
        if engines and draw.random() < 0.3:
            engines[0].kill()
            what += ", the engine first"
        holder.kill()
        holder.wait()
        deadline = time.monotonic() + GONE
        while (left := marked(folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        files = os.listdir(folder)
        return what, len(left) + len(files)


def weigh(port: int, number: int) -> str:
    """Memory of one process that holds so many paths, and the seconds that each took to come up."""
    with tempfile.TemporaryDirectory() as folder, started(port, folder, number) as holder:
        assert holder.stdout
        took = sorted(float(holder.stdout.readline().split()[1]) for _ in range(number))
        engines = [one for one in marked(folder) if one.pid != holder.pid]
        each = [one.memory_full_info() for one in engines]
        own = psutil.Process(holder.pid).memory_full_info().pss
        holder.kill()
    pss, rss = sum(one.pss for one in each), sum(one.rss for one in each)
    return (
        f"{len(engines)} engines: {pss / 2**20:.0f} MiB (PSS; {rss / 2**20 / len(each):.0f} MiB RSS each), "
        f"their holder {own / 2**20:.0f} MiB; up in {took[len(took) // 2]:.2f} s (median, the first {took[-1]:.2f} s)"
    )


@contextlib.contextmanager
def peer() -> Iterator[int]:
    """A WireGuard peer on loopback, in a process of its own."""
    port = free_port()
    with subprocess.Popen([sys.executable, __file__, "serve", str(port)], stdout=subprocess.PIPE, cwd=ROOT) as serving:
        try:
            assert serving.stdout
            serving.stdout.readline()
            yield port
        finally:
            serving.terminate()


def serve(port: int) -> None:
    """The peer itself."""
    params = {"private_key": PEER[0], "address": ("10.66.0.1/24",), "peers": {OURS[1]: ("10.66.0.2/32",)}}
    with tempfile.TemporaryDirectory() as folder:
        world = loopback_world("wireguard", port, **params)
        # In the lab a namespace takes the peer's engine along; here an orderly end has to.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            servers.serve(world, pathlib.Path(folder), lambda _: print("ready", flush=True))


def main(rounds: int, paths: int) -> None:
    """Print what was left, and what the paths weigh."""
    draw, began = random.Random(3), time.monotonic()
    with peer() as port:
        seen: dict[str, int] = {}
        left = 0
        for _ in range(rounds):
            what, remains = one_round(port, draw)
            seen[what] = seen.get(what, 0) + 1
            left += remains
        kinds = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
        print(f"{rounds} rounds in {time.monotonic() - began:.0f} s ({kinds}): {left} processes and files left")
        print(weigh(port, paths))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hold", port, number]:
            asyncio.run(hold(int(port), int(number)))
        case ["serve", port]:
            serve(int(port))
        case [rounds, paths]:
            main(int(rounds), int(paths))
        case [rounds]:
            main(int(rounds), 20)
        case _:
            main(200, 20)
