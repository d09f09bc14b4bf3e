"""The first process of a lab's pid namespace: it builds the networks, starts censor, servers and the client's programs.

It lives in the client's network namespace, reaps every orphan, and tells the owner who died.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from harness.errors import ApparatusError
from harness.lab import steps
from harness.lab.channel import Channel, Closed
from harness.lab.net import syscalls, topology

GO_WITHIN = 10.0  # seconds in which a child is told where to live


@dataclass(slots=True, kw_only=True)
class Order:
    """What the owner wants, and the descriptors that it handed over."""

    plain: dict[str, Any]
    fds: list[int]
    control: Channel

    @property
    def tier(self) -> str:
        """By which rights the namespaces are made."""
        return str(self.plain["tier"])

    @property
    def workdir(self) -> pathlib.Path:
        """The directory of this lab's files; all who may outlive the others know it, and remove it."""
        return pathlib.Path(self.plain["workdir"])

    @property
    def world(self) -> dict[str, Any] | None:
        """The world as plain JSON; None asks only whether a lab could be held."""
        world: dict[str, Any] | None = self.plain["world"]
        return world


def refuse(order: Order, refused: steps.Refused) -> None:
    """Tell the owner which step the machine refused, and what would help."""
    remedy = steps.remedy(order.tier, refused.step, refused.number)
    order.control.send({"type": "missing", "step": refused.step, "errno": refused.number, "remedy": remedy})


def run(order: Order, alive: int) -> NoReturn:
    """Be the first process until the owner or the holder has gone (`alive` reads as ended then)."""
    code = 1
    try:
        steps.own_proc()
        if order.world is None:
            _probe(order)
        else:
            First(order, alive).live()
        code = 0
    except steps.Refused as refused:
        refuse(order, refused)
    except Closed:
        code = 0
    except BaseException:  # the last line of defence: say why, then take the lab down
        traceback.print_exc()
    import shutil  # brings three compressors along, which nobody needs while the lab stands

    shutil.rmtree(order.workdir, ignore_errors=True)
    os._exit(code)


def _probe(order: Order) -> None:
    steps.both_families()
    with steps.step("build the networks"):
        topology.build(())
    steps.packet_socket()
    order.control.send({"type": "able"})


@dataclass(slots=True)
class First:
    """The first process at work."""

    order: Order
    alive: int
    servants: dict[int, str] = field(default_factory=dict)  # by pid: censor, servers
    programs: dict[int, Channel] = field(default_factory=dict)  # by pid: where its end is told
    networks: topology.Namespaces | None = None  # held here, so that the death of one part takes no link from another

    def live(self) -> None:
        """Build everything, then serve the owner until it hangs up; nobody is left then who would write files."""
        wake = _waker()
        steps.both_families()
        self.order.workdir.mkdir(mode=0o700, parents=True)
        try:
            self._build(self._start())
            self.order.control.send({"type": "up"}, (os.pidfd_open(os.getpid()),))
            self._serve(wake)
        finally:
            self._end()

    def _start(self) -> dict[str, Channel]:
        """Starts censor and servers; where each is told of its namespace."""
        events, censor, servers = self.order.fds
        homes = {
            "censor": self._servant("censor", lambda: _censor(self.order, censor, events), {censor, events}),
            "servers": self._servant("servers", lambda: _servers(self.order, servers), {servers}),
        }
        for fd in self.order.fds:
            os.close(fd)
        return homes

    def _end(self) -> None:
        for pid in self.servants:
            os.kill(pid, signal.SIGKILL)
        for pid in self.servants:
            os.waitpid(pid, 0)

    def _servant(self, name: str, body: Callable[[], Callable[[], None]], own: set[int]) -> Channel:
        """Forks a child that prepares itself, moves into the namespace that it is told of, and then works.

        It keeps only its own descriptors: else the end of another child would not read as the end of its channel.
        """
        ours, theirs = Channel.pair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self.order.control.close()
            for fd in set(self.order.fds) - own:
                os.close(fd)
            _work(name, body, theirs)
        theirs.close()
        self.servants[pid] = name
        return ours

    def _build(self, homes: dict[str, Channel]) -> None:
        from harness.lab import names

        assert self.order.world is not None
        there = [host for host in self.order.world["hosts"] if not host["silent"]]
        addresses = [address for host in there for address in host["addresses"]]
        with steps.step("build the networks"):
            built = self.networks = topology.build(addresses, timestamps=self.order.world["timestamps"])
        with steps.step("lay over the files of names"):
            names.lay_over(self.order.workdir, self.order.world["resolvers"])
        for name, fd in (("censor", built.censor), ("servers", built.internet)):
            with contextlib.suppress(Closed):  # it has died already, which is told when it is reaped
                homes[name].send({}, (fd,))
            homes[name].close()

    def _serve(self, wake: socket.socket) -> None:
        poll = select.poll()
        for fd in (self.order.control.fileno(), self.alive, wake.fileno()):
            poll.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if wake.fileno() in ready:
                wake.recv(4096)
                self._reap()
            if self.alive in ready:
                return
            if self.order.control.fileno() in ready:
                self._answer(*self.order.control.receive(0.0))

    def _answer(self, message: dict[str, Any], fds: list[int]) -> None:
        from harness.lab import spawn

        *stdio, told = fds
        try:
            pid = spawn.start(message, stdio)
        except OSError as fault:
            self.order.control.send({"type": "refused", "errno": fault.errno, "what": fault.filename})
            os.close(told)
        else:
            self.programs[pid] = Channel(socket.socket(fileno=told))
            pidfd = os.pidfd_open(pid)
            self.order.control.send({"type": "spawned"}, (pidfd,))
            os.close(pidfd)
        for fd in stdio:
            os.close(fd)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, os.waitstatus_to_exitcode(status))

    def _ended(self, pid: int, code: int) -> None:
        if pid in self.servants:
            self.order.control.send({"type": "died", "who": self.servants.pop(pid), "code": code})
        elif pid in self.programs:
            told = self.programs.pop(pid)
            with contextlib.suppress(Closed):  # the owner may no longer ask how it ended
                told.send({"code": code})
            told.close()


def _waker() -> socket.socket:
    """A socket that becomes readable when a child has ended."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    _waker.kept = theirs  # type: ignore[attr-defined]
    return ours


def _work(name: str, body: Callable[[], Callable[[], None]], home: Channel) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        syscalls.set_process_name(f"lab-{name}")
        work = body()
        _, (namespace,) = home.receive(GO_WITHIN)
        home.close()
        syscalls.setns(namespace, syscalls.CLONE_NEWNET)
        os.close(namespace)
        work()
        code = 0
    except ApparatusError as exc:  # said in one line already
        print(exc, file=sys.stderr)
    except OSError as exc:
        if exc.errno in steps.FULL:
            print(f"no room is left for its files ({exc.strerror}); make some, or name another folder", file=sys.stderr)
        else:
            traceback.print_exc()
    except BaseException:  # whatever it was, the owner reads it
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _censor(order: Order, channel: int, events: int) -> Callable[[], None]:
    from harness.lab.censor import process

    return process.prepare(order.plain, Channel(socket.socket(fileno=channel)), events)


def _servers(order: Order, channel: int) -> Callable[[], None]:
    from harness.kinds import load
    from harness.lab import names, world

    serve = load(order.plain["serve"])
    told = Channel(socket.socket(fileno=channel))

    def ready(trust: dict[str, Any]) -> None:
        told.send({"type": "ready", "trust": trust})

    assert order.world is not None
    whole = world.restore(order.world)

    def work() -> None:
        names.lay_over_truth(order.workdir, whole.zone())
        serve(whole, order.workdir, ready)

    return work
