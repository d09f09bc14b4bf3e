"""The owner's side of a lab on the loopback. It needs nothing but processes, pipes and files."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.errors import ApparatusError
from harness.lab import events, rules, start
from harness.lab.logged import Logged
from harness.lab.needs import Lacking, lacking
from harness.lab.tiers import Tier
from harness.lab.workdir import PREFIX, temporary
from harness.lab.world import Rule, World, dump
from harness.model import Trust

_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_ANSWERS_WITHIN = 10.0  # seconds in which it takes other rules
_QUOTED = 2000  # characters of the lab's stderr that a message carries


class Loopback(Logged):
    """A running world without namespaces. Close it, or use it as a context manager."""

    tier = Tier.LOOPBACK

    def __init__(self, world: World) -> None:
        if told := lacking(world, Tier.LOOPBACK):
            raise Lacking(told)
        super().__init__()
        self.world = world
        self._workdir = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary()))
        self._furnish()
        self._process = self._launch()
        self._end = weakref.finalize(self, _end, self._process, self._workdir)
        self._read = 0
        self._generation = 0
        order = {"world": dump(world), "rules": rules.plain(world.censor), "workdir": str(self._workdir)}
        try:
            told = self._asked(order, start.UP_WITHIN, "ended while starting")
        except BaseException:
            self.close()
            raise
        streams, datagrams = told["entrance"]
        self.entrance: tuple[int, int] = (streams, datagrams)
        anchors = {name: tuple(keys) for name, keys in told["trust"].get("anchors", {}).items()}
        self.trust = Trust(ca_file=told["trust"].get("ca_file"), anchors=anchors)

    @property
    def resolv_conf(self) -> str:
        """The file that names the world's resolvers."""
        return str(self._workdir / "resolv.conf")

    @property
    def hosts(self) -> str:
        """The file of names that the client knows by itself."""
        return str(self._workdir / "hosts")

    @property
    def died(self) -> str | None:
        """How the lab's process has ended, with what it said; None while it is well."""
        code = self._process.poll()
        if code is None or not self._end.alive:
            return None
        return f"the lab on the loopback ended with code {code}{self._said()}"

    def popen(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, **stdio: Any) -> subprocess.Popen[bytes]:
        """Start a program of ours, which is told of the entrance by its own means: it stands on this machine."""
        return subprocess.Popen(list(argv), env=dict(env), cwd=cwd, start_new_session=True, **stdio)

    def swap(self, censor: Iterable[Rule]) -> None:
        """Give the censor other rules. Flows that stand keep theirs; what was remembered of triggers is forgotten."""
        plain = rules.plain(censor)
        with self._lock:
            if self.died:
                raise ApparatusError(self.died)
            self._generation += 1
            self._asked({"rules": plain, "generation": self._generation}, _ANSWERS_WITHIN, "did not answer")

    def close(self) -> None:
        """Take it down: process and files. The log stays readable; closing twice is no fault."""
        self.log()
        self._end()

    def _furnish(self) -> None:
        servers = "".join(f"nameserver {address}\n" for address in self.world.resolvers)
        (self._workdir / "resolv.conf").write_text(servers)
        (self._workdir / "hosts").write_text(_HOSTS)
        (self._workdir / "events").touch()

    def _launch(self) -> subprocess.Popen[bytes]:
        with (self._workdir / "stderr").open("wb") as stderr:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "harness.lab.loopback.daemon"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=start.environment(),
                start_new_session=True,  # the owner's Ctrl-C is the owner's
            )

    def _asked(self, order: Mapping[str, Any], within: float, else_: str) -> Any:
        """What the process says to an order; whatever keeps it from saying so is told."""
        assert self._process.stdin
        assert self._process.stdout
        late = threading.Timer(within, self._process.kill)
        late.start()
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = b""
        finally:
            late.cancel()
        if not line:
            raise ApparatusError(f"the lab on the loopback {else_}{self._said()}")
        return json.loads(line)

    def _said(self) -> str:
        text = (self._workdir / "stderr").read_text(errors="replace")[-_QUOTED:].strip()
        return f": {text}" if text else ""

    def _read_events(self) -> None:
        if not (self._end.alive and (self._workdir / "events").exists()):  # or the process took leave by itself
            return
        with (self._workdir / "events").open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        self._events.extend(events.read(line.decode()) for line in whole.splitlines())


def _end(process: subprocess.Popen[bytes], workdir: pathlib.Path) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            try:
                pipe.close()
            except OSError:  # it had ended before all was written
                continue
    try:
        process.wait(start.LEAVES_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(workdir, ignore_errors=True)
