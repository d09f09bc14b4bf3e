"""`waygauge lab serve`: a world that stays up, and the ways into it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator

from harness.errors import ApparatusError
from harness.lab import Lab, LabProcess, Tier, entrance, open_lab
from harness.lab.served import Reception
from harness.lab.world import World

GLANCE = 0.2  # seconds between two looks whether all is well


def serve(world: World, name: str | None) -> int:
    """Keep the world up, under its own name or another, until Ctrl-C or SIGTERM; what dies meanwhile is told."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    name = name or world.name
    with open_lab(world) as lab, contextlib.closing(Reception(lab, name)):
        password = secrets.token_urlsafe(12)
        port, running = _entrance(lab, password)
        print("\n".join(_ways(lab, name, f"{entrance.USER}:{password}@127.0.0.1:{port}")), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while lab.died is None and running.poll() is None:
                time.sleep(GLANCE)
            raise ApparatusError(lab.died or f"the entrance ended with code {running.returncode}")
    return 0


def _entrance(lab: Lab, password: str) -> tuple[int, LabProcess]:
    """The port of the proxy, whose listening socket is this machine's and whose other sockets are the lab's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        argv = [sys.executable, "-P", "-m", entrance.__name__]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), entrance.PASSWORD: password}
        return listening.getsockname()[1], lab.popen(argv, env=env, stdin=listening.fileno())


def _ways(lab: Lab, name: str, proxy: str) -> Iterator[str]:
    yield f"{lab.world.name} is up, served as {name}; Ctrl-C ends it"
    yield f"a program inside      waygauge lab run --in {name} -- PROGRAM   (shell, log and pcap too)"
    user = "--user --preserve-credentials " if lab.tier is Tier.USERNS else ""  # nobody can enter where he is already
    yield f"the same by hand      nsenter --target {lab.pid} {user}--net --mount -- PROGRAM"
    yield f"a program outside     socks5h://{proxy}   or http://{proxy}"
    if lab.trust.ca_file:
        yield f"the world's authority {lab.trust.ca_file}"
