import asyncio
from typing import Any

import pytest

from harness.dial.api import Address, WalkEnded
from harness.dial.open import OpenPath, open_path
from harness.model import Path, Spec, Stage, Trust
from tests.dial.loopback import Authority, Datagram, echo, greeted, only, serving, soon, stages, tape
from tests.dial.nameserver import answer, by_http2
from tests.dial.test_direct import closed_port
from tests.dial.test_hops import connect_server, socks_server


def opened(trust: Trust | None = None, permit: Any = lambda _address: True, **path: Any) -> OpenPath:
    return open_path(Path(name="ours", **path), trust or Trust(), permit=permit)


def proxy(kind: str, port: int, host: str = "127.0.0.1") -> Spec:
    return Spec(kind=kind, params={"host": host, "port": port})


def nameserver(port: int) -> Spec:
    return Spec(kind="udp", params={"server": "127.0.0.1", "port": port, "hold": 0.05})


def local(question: bytes) -> list[tuple[float, bytes]]:
    return [(0, answer(question, held={"A": ["127.0.0.1"], "AAAA": ["::1"]}))]


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_is_its_own_answer_and_no_stage(host: str) -> None:
    written = tape()

    assert (host,) == asyncio.run(opened().addresses(host, soon(), written))
    assert [] == stages(written)


def test_a_pinned_name_is_a_stage_that_says_so() -> None:
    written = tape()
    path = opened(pins={"a.example": ("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1")})

    found = asyncio.run(path.addresses("a.example", soon(), written))
    seen = only(written, Stage.RESOLVE)

    assert ("192.0.2.1", "192.0.2.2", "2001:db8::1") == found
    assert ("pins", "a.example", None) == (seen.detail["server"], seen.detail["query"], seen.failure)


def test_a_path_of_one_family_keeps_to_it_also_where_names_are_pinned() -> None:
    path = opened(pins={"a.example": ("192.0.2.1", "2001:db8::1")}, base=Spec(kind="direct", params={"family": 6}))

    assert ("2001:db8::1",) == asyncio.run(path.addresses("a.example", soon(), tape()))


@pytest.mark.parametrize(
    ("path", "remote", "udp"),
    [
        ({}, False, True),
        ({"hops": (proxy("http_connect", 1),)}, True, False),
        ({"hops": (proxy("socks5h", 1),)}, True, True),
        ({"hops": (proxy("socks5", 1),)}, False, True),
        ({"hops": (proxy("http_connect", 1), proxy("socks5", 1))}, False, False),
        ({"hops": (proxy("socks5h", 1),), "resolver": nameserver(53)}, False, True),
    ],
)
def test_names_are_handed_on_where_the_last_hop_resolves_and_no_resolver_is_declared(
    path: dict[str, Any], remote: bool, udp: bool
) -> None:
    made = opened(**path)

    assert (remote, udp) == (made.remote_names, made.udp)


def test_a_handed_on_name_is_no_address_and_no_stage() -> None:
    written = tape()

    assert (None,) == asyncio.run(opened(hops=(proxy("socks5h", 1),)).addresses("a.example", soon(), written))
    assert [] == stages(written)


def test_a_direct_path_connects_as_the_target() -> None:
    written = tape()

    async def act() -> None:
        async with serving(echo) as port:
            (await opened().dialer.stream(Address("127.0.0.1", port), soon(), written)).close()

    asyncio.run(act())

    assert [("target", "connect", None)] == stages(written)


def test_the_name_of_a_proxy_is_asked_of_the_paths_resolver() -> None:
    written = tape()

    async def act() -> None:
        async with Datagram(local).serving() as server, serving(connect_server([])) as port:
            path = opened(resolver=nameserver(server.port), hops=(proxy("http_connect", port, "proxy.example"),))
            (await path.dialer.stream(Address("192.0.2.1", 443), soon(), written)).close()

    asyncio.run(act())

    assert ["resolve", "connect", "hop"] == [stage for of, stage, _ in stages(written) if of == "hop:1"]
    assert "proxy.example" == only(written, Stage.RESOLVE, "hop:1").detail["query"]


@pytest.mark.parametrize(("hold", "kept"), [(0.02, 1), (0.2, 2)])
def test_a_resolver_by_udp_listens_on_for_as_long_as_the_path_is_opened_with(hold: float, kept: int) -> None:
    written = tape()

    async def act() -> None:
        twice = Datagram(lambda question: [*local(question), (0.1, answer(question, held={"A": ["192.0.2.1"]}))])
        async with twice.serving() as server:
            params = {"server": "127.0.0.1", "port": server.port}
            only_v4 = Path(
                name="ours", resolver=Spec(kind="udp", params=params), base=Spec(kind="direct", params={"family": 4})
            )
            await open_path(only_v4, Trust(), hold=hold).addresses("a.example", soon(), written)

    asyncio.run(act())

    assert kept == len(only(written, Stage.RESOLVE).detail["answers"])


def test_the_name_of_a_second_proxy_is_handed_to_a_first_that_resolves() -> None:
    written, asked = tape(), list[bytes]()

    async def act() -> None:
        async with serving(socks_server(asked)) as second, serving(connect_server(asked, port=second)) as first:
            hops = (proxy("http_connect", first), proxy("socks5", second, "second.example"))
            (await opened(hops=hops).dialer.stream(Address("192.0.2.1", 443), soon(), written)).close()

    asyncio.run(act())

    assert [("hop:1", "connect", None), ("hop:1", "hop", None), ("hop:2", "hop", None)] == stages(written)
    assert asked[0].startswith(b"CONNECT second.example:")


def test_a_proxy_that_is_not_there_is_told_after_each_of_its_addresses() -> None:
    written = tape()
    path = opened(pins={"proxy.example": ("127.0.0.1", "::1")}, hops=(proxy("socks5", closed_port(), "proxy.example"),))

    with pytest.raises(WalkEnded):
        asyncio.run(path.dialer.stream(Address("192.0.2.1", 443), soon(), written))

    assert [("hop:1", "resolve", None), ("hop:1", "connect", "connection_refused")] == stages(written)
    assert ["127.0.0.1"] == [one["address"] for one in written.observations[-1].detail["tried"]]


def test_lookups_may_travel_through_the_hops(vouched: Authority) -> None:
    written, asked = tape(), list[bytes]()

    async def act() -> tuple[str | None, ...]:
        context = vouched.server("dns.example", alpn=("h2",))
        async with serving(by_http2(), context) as dns, serving(socks_server(asked, port=dns)) as port:
            url = {"url": f"https://dns.example:{dns}/dns-query", "bootstrap": ["127.0.0.1"]}
            path = opened(
                trust=vouched.trust,
                resolver=Spec(kind="doh", params=url),
                hops=(proxy("socks5", port),),
                lookup="hops",
            )
            return await path.addresses("a.example", soon(), written)

    assert "2001:db8::1" in asyncio.run(act())
    assert [
        ("hop:1", "connect", None),
        ("hop:1", "hop", None),
        ("resolver", "tls", None),
        ("target", "resolve", None),
    ] == stages(written)


def test_everything_composed_reaches_a_target_under_tls(vouched: Authority) -> None:
    written, asked = tape(), list[bytes]()

    async def act() -> bytes:
        async with (
            serving(echo, vouched.server()) as target,
            serving(socks_server(asked, port=target)) as second,
            serving(connect_server(asked, port=second)) as first,
            Datagram(local).serving() as dns,
        ):
            hops = (proxy("http_connect", first), proxy("socks5", second))
            path = opened(trust=vouched.trust, resolver=nameserver(dns.port), hops=hops)
            address, *_ = await path.addresses("site.example", soon(), written)
            stream = await path.dialer.stream(Address(address or "", target), soon(), written)
            return await greeted(stream, vouched.trust, written)

    assert b"hello" == asyncio.run(act())
    assert [
        ("target", "resolve", None),
        ("hop:1", "connect", None),
        ("hop:1", "hop", None),
        ("hop:2", "hop", None),
        ("target", "tls", None),
    ] == stages(written)


def test_nothing_leaves_for_an_address_that_is_not_permitted() -> None:
    path, written = opened(permit=lambda address: address == "127.0.0.1", resolver=nameserver(53)), tape()
    walled = opened(permit=lambda _address: False, resolver=nameserver(53))

    with pytest.raises(WalkEnded):
        asyncio.run(path.dialer.stream(Address("192.0.2.1", 443), soon(), written))
    with pytest.raises(WalkEnded):
        asyncio.run(walled.addresses("a.example", soon(), written))

    assert [("target", "connect", "permission_denied"), ("target", "resolve", "permission_denied")] == stages(written)


def test_a_path_may_be_closed_twice() -> None:
    path = opened()

    path.close()
    path.close()

    assert "ours" == path.path.name
