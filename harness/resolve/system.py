"""The machine's own resolver, asked by a stub of ours: its hosts file, then its nameservers in their order."""

from __future__ import annotations

import asyncio
import pathlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial import machine
from harness.dial.api import Address, Dialer, Note, Tape
from harness.dial.deadline import Deadline
from harness.dial.names import at_most_two
from harness.failures import Failed
from harness.literals import is_address
from harness.model import Json, Stage, Trust
from harness.resolve.gathered import Gathered
from harness.resolve.udp import HOLD, Udp, ask, label

_LOCAL = {4: "127.0.0.1", 6: "::1"}
"""What `localhost` is everywhere (RFC 6761, section 6.3), whatever the hosts file says or leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Asks as this machine's programs would, and keeps every answer, which getaddrinfo does not."""

    dialer: Dialer
    resolv_conf: pathlib.Path
    hosts: pathlib.Path
    port: int = 53
    hold: float = HOLD
    family: int | None = None

    async def resolve(self, name: str, until: Deadline, tape: Tape, of: str = "target") -> tuple[str, ...]:
        """The addresses of a name, and one `resolve` stage; its `server` is the one that answered, or `hosts`."""
        with tape.stage(Stage.RESOLVE, of) as note:
            if written := at_most_two(self._written(name), self.family):
                note.detail.update(query=name, server="hosts", addresses=list(written), answers=[])
                return written
            configured = _text(self.resolv_conf)
            if configured is None:
                return await self._by_the_library(name, until, note)
            return await self._ask(name, nameservers(configured), until, tape, note)

    async def _ask(
        self, name: str, servers: tuple[str, ...], until: Deadline, tape: Tape, note: Note
    ) -> tuple[str, ...]:
        if not servers:
            note.detail.update(query=name)
            raise Failed("no_local_resolver", resolv_conf=str(self.resolv_conf))
        gathered = Gathered.about(name, tape, self.family)
        for number, server in enumerate(servers):
            share = until.sooner(until.left() / (len(servers) - number))
            asked = Udp(server=Address(server, self.port), dialer=self.dialer, hold=self.hold, family=self.family)
            gathered = await ask(gathered, asked, share, note)
            if gathered.answered:
                break
        return gathered.conclude(note, label("udp", asked.server))

    async def _by_the_library(self, name: str, until: Deadline, note: Note) -> tuple[str, ...]:
        note.detail.update(query=name, server="getaddrinfo", answers=[])
        try:
            async with until.hold():
                found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except socket.gaierror as exc:
            # EAI_NONAME: no such name, or nobody to ask; the library does not tell them apart.
            raise Failed("dns_nxdomain_error" if exc.errno == socket.EAI_NONAME else "dns_server_misbehaving") from exc
        addresses = at_most_two(tuple(str(entry[4][0]) for entry in found), self.family)
        note.detail.update(addresses=list(addresses))
        if not addresses:
            raise Failed("dns_no_answer")
        return addresses

    def _written(self, name: str) -> tuple[str, ...]:
        if name.rstrip(".").lower() == "localhost":
            return tuple(_LOCAL.values())
        return in_hosts(_text(self.hosts) or "", name)


def nameservers(text: str) -> tuple[str, ...]:
    """The nameservers of a resolv.conf (resolv.conf(5)), at most three, as the library takes them."""
    named = (line.split() for line in text.splitlines())
    found = [words[1] for words in named if len(words) > 1 and words[0] == "nameserver" and is_address(words[1])]
    return tuple(found[:3])


def in_hosts(text: str, name: str) -> tuple[str, ...]:
    """The addresses that a hosts file (hosts(5)) gives to a name."""
    wanted = name.rstrip(".").lower()
    lines = (line.partition("#")[0].lower().split() for line in text.splitlines())
    return tuple(words[0] for words in lines if wanted in words[1:] and is_address(words[0]))


def _text(file: pathlib.Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def build(params: Mapping[str, Json], dialer: Dialer, _trust: Trust) -> System:
    """A resolver that asks whom this machine is configured to ask; other files may be named, and another port."""
    here = machine.taken()
    return System(
        dialer=dialer,
        resolv_conf=pathlib.Path(params.get("resolv_conf", here.resolv_conf)),
        hosts=pathlib.Path(params.get("hosts", here.hosts)),
        port=params.get("port", 53),
        hold=params.get("hold", HOLD),
        family=params.get("family"),
    )
