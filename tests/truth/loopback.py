"""A world whose one service stands on the loopback: real sockets, no namespaces."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from harness.lab.world import Host, Service, World
from harness.model import Vantage

NAME = "www.example.com"


@dataclass(frozen=True, kw_only=True)
class Served:
    """What one running service offers its clients."""

    port: int
    trust: dict[str, Any]
    ended: asyncio.Task[None]  # how the servers ended, where they did

    @property
    def tls(self) -> ssl.SSLContext:
        """A client's context that trusts the world's authority, as strictly as Python 3.13 does."""
        context = ssl.create_default_context(cafile=self.trust["ca_file"])
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context


Serve = Callable[..., AbstractAsyncContextManager[Served]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def loopback_world(kind: str, port: int, **params: Any) -> World:
    service = Service(kind=kind, port=port, params=params)
    own = Host(name="own", addresses=("127.0.0.1", "::1"), names=(NAME,), services=(service,))
    elsewhere = Host(name="elsewhere", addresses=("192.0.2.7",), names=("news.example.org", "deep.news.example.org"))
    return World(name="loopback", title="", vantage=Vantage(name="test"), hosts=(own, elsewhere))
