"""An SSH server that lets everybody in, for censors that know SSH and for tunnels inside it (RFC 4252, RFC 4254).

A session says back what it is told, as `cat` does, whatever command it is asked to run; a forwarded connection
(`ssh -D`, `-L`, `-W`) goes to where it is asked to, by the world's names.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.lab.servers.seat import Seat, Stream
from harness.lab.servers.sshwire import DISCONNECT, KEXINIT, Fields, Garbled, Transport, string, uint

SERVICE, ACCEPT, ASKED, LET_IN = 5, 6, 50, 52
GLOBAL, NO = 80, 82
OPEN, OPENED, NOT_OPENED, ADJUST, DATA, EOF, CLOSE, REQUEST, DONE = 90, 91, 92, 93, 94, 96, 97, 98, 99
_WINDOW, _LARGEST = (1 << 31) - 1, 32_768  # bytes that a channel may send us, and those of one message
_UNREACHED = 2  # RFC 4254, section 5.1


@dataclass(slots=True)
class Channel:
    """One channel, by the client's number; what it may still be sent, and where what it says goes."""

    peer: int
    room: int
    largest: int
    roomy: asyncio.Event = field(default_factory=asyncio.Event)
    said: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)  # to a session; b"" is its end
    there: Stream | None = None  # None: a session


class SshServer:
    """Everybody's shell on one host; its key is made with the first client."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    @functools.cached_property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.generate()

    async def serve(self, stream: Stream) -> None:
        """Shake hands, let in, and serve channels until the client goes."""
        transport = Transport(stream, self._key)
        await transport.open()
        async with contextlib.AsyncExitStack() as held:
            await Session(transport, self._reached, held).run()

    async def _reached(self, host: str, port: int) -> Stream:
        """A connection to a host of the world, by its name or its address."""
        if self._seat.internet.elsewhere is not None:
            raise OSError("nothing is forwarded where addresses are not this machine's")
        addresses = self._seat.internet.zone.get(host.lower().rstrip("."), (host,))
        return Stream(*await asyncio.open_connection(addresses[0], port))


Reach = Callable[[str, int], Awaitable[Stream]]


class Session:
    """One client that has shaken hands."""

    def __init__(self, transport: Transport, reach: Reach, held: contextlib.AsyncExitStack) -> None:
        self._transport, self._reach, self._held = transport, reach, held
        self._channels: dict[int, Channel] = {}
        self._count = 0

    async def run(self) -> None:
        """Answer messages, one after the other."""
        answers: dict[int, Callable[[Fields], Awaitable[None]]] = {
            SERVICE: self._service,
            ASKED: self._login,
            GLOBAL: self._global,
            OPEN: self._open,
            ADJUST: self._adjust,
            DATA: self._data,
            EOF: self._eof,
            CLOSE: self._close,
            REQUEST: self._request,
        }
        while True:
            heard = await self._transport.hear()
            message = Fields(heard)
            kind = message.take(1)[0]
            if kind == DISCONNECT:
                return
            if kind == KEXINIT:
                await self._transport.renew(heard)
            elif kind in answers:
                await answers[kind](message)

    async def _service(self, message: Fields) -> None:
        await self._transport.say(bytes((ACCEPT,)) + string(message.string()))

    async def _login(self, message: Fields) -> None:
        await self._transport.say(bytes((LET_IN,)))

    async def _global(self, message: Fields) -> None:
        message.string()
        if message.take(1) != b"\0":
            await self._transport.say(bytes((NO,)))

    async def _open(self, message: Fields) -> None:
        kind, peer, room, largest = message.string(), message.number(), message.number(), message.number()
        channel = Channel(peer, room, min(largest, _LARGEST))
        if kind == b"direct-tcpip":
            host, port = message.string().decode("ascii", "replace"), message.number()
            try:
                channel.there = await self._reach(host, port)
            except (OSError, OverflowError, UnicodeError):  # not there, or nothing that could be a port or a name
                await self._transport.say(bytes((NOT_OPENED,)) + uint(peer) + uint(_UNREACHED) + bytes(8))
                return
            self._held.callback(channel.there.writer.close)
        number, self._count = self._count, self._count + 1
        self._channels[number] = channel
        await self._transport.say(bytes((OPENED,)) + uint(peer) + uint(number) + uint(_WINDOW) + uint(_LARGEST))
        task = asyncio.create_task(self._forward(channel, channel.there) if channel.there else self._echo(channel))
        self._held.callback(task.cancel)

    async def _forward(self, channel: Channel, there: Stream) -> None:
        """What comes from where the channel leads, the end too."""
        with contextlib.suppress(OSError):
            while data := await there.reader.read(_LARGEST):
                await self._send(channel, data)
            await self._transport.say(bytes((EOF,)) + uint(channel.peer))
            await self._transport.say(bytes((CLOSE,)) + uint(channel.peer))

    async def _echo(self, channel: Channel) -> None:
        """What the session is told, and at its end that all went well."""
        with contextlib.suppress(OSError):
            while data := await channel.said.get():
                await self._send(channel, data)
            code = string(b"exit-status") + b"\0" + uint(0)
            await self._transport.say(bytes((REQUEST,)) + uint(channel.peer) + code)
            await self._transport.say(bytes((CLOSE,)) + uint(channel.peer))

    async def _send(self, channel: Channel, data: bytes) -> None:
        """Send as the client has room."""
        while data:
            while not channel.room:
                channel.roomy.clear()
                await channel.roomy.wait()
            part = data[: min(channel.room, channel.largest)]
            channel.room -= len(part)
            data = data[len(part) :]
            await self._transport.say(bytes((DATA,)) + uint(channel.peer) + string(part))

    async def _adjust(self, message: Fields) -> None:
        channel = self._named(message)
        channel.room += message.number()
        channel.roomy.set()

    async def _data(self, message: Fields) -> None:
        channel, data = self._named(message), message.string()
        if channel.there is not None:
            channel.there.writer.write(data)
            await channel.there.writer.drain()
        else:
            channel.said.put_nowait(data)

    async def _eof(self, message: Fields) -> None:
        channel = self._named(message)
        if channel.there is not None:
            with contextlib.suppress(OSError):
                channel.there.writer.write_eof()
        else:
            channel.said.put_nowait(b"")

    async def _close(self, message: Fields) -> None:
        channel = self._named(message)
        if channel.there is not None:
            channel.there.writer.close()

    async def _request(self, message: Fields) -> None:
        channel, _, wanted = self._named(message), message.string(), message.take(1)
        if wanted != b"\0":
            await self._transport.say(bytes((DONE,)) + uint(channel.peer))

    def _named(self, message: Fields) -> Channel:
        try:
            return self._channels[message.number()]
        except KeyError:
            raise Garbled from None
