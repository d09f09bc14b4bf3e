"""The lab's web servers and its reflector, asked by httpx."""

from __future__ import annotations

import asyncio
import ssl

import httpx
import pytest

from tests.truth.loopback import NAME, Serve

PAGES = {"/health": {"json": {"ok": True}}, "*": {"status": 403, "headers": {"x-page": "own"}, "body": "no", "size": 9}}


async def got(serve: Serve, path: str, *, http2: bool, **params: object) -> httpx.Response:
    scheme = "https" if params.get("tls", True) else "http"
    async with (
        serve("web", **params) as served,
        httpx.AsyncClient(http2=http2, verify=served.tls, trust_env=False) as client,
    ):
        return await client.get(f"{scheme}://127.0.0.1:{served.port}{path}")


@pytest.mark.parametrize("http2", [True, False])
def test_a_page_of_64_kib_comes_whole(serve: Serve, http2: bool) -> None:
    answer = asyncio.run(got(serve, "/", http2=http2))

    assert (200, 66_000, NAME in answer.text) == (answer.status_code, len(answer.content), True)


def test_pages_are_data(serve: Serve) -> None:
    answer = asyncio.run(got(serve, "/health?x=1", http2=True, pages=PAGES))

    assert {"ok": True} == answer.json()


def test_every_other_path_is_answered_by_the_page_for_all(serve: Serve) -> None:
    answer = asyncio.run(got(serve, "/x", http2=True, pages=PAGES, tls=False))

    assert (403, "own", "no.......") == (answer.status_code, answer.headers["x-page"], answer.text)


def test_a_host_has_no_certificate_for_another_name(serve: Serve) -> None:
    async def shake_hands() -> None:
        async with serve("web") as served:
            await asyncio.open_connection("127.0.0.1", served.port, ssl=served.tls, server_hostname="other.example.com")

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        asyncio.run(shake_hands())


def test_the_reflector_tells_the_source_that_it_saw(serve: Serve) -> None:
    async def asked() -> object:
        async with serve("reflector") as served:
            transport = httpx.AsyncHTTPTransport(verify=served.tls, local_address="127.0.0.9")
            async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
                return (await client.get(f"https://127.0.0.1:{served.port}/")).json()

    assert {"source": "127.0.0.9"} == asyncio.run(asked())


def test_what_is_no_http_is_answered_by_400(serve: Serve) -> None:
    async def asked() -> bytes:
        async with serve("web", tls=False) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"\x00\x01\x02\r\n\r\n")
            head = await reader.readline()
            writer.close()
            return head

    assert b"HTTP/1.1 400 Bad Request\r\n" == asyncio.run(asked())
