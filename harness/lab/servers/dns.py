"""Resolvers of the lab: they know every true name of the world, and what they were told to deny or to forge."""

from __future__ import annotations

import asyncio

from harness.lab.servers import dnswire
from harness.lab.servers.params import Dns
from harness.lab.servers.seat import Seat, Source, Stream

_IDLE = 180.0  # seconds that a client may say nothing (RFC 7766, 6.2.3)
_FAILURES = {"servfail": dnswire.SERVFAIL, "refused": dnswire.REFUSED}


class Directory:
    """Answers queries by the world's names."""

    def __init__(self, seat: Seat) -> None:
        params: Dns = seat.params
        self._zone = seat.internet.zone
        self._absent = tuple(params.nxdomain)
        self._answers = params.answers
        self._forged = {name: tuple(addresses) for name, addresses in params.forge.items()}

    def answer(self, query: bytes) -> bytes | None:
        """The answer to one query, None where it deserves none."""
        try:
            question = dnswire.parse(query)
        except ValueError:
            return dnswire.failure(query, dnswire.FORMERR)
        if self._answers == "nothing":
            return None
        if self._answers in _FAILURES:
            return dnswire.answer(question, _FAILURES[self._answers], ())
        return dnswire.answer(question, *self._look_up(question.name))

    def _look_up(self, name: str) -> tuple[int, tuple[str, ...]]:
        if forged := self._forged.get(name, self._forged.get("*")):
            return dnswire.NOERROR, forged
        if any(name == absent or name.endswith("." + absent) for absent in self._absent):
            return dnswire.NXDOMAIN, ()
        if name in self._zone:
            return dnswire.NOERROR, self._zone[name]
        above = any(known.endswith("." + name) for known in self._zone)
        return dnswire.NOERROR if above else dnswire.NXDOMAIN, ()


class DnsServer:
    """UDP, and TCP with two bytes of length before each message (RFC 7766)."""

    def __init__(self, seat: Seat) -> None:
        self._directory = Directory(seat)

    def answer(self, datagram: bytes, _source: Source) -> bytes | None:
        """The answer to one query, whoever asks."""
        return self._directory.answer(datagram)

    async def serve(self, stream: Stream) -> None:
        """Answer every query of a connection, in order."""
        while True:
            try:
                async with asyncio.timeout(_IDLE):
                    size = int.from_bytes(await stream.reader.readexactly(2), "big")
                    query = await stream.reader.readexactly(size)
                answer = self._directory.answer(query)
            except asyncio.IncompleteReadError:
                return
            if answer is None:
                return
            stream.writer.write(len(answer).to_bytes(2, "big") + answer)
            await stream.writer.drain()
