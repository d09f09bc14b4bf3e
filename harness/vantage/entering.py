"""Sockets of a test's own process by way of a lab's entrance, where the lab has no namespaces to make them in.

Names are asked of the world's resolvers, the first that answers first (resolv.conf(5)); what a censor says for one of
them is what the test is told.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import Sequence

from harness.dial import machine
from harness.dial.api import Address
from harness.literals import is_address
from harness.wire import dns
from harness.wire.malformed import Malformed

_HERE = "127.0.0.1"
_ASKED_FOR = 5.0  # seconds that one server is waited for, as in resolv.conf(5)
_ROUNDS = 2
_TYPES = ("AAAA", "A")
_SAYS = frozenset({"NOERROR", "NXDOMAIN"})  # any other answer has the next server asked
_UNKNOWN = (socket.EAI_NONAME, "Name or service not known")
_LATER = (socket.EAI_AGAIN, "Temporary failure in name resolution")


class Entering:
    """Connections and names of the client behind an entrance."""

    def __init__(self, entrance: tuple[int, int], resolvers: Sequence[str]) -> None:
        self._streams, self._datagrams = ((_HERE, port) for port in entrance)
        self._resolvers = resolvers

    def connect(self, to: Address, timeout: float | None) -> socket.socket:
        """A connected socket; OSError as the world's client would have it."""
        end = socket.create_connection(self._streams, timeout)
        try:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.sendall(machine.asked(to))
            said = b""
            while not said.endswith(b"\n") and (byte := end.recv(1)):
                said += byte
            if said != machine.CONNECTED:
                raise machine.refused(said)
        except BaseException:
            end.close()
            raise
        return end

    def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, as the world's resolvers say; socket.gaierror where they say that there are none."""
        if is_address(host):
            return [Address(host, port)]
        found = [Address(one, port) for kind in _TYPES for one in self._addresses(host, kind)]
        if not found:
            raise socket.gaierror(*_UNKNOWN)
        return found

    def _addresses(self, host: str, kind: str) -> tuple[str, ...]:
        question = dns.Question(name=host, type=kind, id=secrets.randbelow(1 << 16))
        try:
            asked = dns.question(question)
        except Malformed as fault:  # nothing that could be a name
            raise socket.gaierror(*_UNKNOWN) from fault
        for resolver in [*self._resolvers] * _ROUNDS:
            if (told := self._answer(Address(resolver, 53), asked, question)) is not None:
                return told.addresses
        raise socket.gaierror(*_LATER)

    def _answer(self, server: Address, asked: bytes, question: dns.Question) -> dns.Answer | None:
        """The first answer to a question; None where none comes that says anything."""
        head, until = machine.header(server), time.monotonic() + _ASKED_FOR
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own, contextlib.suppress(OSError):
            own.connect(self._datagrams)
            own.send(head + asked)
            while (left := until - time.monotonic()) > 0:
                own.settimeout(left)
                data = own.recv(65535)
                if data.startswith(machine.ENTRANCE):
                    return None  # it cannot be reached
                with contextlib.suppress(Malformed):
                    told = dns.answer(data.removeprefix(head), question)
                    return told if told.rcode in _SAYS else None
        return None
