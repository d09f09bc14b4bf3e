"""What ails a server without a censor: it turns away, opens and shuts, is late or slow, has an old certificate."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import ssl
import time

import httpx
import pytest
from cryptography import x509

from harness.lab.servers.authority import Authority
from harness.lab.servers.door import Guard
from harness.lab.servers.params import Flap, Page, Refusal
from harness.lab.world import Certificate, Host
from tests.truth.loopback import NAME, Serve, Served

HERE = ("127.0.0.0/8",)


async def asked(served: Served, *, http2: bool = True) -> httpx.Response:
    async with httpx.AsyncClient(http2=http2, verify=served.tls, trust_env=False) as client:
        return await client.get(f"https://127.0.0.1:{served.port}/")


def got(serve: Serve, **params: object) -> httpx.Response:
    async def once() -> httpx.Response:
        async with serve("web", **params) as served:
            return await asked(served)

    return asyncio.run(once())


@pytest.mark.parametrize("http2", [True, False])
def test_who_is_turned_away_is_shown_a_page_under_the_servers_own_key(serve: Serve, http2: bool) -> None:
    async def once() -> httpx.Response:
        async with serve("web", refuse=Refusal(sources=HERE, page=Page(status=451, body="not here"))) as served:
            return await asked(served, http2=http2)

    answer = asyncio.run(once())

    assert (451, "not here") == (answer.status_code, answer.text)


def test_who_comes_from_elsewhere_is_served(serve: Serve) -> None:
    assert 200 == got(serve, refuse=Refusal(exempt_sources=HERE)).status_code


@pytest.mark.parametrize(
    ("how", "ends"), [("reset", ConnectionResetError), ("close", ssl.SSLEOFError), ("silence", TimeoutError)]
)
def test_who_is_turned_away_before_tls_meets_a_reset_an_end_or_silence(
    serve: Serve, how: str, ends: type[Exception]
) -> None:
    async def knock() -> None:
        async with serve("web", refuse={"sources": list(HERE), "how": how}) as served, asyncio.timeout(0.5):
            await asyncio.open_connection("127.0.0.1", served.port, ssl=served.tls, server_hostname=NAME)

    with pytest.raises((ends, ConnectionResetError)):
        asyncio.run(knock())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_share_of_those_who_come_is_kept_and_not_drawn(share: float) -> None:
    guard = Guard(Refusal(share=share))

    turned = sum(guard.turns_away("198.51.100.7") for _ in range(100))

    assert abs(turned - 100 * share) <= 1


def test_both_families_are_told_by_their_source() -> None:
    guard = Guard(Refusal(sources=("192.0.2.0/24", "2001:db8::/32"), exempt_sources=("192.0.2.9", "2001:db8:9::/48")))

    told = [
        guard.turns_away(source) for source in ("192.0.2.1", "2001:db8::1", "192.0.2.9", "2001:db8:9::1", "8.8.8.8")
    ]

    assert [True, True, False, False, False] == told


def test_a_late_server_answers_late(serve: Serve) -> None:
    began = time.monotonic()

    assert 200 == got(serve, delay=0.3).status_code
    assert time.monotonic() - began >= 0.3


def test_a_slow_server_sends_no_faster_than_its_rate(serve: Serve) -> None:
    began = time.monotonic()

    answer = got(serve, rate=2_000_000.0, pages={"/": Page(size=66_000)})

    # a page of one of loopback's own segments: some of it leaves at once
    assert time.monotonic() - began >= 0.5 * len(answer.content) * 8 / 2_000_000


def test_a_flapping_server_refuses_and_cuts_while_it_is_down(serve: Serve) -> None:
    async def watched() -> tuple[str, bytes]:
        async with serve("web", tls=False, flap=Flap(up=0.2, down=5.0)) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            try:
                cut = await reader.read(1)
            except ConnectionResetError:
                cut = b""
            writer.close()
            try:
                await asyncio.open_connection("127.0.0.1", served.port)
            except ConnectionRefusedError:
                return "refused", cut
            return "served", cut

    assert ("refused", b"") == asyncio.run(watched())


def test_a_flapping_server_comes_again(serve: Serve) -> None:
    async def watched() -> list[bool]:
        served_by_turns: list[bool] = []
        async with serve("web", flap={"up": 0.4, "down": 0.3}) as served, asyncio.timeout(20):
            while served_by_turns[-3:] != [True, False, True]:  # however long one ask takes
                answers = await answers_now(served)
                if served_by_turns[-1:] != [answers]:
                    served_by_turns.append(answers)
        return served_by_turns[-3:]

    assert [True, False, True] == asyncio.run(watched())


async def answers_now(served: Served) -> bool:
    try:
        return (await asked(served)).status_code == 200
    except httpx.TransportError:
        return False


def dated(tmp_path: pathlib.Path, certificate: Certificate, skew: float = 0.0) -> tuple[float, float, list[str]]:
    """When a host's certificate begins and ends, in days from now, and its names."""
    host = Host(name="own", addresses=("192.0.2.1",), names=(NAME,), certificate=certificate)
    read = x509.load_pem_x509_certificate(Authority(tmp_path, skew=skew).chain_file(host).read_bytes())
    now = dt.datetime.now(dt.UTC)
    sans = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
    days = dt.timedelta(days=1)
    return round((begins - now) / days, 2), round((ends - now) / days, 2), sans.get_values_for_type(x509.DNSName)


def test_a_certificate_is_dated_as_the_world_says(tmp_path: pathlib.Path) -> None:
    old = Certificate(begins=-93 * 86_400.0, ends=-3 * 86_400.0, names=("moved.example.com",))

    assert (-93, -3, [NAME, "moved.example.com"]) == dated(tmp_path, old)


def test_a_clock_that_is_ahead_makes_all_certificates_old(tmp_path: pathlib.Path) -> None:
    assert (-46, -15, [NAME]) == dated(tmp_path, Certificate(), skew=45 * 86_400.0)
