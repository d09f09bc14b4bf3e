import asyncio
import ssl
from typing import Any

import pytest

from harness.dial import trust
from harness.dial.api import Tape, WalkEnded
from harness.dial.tls import TlsStream, handshake
from harness.model import Observation, Stage, Trust
from tests.dial.loopback import (
    DIRECT,
    Authority,
    Handler,
    descriptors,
    echo,
    hanging_up,
    here,
    only,
    piping,
    resetting,
    saying,
    serving,
    silent,
    soon,
    stages,
    tape,
)


async def shaken(port: int, name: str, written: Tape, **options: Any) -> TlsStream:
    stream = await DIRECT.stream(here(port), soon(), written)
    return await handshake(stream, name, soon(options.pop("seconds", 5.0)), written, **options)


def failing(
    handler: Handler, context: ssl.SSLContext | None, name: str = "site.example", **options: Any
) -> Observation:
    """The `tls` stage of a handshake that does not go through."""
    written = tape()

    async def act() -> None:
        async with serving(handler, context) as port:
            await shaken(port, name, written, **options)

    with pytest.raises(WalkEnded):
        asyncio.run(act())
    return only(written, Stage.TLS)


def passing(context: ssl.SSLContext, name: str, **options: Any) -> Observation:
    """The `tls` stage of a handshake that goes through."""
    written = tape()

    async def act() -> None:
        async with serving(echo, context) as port:
            (await shaken(port, name, written, **options)).close()

    asyncio.run(act())
    return only(written, Stage.TLS)


def test_bytes_travel_under_tls(vouched: Authority) -> None:
    async def act() -> bytes:
        async with serving(echo, vouched.server()) as port:
            stream = await shaken(port, "site.example", tape(), trust=vouched.trust)
            await stream.write(b"x" * 100_000, soon())
            data = b""
            while len(data) < 100_000:
                data += await stream.read(65536, soon())
            stream.close()
            return data

    assert b"x" * 100_000 == asyncio.run(act())


def test_a_handshake_is_one_stage_with_both_sides_facts(vouched: Authority) -> None:
    seen = passing(vouched.server(alpn=("h2",)), "site.example", trust=vouched.trust, alpn=("h2", "http/1.1"))

    assert (None, "TLSv1.3", "h2", ["site.example"], "CN=site.example", "CN=authority") == (
        seen.failure,
        *(seen.detail[key] for key in ("version", "alpn", "sans", "subject", "issuer")),
    )
    assert 64 == len(seen.detail["peer_sha256"])
    assert seen.detail["ja4"].startswith("t13d")
    assert seen.detail["hello_size"] < seen.sent
    assert {"sent": seen.sent, "received": seen.received} == seen.detail["offset"]


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("name", "days", "ends"),
    [
        ("other.example", (-1, 30), ("ssl_invalid_hostname", "wrong_name")),
        ("site.example", (-9, -2), ("ssl_invalid_certificate", "expired")),
        ("site.example", (2, 9), ("ssl_invalid_certificate", "not_yet_valid")),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused_and_kept(
    vouched: Authority, name: str, days: tuple[int, int], ends: tuple[str, str], highest: int
) -> None:
    seen = failing(echo, vouched.server("site.example", days=days, highest=highest), name, trust=vouched.trust)

    assert (*ends, "CN=authority") == (seen.failure, seen.detail["fault"], seen.detail["issuer"])
    assert seen.detail["server_hello"]


def test_an_unknown_authority_is_refused_and_named(vouched: Authority, stranger: Authority) -> None:
    seen = failing(echo, stranger.server(), trust=vouched.trust)

    assert ("ssl_unknown_authority", "unknown_authority", "CN=stranger") == (
        seen.failure,
        seen.detail["fault"],
        seen.detail["issuer"],
    )


def test_the_machines_own_store_does_not_know_us(vouched: Authority) -> None:
    assert "ssl_unknown_authority" == failing(echo, vouched.server(), trust=Trust()).failure


def test_without_verification_a_strangers_certificate_is_only_noted(vouched: Authority, stranger: Authority) -> None:
    seen = passing(stranger.server(), "any.example", trust=vouched.trust, verify=False)

    assert (None, "CN=stranger") == (seen.failure, seen.detail["issuer"])


def test_an_address_is_verified_as_an_address_and_never_shown_as_a_name(vouched: Authority) -> None:
    seen = passing(vouched.server("127.0.0.1"), "127.0.0.1", trust=vouched.trust)

    assert "t13i" == seen.detail["ja4"][:4]


@pytest.mark.parametrize(
    ("handler", "failure", "answered"),
    [
        (resetting, "connection_reset", False),
        (hanging_up, "eof_error", False),
        (saying(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "ssl_failed_handshake", True),
        # TLS 1.2, alert, fatal, unrecognized_name (RFC 6066, section 3) and handshake_failure (RFC 8446, section 6).
        (saying(bytes.fromhex("15030300020270")), "ssl_invalid_hostname", True),
        (saying(bytes.fromhex("15030300020228")), "ssl_failed_handshake", True),
    ],
)
def test_how_a_handshake_was_cut_is_told(vouched: Authority, handler: Handler, failure: str, answered: bool) -> None:
    seen = failing(handler, None, trust=vouched.trust)

    assert (failure, answered) == (seen.failure, seen.detail["server_hello"])
    assert seen.detail["hello_size"] <= seen.sent


def test_what_answered_instead_of_tls_is_kept(vouched: Authority) -> None:
    seen = failing(saying(b"HTTP/1.1 403 Forbidden\r\n\r\n"), None, trust=vouched.trust)

    assert b"HTTP/1.1 403 Forbidden\r\n\r\n" == bytes.fromhex(seen.detail["answer_head"])


def test_a_server_that_never_answers_is_cut_by_the_deadline(vouched: Authority) -> None:
    seen = failing(silent, None, trust=vouched.trust, seconds=0.1)

    assert ("generic_timeout_error", False, 0) == (seen.failure, seen.detail["server_hello"], seen.received)
    assert seen.ended - seen.started < 1


def test_tls_inside_tls_carries_bytes(vouched: Authority) -> None:
    written = tape()

    async def act() -> bytes:
        async with serving(echo, vouched.server("inner.example")) as inner:
            through: Handler = lambda reader, writer: piping(reader, writer, inner)  # noqa: E731
            async with serving(through, vouched.server("outer.example")) as port:
                outer = await shaken(port, "outer.example", written, trust=vouched.trust, of="hop:1")
                stream = await handshake(outer, "inner.example", soon(), written, trust=vouched.trust)
                await stream.write(b"hello", soon())
                data = await stream.read(100, soon())
                stream.close()
                return data

    assert b"hello" == asyncio.run(act())
    assert [("target", "connect", None), ("hop:1", "tls", None), ("target", "tls", None)] == stages(written)


def test_the_peers_end_is_the_end(vouched: Authority) -> None:
    async def act() -> tuple[bytes, bool]:
        async with serving(hanging_up, vouched.server()) as port:
            stream = await shaken(port, "site.example", tape(), trust=vouched.trust)
            await stream.write(b"x", soon())
            data = await stream.read(100, soon())
            stream.close()
            return data, stream.clean_end

    assert (b"", True) == asyncio.run(act())


def test_a_failed_or_cancelled_handshake_leaves_no_socket(vouched: Authority) -> None:
    async def act() -> tuple[int, int]:
        async with serving(silent) as port:
            before = descriptors()
            waiting = asyncio.create_task(shaken(port, "site.example", tape(), trust=vouched.trust))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])
            await asyncio.sleep(0.05)  # the server notices, and lets go of its side
            return before, descriptors()

    before, after = asyncio.run(act())

    assert before == after


def test_contexts_are_made_once_a_role(vouched: Authority) -> None:
    made = trust.context(vouched.trust, ("h2",), True, "target")

    assert made is trust.context(vouched.trust, ("h2",), True, "target")
    assert made is not trust.context(vouched.trust, ("h2",), True, "resolver")
    assert made is not trust.context(vouched.trust, (), True, "target")


def test_reading_and_writing_at_once_tears_no_record(vouched: Authority) -> None:
    async def act() -> int:
        async with serving(echo, vouched.server()) as port:
            stream = await shaken(port, "site.example", tape(), trust=vouched.trust)
            writing = asyncio.gather(*(stream.write(b"x" * 50_000, soon()) for _ in range(8)))
            came = 0
            while came < 400_000:
                came += len(await stream.read(65536, soon()))
            await writing
            stream.close()
            return came

    assert 400_000 == asyncio.run(act())
