"""A world of the lab for other people's tests: programs, sockets and an HTTP client inside, and what the censor did."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Unpack

from harness.errors import ApparatusError
from harness.lab.needs import NO_CAPTURE, NO_PROGRAMS, NO_SOCKETS, Lacking
from harness.model import Json
from harness.vantage.entering import Entering

if TYPE_CHECKING:
    import httpx

    from harness.dial.api import Address
    from harness.lab import Event, Lab, LabProcess
    from harness.lab.loopback.lab import Loopback
    from harness.lab.program import Stdio
    from harness.vantage.namespaces import Namespaces

TIMEOUT = 30.0  # seconds that a program or a request may take where nothing is said


class NoLab(ApparatusError):
    """This machine cannot hold the world."""


class Client(Protocol):
    """The client of a world, as this process speaks in its place."""

    def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of a name; socket.gaierror where it has none."""
        ...

    def connect(self, to: Address, timeout: float | None) -> socket.socket:
        """A connected socket."""
        ...


def _refused(why: str) -> NoReturn:
    raise NoLab(why)


class CensoredInternet:
    """A world that is up. Sockets and requests come from its client, behind its censor.

    What only namespaces give is refused without them: by NoLab, or as `refuse` does it.
    """

    def __init__(self, lab: Lab | Loopback, client: Client, inside: Namespaces | None = None) -> None:
        self.refuse: Callable[[str], NoReturn] = _refused
        self._lab = lab
        self._client = client
        self._inside = inside
        self._ends = contextlib.ExitStack()
        if inside:
            self._ends.callback(inside.close)
        self._began = lab.mark()

    def __repr__(self) -> str:
        return f"<world {self.world}>"

    @property
    def world(self) -> str:
        """The world's name."""
        return self._lab.world.name

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The addresses of the client's resolvers."""
        return self._lab.world.resolvers

    @property
    def ca_file(self) -> str:
        """A file with the certificate of the world's own authority."""
        assert self._lab.trust.ca_file
        return self._lab.trust.ca_file

    @property
    def pid(self) -> int:
        """The first process inside, for `nsenter`."""
        return self._namespaces(NO_PROGRAMS).lab.pid

    def popen(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        **stdio: Unpack[Stdio],
    ) -> LabProcess:
        """Start a program inside, as `subprocess.Popen` does outside; what usual programs look at makes them trust
        the world's authority. It is killed with the world at the latest."""
        __tracebackhide__ = True
        if isinstance(argv, str):
            raise TypeError(f"a program is given by its words; write ['sh', '-c', {argv!r}]")
        lab = self._namespaces(NO_PROGRAMS).lab
        from harness.lab.program import environment

        whole = {**(environment() if env is None else env), **lab.variables}
        return lab.popen(argv, env=whole, cwd=cwd, **stdio)

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str = "",  # noqa: A002 - as subprocess.run has it
        timeout: float = TIMEOUT,
        **more: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside to its end, in text: its code, its stdout and its stderr. A program that takes longer
        is killed, and its code is -9."""
        __tracebackhide__ = True
        self._namespaces(NO_PROGRAMS)  # before what only Linux has
        with _sheet(input) as given, _sheet() as told, _sheet() as complained:
            running = self.popen(argv, stdin=given, stdout=told, stderr=complained, **more)
            try:
                code = running.wait(timeout)
            except subprocess.TimeoutExpired:
                running.kill()
                code = running.wait()
            return subprocess.CompletedProcess(list(argv), code, _read(told), _read(complained))

    def new_socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """A socket of the client inside, for use in this process: connect it, bind it, hand it to an event loop."""
        return self._namespaces(NO_SOCKETS).sockets.make(family, kind)

    def resolve(self, name: str) -> list[str]:
        """The addresses that the world's resolver gives for a name; socket.gaierror where it gives none."""
        return list(dict.fromkeys(address.host for address in self._client.resolve(name, 0)))

    def connect(self, host: str, port: int, timeout: float | None = TIMEOUT) -> socket.socket:
        """A connected socket, as `socket.create_connection` gives one outside."""
        __tracebackhide__ = True
        fault: OSError | None = None
        for address in self._client.resolve(host, port):
            try:
                return self._client.connect(address, timeout)
            except OSError as exc:
                fault = exc
        raise fault or OSError(f"{host} has no address")

    def client(self, **more: Any) -> httpx.Client:
        """An `httpx.Client` whose connections are made inside; `more` is the client's own, such as `timeout`."""
        import httpx

        from harness.vantage.transport import InsideTransport

        made = httpx.Client(transport=InsideTransport(self.connect, self.tls()), trust_env=False, **more)
        self._ends.callback(made.close)
        return made

    def tls(self) -> ssl.SSLContext:
        """A TLS context that trusts the world's authority and no other."""
        return ssl.create_default_context(cafile=self.ca_file)

    def log(self) -> list[Event]:
        """What the censor did since this world was asked for: `action`, `behaviour`, `name`, `flow` and more."""
        return self._lab.log(self._began)

    def told(self) -> list[str]:
        """The log in lines for people, each with the seconds since the first."""
        done = self.log()
        return [_line(event, done[0].at) for event in done]

    def pcap(self, folder: str | os.PathLike[str] | None) -> None:
        """Write `client.pcap` and `internet.pcap` into a folder from now on; None stops that."""
        if folder is None and not self._inside:
            return
        inside = self._namespaces(NO_CAPTURE)
        if folder is not None:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        inside.lab.capture(folder)

    def swap(self, rules: Iterable[Json]) -> None:
        """Give the censor other rules, each spelled as in a world: `"blackout"` or `{"sni_drop": {"names": [...]}}`,
        `"inherited"` for the world's own. Connections that stand keep theirs; what was remembered of triggers is
        forgotten. Raises ScenarioError where a rule cannot be understood."""
        __tracebackhide__ = True
        from harness.lab.world import load_rules

        self._lab.swap(load_rules(self._lab.world, rules if isinstance(rules, str | Mapping) else list(rules)))

    def close(self) -> None:
        """Take the world down; the log stays readable."""
        with contextlib.closing(self._lab):
            self._ends.close()

    def _namespaces(self, why_not: str) -> Namespaces:
        """What runs programs inside and makes sockets there; refused with the reason where nothing does."""
        __tracebackhide__ = True
        return self._inside or self.refuse(why_not)


def censored_internet(world: str | os.PathLike[str], **more: Json) -> CensoredInternet:
    """A world by its name or file, up; close it. `more` is laid over it as in a world's file: `hosts=[...]` of one's
    own, `censor=["inherited", ...]`, `link={...}`. Raises ScenarioError where it cannot be understood, NoLab with the
    remedy where this machine cannot hold it. Without namespaces it stands on the loopback, and has no programs."""
    from harness.lab.tiers import Tier, Unavailable, carrier
    from harness.lab.world import load_world

    world = os.fspath(world)
    try:
        if carrier() is Tier.LOOPBACK:
            from harness.lab.loopback.lab import Loopback

            return on_loopback(Loopback(load_world(world, more)))
        from harness.lab import open_lab  # which needs Linux

        return in_namespaces(open_lab(load_world(world, more)))
    except (Unavailable, Lacking) as exc:
        raise NoLab(str(exc)) from exc


def in_namespaces(lab: Lab) -> CensoredInternet:
    """A lab that is up, for tests."""
    from harness.vantage.namespaces import Namespaces

    inside = Namespaces(lab)
    return CensoredInternet(lab, inside, inside)


def on_loopback(lab: Loopback) -> CensoredInternet:
    """The same of one without namespaces: requests and connections, and no programs."""
    return CensoredInternet(lab, Entering(lab.entrance, lab.world.resolvers))


def _line(event: Event, began: float) -> str:
    flow = event.flow
    where = f"{flow.proto} [{flow.src}]:{flow.sport} to [{flow.dst}]:{flow.dport}" if flow else ""
    words = (f"{event.at - began:+8.3f} s", f"{event.action:<9}", event.behaviour, event.name, where)
    return "  ".join(word for word in words if word) + (f"  {json.dumps(dict(event.detail))}" if event.detail else "")


@contextlib.contextmanager
def _sheet(text: str = "") -> Iterator[int]:
    """A file in memory, for a program that says more than a pipe takes."""
    fd = os.memfd_create("program")
    try:
        os.write(fd, text.encode())
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def _read(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")
