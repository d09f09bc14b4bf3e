import asyncio
import pathlib
import ssl
from typing import Any

import pytest
from hyperframe.frame import GoAwayFrame

from harness.dial.api import Tape, WalkEnded
from harness.dial.direct import Direct
from harness.model import Stage, Trust
from harness.resolve import doh, dot, system, tcp
from tests.dial.loopback import (
    Authority,
    Datagram,
    Handler,
    descriptors,
    hanging_up,
    only,
    resetting,
    serving,
    silent,
    soon,
    stages,
    tape,
)
from tests.dial.nameserver import answer, by_alpn, by_http1, by_http2, by_tcp, good, kind
from tests.dial.test_direct import closed_port

HERE = Direct(of="resolver")
GOT = {"2001:db8::1"}
RESOLVER = "dns.example"


def dot_at(port: int, trust: Trust, **params: Any) -> Any:
    return dot.build({"server": "127.0.0.1", "name": RESOLVER, "port": port, **params}, HERE, trust)


def doh_at(port: int, trust: Trust, template: str = "", **params: Any) -> Any:
    url = f"https://{RESOLVER}:{port}/dns-query{template}"
    return doh.build({"url": url, "bootstrap": ["127.0.0.1"], **params}, HERE, trust)


async def asked(
    handler: Handler, make: Any, written: Tape, context: ssl.SSLContext | None = None, seconds: float = 3.0
) -> tuple[str, ...]:
    """What a resolver made for the handler's port says of a name; nothing of ours is left open."""
    async with serving(handler, context) as port:
        before = descriptors()
        try:
            found: tuple[str, ...] = await make(port).resolve("a.example", soon(seconds), written)
        finally:
            await asyncio.sleep(0.02)
            assert descriptors() <= before
        return found


def failed(handler: Handler, make: Any, context: ssl.SSLContext | None = None, seconds: float = 0.4) -> Tape:
    written = tape()
    with pytest.raises(WalkEnded):
        asyncio.run(asked(handler, make, written, context, seconds))
    return written


def test_tcp_is_a_connection_and_both_answers() -> None:
    written = tape()

    found = asyncio.run(
        asked(by_tcp(), lambda port: tcp.build({"server": "127.0.0.1", "port": port}, HERE, Trust()), written)
    )

    assert set(found) >= GOT
    assert [("resolver", "connect", None), ("target", "resolve", None)] == stages(written)
    assert {"A", "AAAA"} == {entry["type"] for entry in only(written, Stage.RESOLVE).detail["answers"]}


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (by_tcp(lambda question: answer(question, "NXDOMAIN")), "dns_nxdomain_error"),
        (by_tcp(lambda _question: b"\1\2\3"), "dns_server_misbehaving"),
        (silent, "generic_timeout_error"),
        (hanging_up, "eof_error"),
        (resetting, "connection_reset"),
    ],
)
def test_how_tcp_failed_is_told(handler: Handler, failure: str) -> None:
    written = failed(handler, lambda port: tcp.build({"server": "127.0.0.1", "port": port}, HERE, Trust()))

    assert ("target", "resolve", failure) == stages(written)[-1]


def test_tcp_that_answers_one_type_only_is_enough() -> None:
    written = tape()
    handler = by_tcp(lambda question: good(question) if kind(question) == "AAAA" else None)

    found = asyncio.run(
        asked(handler, lambda port: tcp.build({"server": "127.0.0.1", "port": port}, HERE, Trust()), written)
    )

    assert ("2001:db8::1",) == found


def test_dot_is_tls_under_the_resolvers_name(vouched: Authority) -> None:
    written = tape()

    found = asyncio.run(asked(by_tcp(), lambda port: dot_at(port, vouched.trust), written, vouched.server(RESOLVER)))

    assert set(found) >= GOT
    assert [("resolver", "connect", None), ("resolver", "tls", None), ("target", "resolve", None)] == stages(written)
    assert only(written, Stage.TLS, "resolver").detail["alpn"] is None


@pytest.mark.parametrize("make", [dot_at, doh_at])
def test_a_resolver_under_another_name_is_not_asked(vouched: Authority, make: Any) -> None:
    written = failed(by_tcp(), lambda port: make(port, vouched.trust), vouched.server("other.example"))

    assert [("resolver", "connect", None), ("resolver", "tls", "ssl_invalid_hostname")] == stages(written)


@pytest.mark.parametrize("make", [dot_at, doh_at])
def test_a_resolver_that_is_reset_at_its_name_is_not_asked(vouched: Authority, make: Any) -> None:
    written = failed(resetting, lambda port: make(port, vouched.trust))

    assert ("resolver", "tls", "connection_reset") == stages(written)[-1]


@pytest.mark.parametrize(
    ("alpn", "version", "template"), [(("h2",), "2", ""), (("http/1.1",), "1.1", ""), ((), "1.1", "{?dns}")]
)
def test_doh_speaks_the_http_that_is_agreed_on(
    vouched: Authority, alpn: tuple[str, ...], version: str, template: str
) -> None:
    written = tape()
    context = vouched.server(RESOLVER, alpn=alpn)

    found = asyncio.run(
        asked(by_alpn(by_http2(), by_http1()), lambda port: doh_at(port, vouched.trust, template), written, context)
    )
    seen = only(written, Stage.RESOLVE)

    assert set(found) >= GOT
    assert version == seen.detail["http"]
    assert seen.sent > 0
    assert seen.received > 0


@pytest.mark.parametrize("handler", [by_http1(status=403), by_http1(lambda _: b"<html>", media="text/html")])
def test_a_page_instead_of_an_answer_is_kept_as_evidence(vouched: Authority, handler: Handler) -> None:
    written = failed(handler, lambda port: doh_at(port, vouched.trust), vouched.server(RESOLVER, alpn=("http/1.1",)))
    seen = only(written, Stage.RESOLVE)

    assert "dns_server_misbehaving" == seen.failure
    assert {"status", "content_type", "body_head"} <= seen.detail["answers"][0].keys()


def test_an_http2_resolver_that_refuses_is_kept_as_evidence(vouched: Authority) -> None:
    context = vouched.server(RESOLVER, alpn=("h2",))
    written = failed(by_http2(status=502), lambda port: doh_at(port, vouched.trust), context)

    assert 502 == only(written, Stage.RESOLVE).detail["answers"][0]["status"]


@pytest.mark.parametrize(("last", "types"), [(3, {"A", "AAAA"}), (1, {"A"})])
def test_an_http2_resolver_that_ends_in_good_order_is_heard_to_its_end(
    vouched: Authority, last: int, types: set[str]
) -> None:
    written, context = tape(), vouched.server(RESOLVER, alpn=("h2",))
    handler = by_http2(first=GoAwayFrame(last_stream_id=last).serialize())

    asyncio.run(asked(handler, lambda port: doh_at(port, vouched.trust), written, context))

    assert types <= {entry["type"] for entry in only(written, Stage.RESOLVE).detail["answers"]}


@pytest.mark.parametrize("alpn", [("h2",), ("http/1.1",)])
@pytest.mark.parametrize(("handler", "failure"), [(silent, "generic_timeout_error"), (hanging_up, "eof_error")])
def test_a_resolver_that_falls_silent_or_leaves_is_told_apart(
    vouched: Authority, alpn: tuple[str, ...], handler: Handler, failure: str
) -> None:
    written = failed(handler, lambda port: doh_at(port, vouched.trust), vouched.server(RESOLVER, alpn=alpn))

    assert ("target", "resolve", failure) == stages(written)[-1]


def test_bootstrap_addresses_are_tried_in_order_and_failures_kept(vouched: Authority) -> None:
    written = tape()
    context = vouched.server(RESOLVER, alpn=("h2",))

    found = asyncio.run(
        asked(
            by_http2(),
            lambda port: doh_at(port, vouched.trust, bootstrap=["127.0.0.2", "::1", "127.0.0.1"]),
            written,
            context,
        )
    )
    tried = only(written, Stage.RESOLVE).detail["tried"]

    assert set(found) >= GOT
    assert [("127.0.0.2", "connection_refused"), ("::1", "connection_refused")] == [
        (one["address"], one["failure"]) for one in tried
    ]


def test_where_no_bootstrap_address_works_the_last_failure_is_the_walks() -> None:
    written = tape()
    at = doh_at(closed_port(), Trust(), bootstrap=["127.0.0.1", "127.0.0.2"])

    with pytest.raises(WalkEnded):
        asyncio.run(at.resolve("a.example", soon(), written))

    assert [("resolver", "connect", "connection_refused")] == stages(written)
    assert ["127.0.0.1"] == [one["address"] for one in written.observations[0].detail["tried"]]


def test_an_answer_is_not_asked_for_again_at_another_address(vouched: Authority) -> None:
    questions: list[bytes] = []

    def missing(question: bytes) -> bytes:
        questions.append(question)
        return answer(question, "NXDOMAIN")

    failed(
        by_http2(missing),
        lambda port: doh_at(port, vouched.trust, bootstrap=["127.0.0.1", "127.0.0.1"]),
        vouched.server(RESOLVER, alpn=("h2",)),
    )

    assert 2 == len(questions)


def test_a_cancelled_encrypted_resolution_leaves_nothing(vouched: Authority) -> None:
    async def act() -> tuple[int, int]:
        async with serving(silent, vouched.server(RESOLVER, alpn=("h2",))) as port:
            before = descriptors()
            waiting = asyncio.create_task(doh_at(port, vouched.trust).resolve("a.example", soon(), tape()))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.wait([waiting])
            await asyncio.sleep(0.05)
            return before, descriptors()

    before, after = asyncio.run(act())

    assert after <= before


def configured(folder: pathlib.Path, text: str | None, port: int = 53, hosts: str = "") -> system.System:
    conf, file = folder / "resolv.conf", folder / "hosts"
    if text is not None:
        conf.write_text(text)
    file.write_text(hosts)
    return system.build(
        {"resolv_conf": str(conf), "hosts": str(file), "port": port, "hold": 0.05}, Direct(of="resolver"), Trust()
    )


def test_the_configured_nameserver_is_asked(tmp_path: pathlib.Path) -> None:
    written = tape()

    async def act() -> tuple[str, ...]:
        async with Datagram(lambda question: [(0, good(question))]).serving() as server:
            asked_at = configured(tmp_path, "# ours\nnameserver 127.0.0.1\nsearch example\n", server.port)
            return await asked_at.resolve("a.example", soon(), written)

    assert set(asyncio.run(act())) >= GOT
    assert only(written, Stage.RESOLVE).detail["server"].startswith("udp:127.0.0.1:")


def test_the_second_nameserver_is_asked_where_the_first_will_not_answer(tmp_path: pathlib.Path) -> None:
    written = tape()

    async def act() -> tuple[str, ...]:
        async with Datagram(lambda question: [(0, good(question))]).serving() as server:
            both = configured(tmp_path, "nameserver 127.0.0.2\nnameserver 127.0.0.1\n", server.port)
            refusing = Datagram(lambda question: [(0, answer(question, "SERVFAIL"))])
            async with refusing.serving("127.0.0.2", server.port):
                return await both.resolve("a.example", soon(), written)

    assert set(asyncio.run(act())) >= GOT
    assert ["SERVFAIL"] * 2 == [one["rcode"] for one in only(written, Stage.RESOLVE).detail["answers"][:2]]


@pytest.mark.parametrize("text", ["", "# nameserver 9.9.9.9\noptions edns0\n", "nameserver nonsense\n"])
def test_a_machine_without_a_nameserver_says_so(tmp_path: pathlib.Path, text: str) -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(configured(tmp_path, text).resolve("a.example", soon(), written))

    assert [("target", "resolve", "no_local_resolver")] == stages(written)


def test_a_machine_without_the_file_is_asked_through_its_library(tmp_path: pathlib.Path) -> None:
    written = tape()

    # An address needs no question, so that nothing leaves this machine.
    assert ("192.0.2.1",) == asyncio.run(configured(tmp_path, None).resolve("192.0.2.1", soon(), written))
    assert "getaddrinfo" == only(written, Stage.RESOLVE).detail["server"]


def test_the_hosts_file_comes_first(tmp_path: pathlib.Path) -> None:
    written = tape()
    asked_at = configured(tmp_path, "", hosts="192.0.2.5  A.example other # a comment\n2001:db8::5 a.example\n")

    assert ("192.0.2.5", "2001:db8::5") == asyncio.run(asked_at.resolve("a.example", soon(), written))
    assert "hosts" == only(written, Stage.RESOLVE).detail["server"]


def test_localhost_is_never_asked_for(tmp_path: pathlib.Path) -> None:
    assert ("127.0.0.1", "::1") == asyncio.run(configured(tmp_path, "").resolve("localhost", soon(), tape()))


def test_of_many_nameservers_three_are_taken() -> None:
    text = "".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 6))

    assert ("192.0.2.1", "192.0.2.2", "192.0.2.3") == system.nameservers(text)
