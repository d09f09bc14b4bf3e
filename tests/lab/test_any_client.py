"""The lab's own servers under clients that are no probes of ours: whatever one says, the world stands for others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import random
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import h2.connection
import h2.events
import pytest
import wsproto
from h2.config import H2Configuration
from wsproto.events import AcceptConnection, Event, Message, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from harness.lab import Host, World, servers
from harness.lab.servers.listen import bind, free_ports
from harness.lab.servers.relay import Relay
from harness.lab.world import Service
from harness.model import Vantage
from tests.lab.conftest import query

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HELLO = json.dumps({"ver": 11, "cmd": 0, "seq": 7, "opcode": 6, "payload": {}})
HEAD = [(":method", "GET"), (":path", "/"), (":authority", "www.example.com"), (":scheme", "https")]
PAGES = {"/": {"body": "a page\n"}, "/none": {"status": 204, "body": "never sent"}}


@dataclass(frozen=True, kw_only=True)
class Served:
    """One server of a world on loopback, and the end of that world."""

    port: int
    end: asyncio.Task[None]

    async def connect(self, alpn: str = "") -> Streams:
        context = ssl._create_unverified_context() if alpn else None
        if context:
            context.set_alpn_protocols([alpn])
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context)


@contextlib.asynccontextmanager
async def served(folder: pathlib.Path, kind: str, **params: Any) -> AsyncIterator[Served]:
    (port,) = free_ports(1)
    host = Host(
        name="host",
        addresses=("127.0.0.1",),
        names=("www.example.com",),
        services=(Service(kind=kind, port=port, params=params),),
    )
    world = World(name="one", title="One server", vantage=Vantage(name="one"), hosts=(host,))
    up = asyncio.Event()
    end = asyncio.create_task(servers.run(world, folder, lambda _: up.set()))
    ready = asyncio.create_task(up.wait())
    await asyncio.wait({ready, end}, return_when=asyncio.FIRST_COMPLETED)
    if end.done():
        ready.cancel()
        end.result()
    try:
        yield Served(port=port, end=end)
        assert not end.done(), str(end.exception())
    finally:
        end.cancel()
        await asyncio.wait({end})


def within(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await act()

    asyncio.run(bounded())


async def said(streams: Streams, data: bytes) -> bytes:
    """All that a server says to this, until it ends the connection."""
    streams[1].write(data)
    heard = await streams[0].read(-1)
    streams[1].close()
    return heard


def asks(target: str, method: str = "GET", more: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nhost: www.example.com\r\nconnection: close\r\n{more}\r\n".encode()


async def status(server: Served, request: bytes, alpn: str = "") -> tuple[bytes, bytes]:
    """The number of an answer, and its body."""
    head, _, body = (await said(await server.connect(alpn), request)).partition(b"\r\n\r\n")
    return head.split()[1], body


# --- HTTP ---


def test_who_takes_a_web_server_for_a_proxy_is_refused(tmp_path: pathlib.Path) -> None:
    async def act() -> None:
        async with served(tmp_path, "web", tls=False, pages=PAGES) as server:
            assert b"405" == (await status(server, asks("www.example.org:443", "CONNECT")))[0]
            assert (b"200", b"a page\n") == await status(server, asks("/"))

    within(10, act)


def test_an_answer_that_has_no_body_is_sent_without_one(tmp_path: pathlib.Path) -> None:
    async def act() -> None:
        async with served(tmp_path, "web", tls=False, pages=PAGES) as server:
            assert (b"204", b"") == await status(server, asks("/none"))

    within(10, act)


def test_letters_beyond_ascii_are_no_question(tmp_path: pathlib.Path) -> None:
    async def act() -> None:
        async with served(tmp_path, "doh") as server:
            assert b"400" == (await status(server, asks("/dns-query?dns=%C3%A9"), "http/1.1"))[0]

    within(10, act)


class Browser:
    """A client of HTTP/2 that says what it likes."""

    def __init__(self, streams: Streams) -> None:
        self.reader, self.writer = streams
        self.http = h2.connection.H2Connection(
            H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        self.http.initiate_connection()

    def ask(self, number: int, *more: tuple[str | bytes, str | bytes]) -> None:
        self.http.send_headers(number, [*HEAD, *more], end_stream=True)

    async def statuses(self, count: int) -> dict[int, str]:
        """The statuses of so many streams, in one flight of what was said so far."""
        self.writer.write(self.http.data_to_send())
        found: dict[int, str] = {}
        while len(found) < count and (data := await self.reader.read(65536)):
            for event in self.http.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    fields = {bytes(name): bytes(value).decode() for name, value in event.headers}
                    found[event.stream_id or 0] = fields[b":status"]
        return found


def test_a_header_that_is_no_utf_8_is_a_header(tmp_path: pathlib.Path) -> None:
    async def act() -> None:
        async with served(tmp_path, "web", pages=PAGES) as server:
            browser = Browser(await server.connect("h2"))
            browser.ask(1, ("x-word", b"\xff\xfe"))
            assert {1: "200"} == await browser.statuses(1)
            browser.writer.close()

    within(10, act)


def test_a_stream_that_is_given_up_leaves_the_others(tmp_path: pathlib.Path) -> None:
    async def act() -> None:
        async with served(tmp_path, "web", pages=PAGES) as server:
            browser = Browser(await server.connect("h2"))
            browser.ask(1)
            browser.http.reset_stream(1)
            browser.ask(3)
            assert {3: "200"} == await browser.statuses(1)
            browser.writer.close()

    within(10, act)


# --- web sockets ---


async def hello(streams: Streams, *, deflate: bool, frames: int, pieces: int) -> str:
    """What MAX's server answers to a hello in so many frames, cut into so many writes."""
    reader, writer = streams
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    offered = [PerMessageDeflate()] if deflate else []
    writer.write(client.send(Request(host="ws-api.oneme.ru", target="/websocket", extensions=offered)))
    await _next(client, reader, AcceptConnection)
    size = -(-len(HELLO) // frames)
    parts = [HELLO[at : at + size] for at in range(0, len(HELLO), size)]
    events = [Message(data=part, message_finished=part is parts[-1]) for part in parts]
    data = b"".join(map(client.send, events))
    for at in range(pieces):
        writer.write(data[at * len(data) // pieces : (at + 1) * len(data) // pieces])
        await asyncio.sleep(0.01)
    answer = await _next(client, reader, TextMessage)
    writer.close()
    return str(answer.data)  # type: ignore[attr-defined]


async def _next(client: wsproto.WSConnection, reader: asyncio.StreamReader, kind: type[Event]) -> Event:
    while True:
        for event in client.events():
            if isinstance(event, kind):
                return event
        heard = await reader.read(65536)
        assert heard, "the server has hung up"
        client.receive_data(heard)


@pytest.mark.parametrize(("deflate", "frames", "pieces"), [(False, 1, 1), (True, 1, 1), (False, 3, 1), (False, 1, 4)])
def test_a_message_is_heard_whole_in_whatever_parts_it_comes(
    tmp_path: pathlib.Path, deflate: bool, frames: int, pieces: int
) -> None:
    async def act() -> None:
        async with served(tmp_path, "max") as server:
            told = await hello(await server.connect("http/1.1"), deflate=deflate, frames=frames, pieces=pieces)
            assert {"cmd": 1, "seq": 7}.items() <= json.loads(told).items()

    within(10, act)


# --- whatever it is ---


def upgrade(path: str, *frames: tuple[int, bytes]) -> bytes:
    """A web socket's opening with frames behind it, masked by zeros."""
    key = "upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
    head = f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n{key}\r\n".encode()
    return head + b"".join(
        bytes((0x80 | kind, 0xFF)) + len(data).to_bytes(8, "big") + bytes(4) + data for kind, data in frames
    )


def flight(*more: tuple[str | bytes, str | bytes]) -> bytes:
    browser = Browser((None, None))  # type: ignore[arg-type]
    browser.ask(1, *more)
    browser.http.send_headers(3, [(":method", "POST"), (":path", "/dns-query"), *HEAD[2:]])
    browser.http.send_data(3, b"no question", end_stream=True)
    return bytes(browser.http.data_to_send())


WEB = (
    *(asks("/"), asks("a:1", "CONNECT"), asks("/\u00e9"), asks("/", more="x: \u00ff\r\n"), asks("*", "OPTIONS")),
    *(asks("/", "POST", "expect: 100-continue\r\ncontent-length: 2\r\n") + b"ab", asks("/dns-query?dns=_%C3%A9")),
    asks("/dns-query", "POST", "transfer-encoding: chunked\r\n") + b"5\r\nhello\r\n0\r\n\r\n",
)
QUESTION = len(query("www.example.com")).to_bytes(2, "big") + query("www.example.com")
STUN = struct.pack(">HHI12s", 1, 0, 0x2112A442, b"transaction.")
KEXINIT = b"SSH-2.0-x\r\n" + struct.pack(">IB", 28, 4) + b"\x14" + bytes(26)
SSH = tuple(
    KEXINIT + struct.pack(">IBBI", 6 + size + 6, 6, 30, size) + bytes(size + 6) for size in (0, 5, 32)
)  # keys of a wrong size, and one that is none
NOISE = b"WA\x06\x03\0\0\x24\x12\x22\x0a\x20"
MESSAGES = ((1, HELLO.encode()), (1, b"[" * 99_999), (2, NOISE + bytes(32)), (9, b"ping"), (8, b"\x03\xe8"))

OPENINGS: list[tuple[str, str, tuple[bytes, ...]]] = [
    ("web", "", WEB),
    ("reflector", "", WEB),
    ("doh", "http/1.1", WEB),
    ("web", "h2", (flight(), flight(("x", b"\xff")), flight(("X", "\u00e9")))),
    ("doh", "h2", (flight(), flight(("x", b"\xff")))),
    ("dns", "", (QUESTION, QUESTION * 2)),
    ("max", "http/1.1", (*WEB, *(upgrade("/websocket", one) for one in MESSAGES))),
    ("whatsapp_web", "http/1.1", (*WEB, *(upgrade("/ws/chat", one) for one in MESSAGES))),
    ("whatsapp_raw", "", (NOISE + bytes(32), NOISE + bytes(range(32)))),
    ("mtproto", "", (bytes(200), bytes(range(200)))),
    ("stun", "", (STUN, STUN * 2)),
    ("ssh", "", (KEXINIT, *SSH)),
    ("mitm", "", (b"\x16\x03\x01\0\x05hello", asks("/"))),
]


PLAIN = {("web", ""), ("reflector", "")}


def mangled(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole[: chance.randint(0, len(whole))] if chance.random() < 0.4 else whole)
    for _ in range(chance.randint(1, 4)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


async def _tell(server: Served, alpn: str, data: bytes) -> None:
    """Say it, hear what comes at once, and go."""
    with contextlib.suppress(OSError, TimeoutError):
        reader, writer = await server.connect(alpn)
        with contextlib.closing(writer):
            writer.write(data)
            async with asyncio.timeout(0.02):
                while await reader.read(65536):
                    continue


@pytest.mark.parametrize(
    ("kind", "alpn", "openings"), OPENINGS, ids=[f"{kind} {alpn}".strip() for kind, alpn, _ in OPENINGS]
)
def test_no_client_ends_a_world(tmp_path: pathlib.Path, kind: str, alpn: str, openings: tuple[bytes, ...]) -> None:
    chance = random.Random(f"{kind} {alpn}")
    told = [*openings, *(mangled(chance.choice(openings), chance) for _ in range(24))]

    async def act() -> None:
        async with served(tmp_path, kind, **({"tls": False} if (kind, alpn) in PLAIN else {})) as server:
            for data in told:
                await _tell(server, alpn, data)
                assert not server.end.done(), data[:200]

    within(30, act)


def test_a_request_of_turn_is_refused_as_one(tmp_path: pathlib.Path) -> None:
    allocate = struct.pack(">HHI12s", 3, 0, 0x2112A442, b"transaction.")

    async def act() -> None:
        async with served(tmp_path, "stun") as server:
            reader, writer = await server.connect()
            writer.write(allocate)
            assert b"\x01\x13" == (await reader.readexactly(2))  # RFC 8489, section 5: an error, of that same method
            writer.close()

    within(10, act)


# --- how long a connection stays ---


def later(seconds: float) -> None:
    """Let so much time go by on the clock of the running loop."""
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


STAYING = [
    ("web", asks("/").replace(b"close", b"keep-alive"), b"HTTP/1.1 200", 100),
    ("dns", QUESTION, QUESTION[2:4], 100),
    ("ssh", b"SSH-2.0-x\r\n", b"SSH-2.0-", 7200),
]


@pytest.mark.parametrize(("kind", "ask", "answer", "pause"), STAYING, ids=[kind for kind, *_ in STAYING])
def test_a_connection_that_is_used_may_grow_old(
    tmp_path: pathlib.Path, kind: str, ask: bytes, answer: bytes, pause: float
) -> None:
    async def act() -> None:
        async with served(tmp_path, kind, **({"tls": False, "pages": PAGES} if kind == "web" else {})) as server:
            reader, writer = await server.connect()
            for _ in range(1 if kind == "ssh" else 3):
                await asyncio.sleep(0.05)
                later(pause)
                writer.write(ask)
                assert answer in await reader.read(65536)
            writer.close()

    within(5 + 4 * pause, act)


@pytest.mark.parametrize("kind", ["web", "dns"])
def test_who_says_nothing_for_minutes_is_hung_up_on(tmp_path: pathlib.Path, kind: str) -> None:
    async def act() -> None:
        async with served(tmp_path, kind, **({"tls": False} if (kind, "") in PLAIN else {})) as server:
            reader, writer = await server.connect()
            await asyncio.sleep(0.05)
            later(200)
            assert b"" == await reader.read(1)
            writer.close()

    within(300, act)


def datagrams() -> socket.socket:
    """A socket on some port of loopback, for an event loop."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setblocking(False)
    end.bind(("127.0.0.1", 0))
    return end


def test_a_client_of_datagrams_is_forgotten_once_it_has_gone() -> None:
    async def act() -> None:
        loop = asyncio.get_running_loop()
        with datagrams() as program, datagrams() as client:

            async def inner() -> int:
                return int(program.getsockname()[1])

            public = datagrams()
            relay = Relay(public, inner)
            relay.open()
            ports = []
            for pause in (0, 200, 200, 400):
                later(pause)
                await asyncio.sleep(0.02)
                await loop.sock_sendto(client, b"there", public.getsockname())
                _, source = await loop.sock_recvfrom(program, 100)
                await loop.sock_sendto(program, b"back", source)
                assert b"back" == await loop.sock_recv(client, 100)
                ports.append(source[1])
            relay.close()
            await asyncio.sleep(0.02)

        assert ports[0] == ports[1] == ports[2] != ports[3]

    within(1000, act)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_what_a_server_writes_leaves_at_once(address: str) -> None:
    async def act() -> None:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(met, sock=bind(address, 0, socket.SOCK_STREAM)) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            assert 1 == await told
            writer.close()

    within(5, act)
