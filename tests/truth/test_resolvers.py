"""What the lab's resolvers answer, asked by dnspython and httpx."""

from __future__ import annotations

import asyncio

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import httpx
import pytest

from harness.lab.servers import dnswire
from tests.truth.loopback import NAME, Serve, Served


def query(name: str, kind: str = "A") -> dns.message.Message:
    return dns.message.make_query(name, kind, use_edns=0)


def said(answer: dns.message.Message) -> tuple[str, list[str]]:
    return dns.rcode.to_text(answer.rcode()), [str(record) for records in answer.answer for record in records]


async def by_udp(served: Served, name: str, kind: str = "A") -> tuple[str, list[str]]:
    return said(await dns.asyncquery.udp(query(name, kind), "127.0.0.1", timeout=5, port=served.port))


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        (NAME, "A", ("NOERROR", ["127.0.0.1"])),
        ("WWW.eXample.com", "AAAA", ("NOERROR", ["::1"])),
        (NAME, "MX", ("NOERROR", [])),
        ("example.com", "A", ("NOERROR", [])),
        ("nowhere.example.com", "A", ("NXDOMAIN", [])),
        ("news.example.org", "A", ("NXDOMAIN", [])),
        ("deep.news.example.org", "A", ("NXDOMAIN", [])),
        ("forged.example.net", "A", ("NOERROR", ["192.0.2.66"])),
    ],
)
def test_a_resolver_tells_the_truth_but_for_what_it_denies_or_forges(
    serve: Serve, name: str, kind: str, expected: tuple[str, list[str]]
) -> None:
    async def asked() -> tuple[str, list[str]]:
        async with serve("dns", nxdomain=["news.example.org"], forge={"forged.example.net": ["192.0.2.66"]}) as served:
            return await by_udp(served, name, kind)

    assert expected == asyncio.run(asked())


def test_tcp_carries_the_same_answers(serve: Serve) -> None:
    async def asked() -> tuple[str, list[str]]:
        async with serve("dns") as served:
            return said(await dns.asyncquery.tcp(query(NAME), "127.0.0.1", timeout=5, port=served.port))

    assert ("NOERROR", ["127.0.0.1"]) == asyncio.run(asked())


def test_tls_carries_the_same_answers(serve: Serve) -> None:
    async def asked() -> tuple[str, list[str]]:
        async with serve("dot") as served:
            answer = await dns.asyncquery.tls(
                query(NAME), "127.0.0.1", timeout=5, port=served.port, ssl_context=served.tls, server_hostname=NAME
            )
            return said(answer)

    assert ("NOERROR", ["127.0.0.1"]) == asyncio.run(asked())


@pytest.mark.parametrize(("http2", "version"), [(True, "HTTP/2"), (False, "HTTP/1.1")])
def test_https_carries_the_same_answers(serve: Serve, http2: bool, version: str) -> None:
    async def asked() -> tuple[str, tuple[str, list[str]]]:
        async with serve("doh") as served, httpx.AsyncClient(http2=http2, verify=served.tls, trust_env=False) as client:
            url = f"https://127.0.0.1:{served.port}/dns-query"
            answer = await client.post(url, content=query(NAME).to_wire())
            return answer.http_version, said(dns.message.from_wire(answer.content))

    assert (version, ("NOERROR", ["127.0.0.1"])) == asyncio.run(asked())


def test_what_is_no_query_is_answered_by_an_error() -> None:
    assert b"\x12\x34\x81\x81" == (dnswire.failure(b"\x12\x34" + bytes(10), dnswire.FORMERR) or b"")[:4]


def test_an_answer_is_never_answered() -> None:
    assert dnswire.failure(b"\x12\x34\x80" + bytes(9), dnswire.FORMERR) is None


@pytest.mark.parametrize(("answers", "expected"), [("servfail", "SERVFAIL"), ("refused", "REFUSED")])
def test_a_resolver_may_fail_for_every_name(serve: Serve, answers: str, expected: str) -> None:
    async def asked() -> tuple[str, list[str]]:
        async with serve("dns", answers=answers) as served:
            return await by_udp(served, NAME)

    assert (expected, []) == asyncio.run(asked())


def test_a_resolver_may_say_nothing(serve: Serve) -> None:
    async def asked() -> None:
        async with serve("dns", answers="nothing") as served:
            await dns.asyncquery.udp(query(NAME), "127.0.0.1", timeout=0.3, port=served.port)

    with pytest.raises(dns.exception.Timeout):
        asyncio.run(asked())


def test_a_portals_resolver_has_one_address_for_all_names(serve: Serve) -> None:
    async def asked() -> list[tuple[str, list[str]]]:
        async with serve("dns", forge={"*": ["192.0.2.66"]}) as served:
            return [await by_udp(served, name) for name in (NAME, "nowhere.example.net")]

    assert [("NOERROR", ["192.0.2.66"])] * 2 == asyncio.run(asked())
