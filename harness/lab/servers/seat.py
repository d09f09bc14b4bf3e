"""Where a server stands: its host and port in the internet of the world, and what all servers share."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import pathlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from harness.kinds import Kind, load
from harness.lab.servers.authority import Authority
from harness.lab.servers.issuer import Issuer
from harness.lab.servers.table import SERVERS
from harness.lab.world import Host, Service, World

if TYPE_CHECKING:
    from harness.lab.servers.singbox import SingBox


Source: TypeAlias = tuple[str, int]
"""Where a datagram came from: an address and a port."""


class Elsewhere(Protocol):
    """Where servers stand whose addresses are not this machine's."""

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """What is built there in place of some kinds, by their names."""

    def source(self, proto: str, peer: Source) -> Source:
        """Who stands behind a peer: itself where nobody else does."""

    def syn(self, peer: Source) -> bytes:
        """The SYN that the connection of a peer began with, from its IP header on; b"" where it had none."""

    async def call(
        self, address: bytes, port: int, source: Source
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to a server, in somebody's name. Raises OSError where there is none."""

    def datagrams(self, address: bytes, port: int, source: Source) -> socket.socket | None:
        """A socket for datagrams to a server, in somebody's name; None where there is no server."""

    def bind(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """A socket in place of one on that address and port; 0 is any."""

    def pace(self, bound: socket.socket, rate: float) -> None:
        """Have what a socket accepts send at so many bits a second."""

    def rate(self, address: bytes, port: int) -> float:
        """The bits a second that a server is to send with at most; 0 is no limit. Who calls it sees to that."""


class Stream(NamedTuple):
    """Both directions of one accepted connection, above TLS where there is TLS."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    elsewhere: Elsewhere | None = None

    @property
    def peer(self) -> Source:
        """The address and the port that the connection came from."""
        address, port = self.writer.get_extra_info("peername")[:2]
        return self.elsewhere.source("tcp", (address, port)) if self.elsewhere else (address, port)

    @property
    def source(self) -> str:
        """The address that the connection came from."""
        return self.peer[0]

    @property
    def alpn(self) -> str | None:
        """The protocol that TLS settled on."""
        tls = self.writer.get_extra_info("ssl_object")
        return tls.selected_alpn_protocol() if tls else None


class Server(Protocol):
    """What a row of the table builds."""

    async def serve(self, stream: Stream) -> None:
        """Talk over one connection until it is done."""


class Answering(Protocol):
    """What a row with the trait `udp` builds besides."""

    def answer(self, datagram: bytes, source: Source) -> bytes | None:
        """The datagram to send back to where this one came from, or None for silence."""


class Internet:
    """What all servers of a world share.

    `failure` is set by a server that can no longer do its work; `exits` lets go of what they hold.
    """

    def __init__(self, world: World, workdir: pathlib.Path, elsewhere: Elsewhere | None = None) -> None:
        self.world = world
        self.elsewhere = elsewhere  # None means the addresses themselves
        self.workdir = workdir
        self.zone = world.zone()
        self.authority = Authority(workdir, skew=world.skew)
        self.issuer = Issuer(world.skew)
        self.exits = contextlib.ExitStack()
        self.failure: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @functools.cached_property
    def sing_box(self) -> SingBox:
        """The one sing-box that does the work of every proxy; it starts with the first connection to one."""
        from harness.lab.servers.singbox import SingBox

        return SingBox(self)

    def fail(self, why: str) -> None:
        """Say that a server has died; the first reason stands."""
        if not self.failure.done():
            self.failure.set_result(why)

    def trust(self) -> dict[str, Any]:
        """The anchors of the world, in the shape of `harness.model.Trust`."""
        anchors = {
            "whatsapp_noise": [self.issuer.public.hex()],
            "telegram_rsa": [self.issuer.rsa_fingerprint],
            "signal_roots": [ssl.PEM_cert_to_DER_cert(self.authority.ca_file.read_text()).hex()],
        }
        return {"ca_file": str(self.authority.ca_file), "anchors": anchors}


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One service of one host; its server is built when it is first needed."""

    internet: Internet
    host: Host
    service: Service

    @functools.cached_property
    def params(self) -> Any:
        """The parameters of the service, as its kind's model."""
        return load(self.row.params)(**{**self.service.params, "port": self.service.port})

    @functools.cached_property
    def server(self) -> Any:
        """The server itself: a `Server`, `Answering` too where its row says `udp`."""
        elsewhere = self.internet.elsewhere
        stand_in = elsewhere.stand_ins.get(self.row.name) if elsewhere else None
        return load(stand_in or self.row.build)(self)

    @property
    def row(self) -> Kind:
        """The row of its kind."""
        return SERVERS[self.service.kind]

    def __str__(self) -> str:
        return f"{self.service.kind} of {self.host.name} on port {self.service.port}"
