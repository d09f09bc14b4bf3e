"""WireGuard of ours to a server that is none of ours: the reference implementation for user space."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests import needs

ROOT = pathlib.Path(__file__).parents[2]
TUN = pathlib.Path("/dev/net/tun")  # the server makes an interface, which only root may


@needs.needs(shutil.which("wireguard-go"), "no wireguard-go; make system-deps")
def test_wireguard_carries_streams_and_datagrams_to_wireguard_go() -> None:
    if not os.access(TUN, os.R_OK | os.W_OK) or os.geteuid() != 0:
        pytest.skip("wireguard-go makes an interface, which takes root and /dev/net/tun")
    run = (sys.executable, "-m", "tests.tunnels.wireguard_go")
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert {"stream": "ping", "datagram": "ping"} == json.loads(done.stdout or "{}"), done.stderr
