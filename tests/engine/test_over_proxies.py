import asyncio
from typing import Any

from harness.model import Path, Retry, Spec, Stage
from tests.engine.loopback import serving
from tests.engine.plans import Heard, cell, check, plan, session


class Proxy:
    """An HTTP CONNECT proxy that answers in its targets' place, and counts who is inside at once."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.05)
        self.inside -= 1
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        await reader.read()


def through(proxy: Proxy, *targets: str) -> Heard:
    async def world() -> Heard:
        async with serving(proxy) as port:
            hop = Spec(kind="http_connect", params={"host": "127.0.0.1", "port": port})
            path = Path(name="office", hops=(hop,))
            cells = (cell(target, check("tcp", host=target, port=443), path=path) for target in targets)
            return await session(plan(*cells, retry=Retry(attempts=1)))

    return asyncio.run(world())


def test_no_more_than_four_walks_use_one_proxy_at_once() -> None:
    proxy = Proxy()
    heard = through(proxy, *(f"{n}.example" for n in range(10)))

    assert 4 == proxy.most
    assert 10 == len(heard.facts())


class Hasty(Proxy):
    """Says yes before it has reached anybody, and hangs up when nobody takes the connection."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


class Greeting(Proxy):
    """Reaches a target that speaks first, and hangs up."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n")
        await writer.drain()


def test_a_proxy_that_says_yes_too_early_has_reached_nobody() -> None:
    (walk,) = through(Hasty(), "site.example").attempts("site.example")[0].walks

    assert [("hop:1", Stage.CONNECT, None), ("hop:1", Stage.HOP, None), ("hop:1", Stage.HOP, "eof_error")] == [
        (seen.of, seen.stage, seen.failure) for seen in walk.observations
    ]


def test_a_target_that_speaks_first_has_been_reached() -> None:
    (walk,) = through(Greeting(), "site.example").attempts("site.example")[0].walks

    assert walk.completed


def test_a_name_handed_on_to_a_proxy_is_one_walk_without_an_address() -> None:
    (walk,) = through(Proxy(), "site.example").attempts("site.example")[0].walks

    assert (None, [(Stage.CONNECT, "hop:1"), (Stage.HOP, "hop:1")]) == (
        walk.address,
        [(seen.stage, seen.of) for seen in walk.observations],
    )


def test_what_goes_before_over_a_proxy_is_no_matter_of_the_direct_path() -> None:
    async def world() -> Heard:
        async with serving(Proxy()) as port:
            hop = Spec(kind="http_connect", params={"host": "127.0.0.1", "port": port})
            shut: dict[str, Any] = {"host": "127.0.0.1", "port": 1}
            cells = (
                cell("through", check("tcp", **shut), path=Path(name="office", hops=(hop,))),
                cell("straight", check("tcp", **shut)),
            )
            return await session(plan(*cells, retry=Retry(attempts=1)))

    heard = asyncio.run(world())
    assert [(), ()] == [heard.attempts(key)[0].before for key in ("through", "straight")]
