"""The system's own resolver and web server beside ours, where they are installed."""

from __future__ import annotations

import asyncio

import dns.asyncquery
import dns.message
import dns.rcode
import httpx
import pytest

from harness.lab.servers import programs
from tests import needs
from tests.truth.loopback import NAME, Serve


def program(name: str) -> pytest.MarkDecorator:
    """For what runs a program of the system's packages."""
    return needs.needs(programs.find(name), f"no {name}; make system-deps")


@program("unbound")
@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        (NAME, "A", ("NOERROR", ["127.0.0.1"])),
        (NAME, "AAAA", ("NOERROR", ["::1"])),
        ("deep.news.example.org", "A", ("NXDOMAIN", [])),
        ("nowhere.example.com", "A", ("NXDOMAIN", [])),
    ],
)
def test_unbound_tells_the_truth_but_for_what_it_denies(
    serve: Serve, name: str, kind: str, expected: tuple[str, list[str]]
) -> None:
    async def asked() -> tuple[str, list[str]]:
        async with serve("unbound", nxdomain=["news.example.org"]) as served:
            query = dns.message.make_query(name, kind)
            answer = await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=served.port)
            return dns.rcode.to_text(answer.rcode()), [str(record) for records in answer.answer for record in records]

    assert expected == asyncio.run(asked())


@program("nginx")
def test_nginx_serves_under_the_worlds_authority(serve: Serve) -> None:
    async def asked() -> tuple[str, str]:
        async with (
            serve("nginx", body="hello") as served,
            httpx.AsyncClient(http2=True, verify=served.tls, trust_env=False) as client,
        ):
            answer = await client.get(f"https://127.0.0.1:{served.port}/")
            return answer.http_version, answer.text

    assert ("HTTP/2", "hello") == asyncio.run(asked())
