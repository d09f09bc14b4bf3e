"""What a run over many paths weighs: the engine itself, and the programs that carry its tunnels.

    python bench/paths_memory.py [paths]

A lab, one scenario, and so many paths: one of each of eight kinds, the rest WireGuard, each with a program and a
key of its own. While the cells run, the memory of the engine and of its programs is read; the most is told.
"""

from __future__ import annotations

import base64
import pathlib
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

import psutil
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from harness import catalogue  # noqa: E402
from harness.model import PATH_TARGET, Claim, Vantage  # noqa: E402
from harness.vantage import Hushed, Setup  # noqa: E402
from harness.vantage.place import overlay  # noqa: E402
from harness.vantage.session import EngineSession  # noqa: E402

PATIENCE = 120.0
SERVER = "sGBWhalzSr+KePFqhEf2pCVkuTKuReBpVX9p3MfBy1M=", "F9K+dY7U/QvDZn2cMrB3jVMRGZ1j4oNORGROSpCtQAQ="
PLAIN = ("direct", "doh-quad9", "dot-quad9", "tcp-quad9", "office-connect", "office-socks", "ss-nl", "trojan-nl")
WORLD = """
world: weight
title: A WireGuard server of many peers
extends: open
sources: [https://www.wireguard.com/papers/wireguard.pdf]
hosts:
  - name: own-tunnels
    addresses: [45.136.20.16]
    services: [{{wireguard: {{private_key: {key}, address: [10.77.0.1/24], peers: {{{peers}}}}}}}]
"""
SCENARIO = """
scenario: weight
targets:
  - {{name: news, check: {{http: "https://news.example.org/"}}}}
  - {{name: file, check: {{transfer: "https://recipes.example.org/"}}}}
controls: {{foreign: [neutral-abroad], domestic: [neutral-home]}}
retry: {{attempts: 1, deadline: 60s}}
paths:
{paths}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """One client of the WireGuard server: two that share a key would take each other's place."""

    number: int
    key: X25519PrivateKey

    @property
    def address(self) -> str:
        """Its address inside."""
        return f"10.77.0.{self.number + 2}/32"

    @property
    def path(self) -> str:
        """Its path, as a scenario spells it."""
        keys = f"private_key: {_base64(self.key.private_bytes_raw())}, public_key: {SERVER[1]}"
        way = f"{{wireguard: {{host: 45.136.20.16, {keys}, address: {self.address}}}}}"
        return f'wg{self.number}: {{dns: "udp://9.9.9.9", lookup: hops, via: {way}}}'

    @property
    def known(self) -> str:
        """What the server knows of it."""
        return f'"{_base64(self.key.public_key().public_bytes_raw())}": [{self.address}]'


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


class Scales:
    """The memory of the engine and of its programs, read ten times a second."""

    def __init__(self) -> None:
        self.engine = self.programs = 0.0
        self.count = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Scales:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for engine in _engines():
                own, others = _mib(engine), engine.children(recursive=True)
                self.engine = max(self.engine, own)
                self.programs = max(self.programs, sum(map(_mib, others)))
                self.count = max(self.count, len(others))


def _engines() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "harness.engine" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def _mib(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:
        return 0.0


def main(number: int) -> None:
    """Run it, and print the largest sums."""
    peers = [Peer(at, X25519PrivateKey.generate()) for at in range(number - len(PLAIN))]
    with tempfile.TemporaryDirectory() as name:
        world, file = pathlib.Path(name) / "weight.yaml", pathlib.Path(name) / "weight.reach.yaml"
        world.write_text(WORLD.format(key=SERVER[0], peers=", ".join(peer.known for peer in peers)))
        paths = [*PLAIN[:number], *(peer.path for peer in peers)]
        file.write_text(SCENARIO.format(paths="\n".join(f"  - {path}" for path in paths)))
        plan = catalogue.read(file, root=file.parent, env={}, world=overlay(str(world))).plan
        began = time.monotonic()
        session = EngineSession.start(Setup(vantage=Vantage(name="bench"), world=str(world)))
        try:
            with Scales() as scales:
                session.submit([plan], Hushed())
                ended = [session.result(cell.key, PATIENCE) for cell in plan.cells]
        finally:
            session.close()
    up = {cell.path.name for cell in plan.cells if cell.target.name == PATH_TARGET}
    usable = sum(one is not None and one.verdict.claim is Claim.USABLE for one in ended)
    print(f"{len(up)} paths, {len(ended)} cells, {usable} usable, in {time.monotonic() - began:.1f} s")
    print(f"engine {scales.engine:.0f} MiB, its {scales.count} programs {scales.programs:.0f} MiB (PSS, at most)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
