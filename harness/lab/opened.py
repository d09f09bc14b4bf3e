"""An open lab: programs run in its client, its censor's log is read, its rules are swapped, its deaths are named."""

from __future__ import annotations

import os
import pathlib
import signal
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from harness.errors import ApparatusError
from harness.lab import events, rules, start
from harness.lab.channel import Channel, Closed
from harness.lab.logged import Logged
from harness.lab.needs import NO_PROGRAMS, Lacking, lacking
from harness.lab.program import LabProcess, Stdio, arrange, here, pid_of
from harness.lab.tiers import Tier, Unavailable, ladder
from harness.lab.world import Rule, World, dump
from harness.model import Trust

ANSWERS_WITHIN = 10.0  # seconds in which the censor or the first process answers a request
TOLD_WITHIN = 0.2  # seconds after the death of all programs in which that of the lab itself is told
SERVE = "harness.lab.servers:serve"
"""What runs in the internet namespace, as `package.module:name`: called with the world, a directory and `ready`."""

# OpenSSL, Go and Python's ssl; curl; requests; node; and one for whoever writes something for the lab.
TRUSTING = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "WAYGAUGE_CA")


class Ends:
    """The owner's ends beside the holder's: the censor, the servers, and the memory file of the censor's log."""

    def __init__(self) -> None:
        self.events = os.memfd_create("lab-events")
        self.censor, self._to_censor = Channel.pair()
        self.servers, self._to_servers = Channel.pair()

    def handed(self) -> tuple[int, int, int]:
        """The descriptors that the holder gets."""
        return self.events, self._to_censor.fileno(), self._to_servers.fileno()

    def handed_over(self) -> None:
        """Forget the other ends, so that the death of a process reads as the end of its channel."""
        self._to_censor.close()
        self._to_servers.close()

    def close(self) -> None:
        """Hang up on all."""
        self.handed_over()
        self.censor.close()
        self.servers.close()
        os.close(self.events)


class Lab(Logged):
    """A running world. Close it, or use it as a context manager; should its owner die, it goes by itself."""

    def __init__(self, world: World, tier: Tier, holder: start.Holder, ends: Ends) -> None:
        super().__init__()
        self.world = world
        self.tier = tier
        self.trust = Trust()
        self._holder = holder
        self._ends = ends
        self._died: str | None = None
        self._torn = b""
        self._read = 0
        self._generation = 0
        self._end = weakref.finalize(self, _end, holder, ends)

    def close(self) -> None:
        """Take everything down: processes, namespaces, files. The log stays readable; closing twice is no fault."""
        with self._lock:
            self._read_events()
            self._end()

    @property
    def pid(self) -> int:
        """The first process of the lab as seen from here, for `nsenter --target PID --user --net --mount`."""
        return pid_of(self._holder.pidfds[0])

    @property
    def variables(self) -> dict[str, str]:
        """What makes usual programs trust the world's own authority, by the variables that they look at."""
        file = self.trust.ca_file
        return dict.fromkeys(TRUSTING, file) if file else {}

    @property
    def died(self) -> str | None:
        """Which part of the lab has died, with what it said; None while all are well."""
        with self._lock:
            while self._died is None and self._end.alive and self._holder.control.waiting():
                self._notice()
            return self._died

    def ended(self, code: int) -> int:
        """That code of a program of this lab; ApparatusError where the program was killed since the lab has died."""
        until = time.monotonic() + TOLD_WITHIN
        while code == -signal.SIGKILL and self.died is None and time.monotonic() < until:
            time.sleep(TOLD_WITHIN / 10)
        if code == -signal.SIGKILL and self.died:
            raise ApparatusError(self.died)
        return code

    def popen(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        terminal: bool = False,
        **stdio: Unpack[Stdio],
    ) -> LabProcess:
        """Start a program in the client's namespaces; with `terminal`, its stdin becomes its controlling terminal."""
        __tracebackhide__ = True
        given, close, pipes = arrange(stdio)
        ours, theirs = Channel.pair()
        wanted = {
            "argv": [os.fspath(word) for word in argv],
            "env": dict(os.environ if env is None else env),
            "cwd": os.fspath(cwd or here()),
            "terminal": terminal,
        }
        try:
            _, (pidfd,) = self._ask(self._holder.control, wanted, (*given, theirs.fileno()))
        except BaseException:
            for end in (ours, *pipes):
                if end is not None:
                    end.close()
            raise
        finally:
            theirs.close()
            for fd in close:
                os.close(fd)
        return LabProcess(argv, pidfd, ours, pipes)

    def swap(self, censor: Iterable[Rule]) -> None:
        """Give the censor other rules. Flows that stand keep theirs; what was remembered of triggers is forgotten."""
        plain = rules.plain(censor)
        with self._lock:
            self._generation += 1
            self._ask(self._ends.censor, {"type": "swap", "rules": plain, "generation": self._generation})

    def capture(self, directory: str | os.PathLike[str] | None) -> None:
        """Write `client.pcap` and `internet.pcap`, both sides of the censor, from now on; None stops that."""
        where = None if directory is None else str(pathlib.Path(directory).absolute())
        self._ask(self._ends.censor, {"type": "capture", "directory": where})

    def counts(self) -> dict[str, int]:
        """Packets that the censor saw, sent, and lost for want of room, since the start."""
        message, _ = self._ask(self._ends.censor, {"type": "counts"})
        return {name: int(count) for name, count in message["counts"].items()}

    def await_ready(self, until: float) -> None:
        """Wait until networks, censor and servers are ready; ApparatusError names what is not."""
        _, fds = start.heard(self._holder, until)
        self._holder.pidfds.extend(fds)
        self._ends.handed_over()
        self._await(self._ends.censor, "censor", until)
        told = self._await(self._ends.servers, "servers", until)
        anchors = {name: tuple(keys) for name, keys in told["trust"].get("anchors", {}).items()}
        self.trust = Trust(ca_file=told["trust"].get("ca_file"), anchors=anchors)

    def _await(self, channel: Channel, who: str, until: float) -> dict[str, Any]:
        try:
            message, _ = channel.receive(max(0.0, until - time.monotonic()))
        except TimeoutError:
            raise ApparatusError(
                f"the lab's {who} were not ready within {start.UP_WITHIN:g} s{self._holder.quote()}"
            ) from None
        except Closed:
            raise ApparatusError(f"the lab's {who} ended while starting{self._holder.quote()}") from None
        return message

    def _ask(
        self, channel: Channel, message: dict[str, Any], fds: tuple[int, ...] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        """Sends a request and takes its answer; a part that has died meanwhile is named."""
        __tracebackhide__ = True  # a test that fails shows its own line
        with self._lock:
            if self.died:
                raise ApparatusError(self.died)
            if not self._end.alive:
                raise ApparatusError("the lab is closed")
            try:
                channel.send(message, fds)
                return self._answer(channel)
            except Closed:
                raise ApparatusError(self.died or "the lab has gone") from None

    def _answer(self, channel: Channel) -> tuple[dict[str, Any], list[int]]:
        __tracebackhide__ = True
        until = time.monotonic() + ANSWERS_WITHIN
        while True:
            try:
                message, fds = channel.receive(max(0.0, until - time.monotonic()))
            except TimeoutError:
                raise ApparatusError(f"the lab did not answer within {ANSWERS_WITHIN:g} s") from None
            if message["type"] == "died":
                self._note(message)
            elif message["type"] == "refused":
                raise OSError(message["errno"], os.strerror(message["errno"]), message["what"])
            else:
                return message, fds

    def _notice(self) -> None:
        try:
            message, _ = self._holder.control.receive(0.0)
        except Closed:
            self._died = f"the lab's first process has gone{self._holder.quote()}"
        else:
            self._note(message)

    def _note(self, message: Mapping[str, Any]) -> None:
        code = message["code"]
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._died = self._died or f"the lab's {message['who']} {how}{self._holder.quote()}"

    def _read_events(self) -> None:
        if not self._end.alive:
            return
        size = os.fstat(self._ends.events).st_size
        data = self._torn + os.pread(self._ends.events, size - self._read, self._read)
        self._read = size
        *lines, self._torn = data.split(b"\n")
        self._events.extend(events.read(line.decode()) for line in lines)


def _end(holder: start.Holder, ends: Ends) -> None:
    ends.close()
    holder.end()


def open_lab(
    world: World, *, pcap: str | os.PathLike[str] | None = None, tier: Tier | None = None, serve: str = SERVE
) -> Lab:
    """A lab of that world, up and ready, by the best tier of this machine or by the one asked for."""
    plain = {
        "world": dump(world),
        "rules": rules.plain(world.censor),
        "serve": serve,
        "capture": None if pcap is None else str(pathlib.Path(pcap).absolute()),
    }
    tried: list[ApparatusError] = []
    for rung in ladder() if tier is None else (tier,):
        if rung is Tier.LOOPBACK:
            tried.append(Lacking(NO_PROGRAMS))
            continue
        if told := lacking(world, rung):
            tried.append(Lacking(told))
            continue
        try:
            return _open(world, rung, plain)
        except Unavailable as unavailable:
            tried.append(unavailable)
    raise tried[0]


def _open(world: World, tier: Tier, plain: dict[str, Any]) -> Lab:
    until = time.monotonic() + start.UP_WITHIN
    ends = Ends()
    try:
        holder = start.launch(tier, plain, ends.handed())
    except BaseException:
        ends.close()
        raise
    lab = Lab(world, tier, holder, ends)
    try:
        lab.await_ready(until)
    except BaseException:
        lab.close()
        raise
    return lab
