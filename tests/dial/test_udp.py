import asyncio
from typing import Any

import pytest

from harness.dial.api import Tape, WalkEnded
from harness.dial.hop import Hop
from harness.model import Stage, Trust
from harness.resolve import udp
from tests.dial.loopback import DIRECT, Datagram, descriptors, only, serving, soon, stages, tape
from tests.dial.nameserver import answer, by_tcp, good, kind, truncated
from tests.dial.test_direct import closed_port
from tests.dial.test_hops import http_hop

HOLD = 0.1


def resolver(port: int, host: str = "127.0.0.1", **params: Any) -> udp.Udp:
    return udp.build({"server": host, "port": port, "hold": HOLD, **params}, DIRECT, Trust())


async def resolved(server: Datagram, written: Tape, seconds: float = 2.0, **params: Any) -> tuple[str, ...]:
    async with server.serving():
        return await resolver(server.port, **params).resolve("a.example", soon(seconds), written)


def failed(script: Any, seconds: float = 0.4) -> Tape:
    written = tape()
    with pytest.raises(WalkEnded):
        asyncio.run(resolved(Datagram(script), written, seconds))
    return written


def answers(written: Tape, of_type: str = "A") -> list[dict[str, Any]]:
    return [entry for entry in only(written, Stage.RESOLVE).detail["answers"] if entry["type"] == of_type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_families_are_asked_and_two_addresses_of_each_are_kept(host: str) -> None:
    server, written = Datagram(lambda question: [(0, good(question))]), tape()

    async def act() -> tuple[str, ...]:
        async with server.serving(host):
            return await resolver(server.port, host).resolve("a.example", soon(), written)

    addresses = asyncio.run(act())  # dnspython answers in a random order

    assert (2, 1) == (sum("." in one for one in addresses), sum(":" in one for one in addresses))
    assert [("target", "resolve", None)] == stages(written)


def test_each_question_has_a_port_of_its_own() -> None:
    server = Datagram(lambda question: [(0, good(question))])

    asyncio.run(resolved(server, tape()))

    assert 2 == len(set(server.ports))


@pytest.mark.parametrize(("family", "asked"), [(4, ["A"]), (6, ["AAAA"])])
def test_a_path_of_one_family_asks_for_that_alone(family: int, asked: list[str]) -> None:
    server = Datagram(lambda question: [(0, good(question))])

    asyncio.run(resolved(server, tape(), family=family))

    assert asked == [kind(question) for question in server.came]


def test_a_forged_first_answer_and_the_true_one_are_both_kept() -> None:
    written = tape()
    forged = {"A": ["10.10.34.35"], "AAAA": ["2001:4188:2:600:10:10:34:35"]}

    addresses = asyncio.run(
        resolved(Datagram(lambda question: [(0, answer(question, held=forged)), (0.03, good(question))]), written)
    )

    assert {"10.10.34.35", "2001:4188:2:600:10:10:34:35"} == set(addresses)
    assert [["10.10.34.35"], ["192.0.2.1", "192.0.2.2"]] == [sorted(one["addresses"])[:2] for one in answers(written)]
    assert 0.02 < answers(written)[1]["at"] - answers(written)[0]["at"] < HOLD


def test_listening_ends_with_the_hold() -> None:
    written = tape()

    asyncio.run(resolved(Datagram(lambda question: [(0, good(question)), (3 * HOLD, good(question))]), written))

    assert 1 == len(answers(written))


def test_malformed_answers_are_kept_and_do_not_end_the_wait() -> None:
    written = tape()

    addresses = asyncio.run(
        resolved(Datagram(lambda question: [(0, question[:2] + b"\x81\x80\xff"), (0.2, good(question))]), written)
    )

    assert addresses
    assert ["malformed" in seen for seen in answers(written)] == [True, False]


def test_an_answer_with_another_id_is_kept_as_not_ours() -> None:
    written = tape()

    addresses = asyncio.run(
        resolved(
            Datagram(
                lambda question: [(0, answer(b"\0\0" + question[2:], held={"A": ["10.0.0.1"]})), (0.05, good(question))]
            ),
            written,
        )
    )

    assert "10.0.0.1" not in addresses
    assert ["another id", None] == [seen.get("ignored") for seen in answers(written)]


@pytest.mark.parametrize(
    ("rcode", "failure"),
    [
        ("NXDOMAIN", "dns_nxdomain_error"),
        ("SERVFAIL", "dns_servfail_error"),
        ("REFUSED", "dns_refused_error"),
        ("NOTIMP", "dns_server_misbehaving"),
        ("NOERROR", "dns_no_answer"),
    ],
)
def test_an_answer_without_addresses_has_its_own_token(rcode: str, failure: str) -> None:
    written = failed(lambda question: [(0, answer(question, rcode))])

    assert (failure, rcode) == (only(written, Stage.RESOLVE).failure, answers(written)[0]["rcode"])


def test_a_name_of_one_family_only_resolves() -> None:
    addresses = asyncio.run(
        resolved(Datagram(lambda question: [(0, answer(question, held={"A": ["192.0.2.9"]}))]), tape())
    )

    assert ("192.0.2.9",) == addresses


def test_a_server_that_is_silent_about_one_type_is_not_waited_for() -> None:
    written = tape()

    asyncio.run(resolved(Datagram(lambda question: [(0, good(question))] if kind(question) == "A" else []), written, 9))
    seen = only(written, Stage.RESOLVE)

    assert (None, ["AAAA"]) == (seen.failure, seen.detail["silent"])
    assert seen.ended - seen.started < 1


def test_a_type_that_is_answered_after_the_hold_for_the_other_is_kept() -> None:
    written = tape()

    def unevenly(question: bytes) -> list[tuple[float, bytes]]:
        return [(0 if kind(question) == "A" else 3 * HOLD, good(question))]

    addresses = asyncio.run(resolved(Datagram(unevenly), written))

    assert "2001:db8::1" in addresses
    assert [] == only(written, Stage.RESOLVE).detail["silent"]


def test_silence_is_a_timeout_at_the_deadline() -> None:
    written = failed(lambda _question: [], seconds=0.2)
    seen = only(written, Stage.RESOLVE)

    assert ("generic_timeout_error", 0) == (seen.failure, seen.received)
    assert 0.15 < seen.ended - seen.started < 0.5


def test_only_malformed_answers_are_a_misbehaving_server() -> None:
    assert "dns_server_misbehaving" == only(failed(lambda _: [(0, b"\1\2")]), Stage.RESOLVE).failure


def test_a_lost_question_is_asked_again() -> None:
    server = Datagram(lambda question: [])
    server.script = lambda question: [(0, good(question))] if len(server.came) > 2 else []

    assert asyncio.run(resolved(server, tape()))
    assert 4 == len(server.came)


def test_a_closed_port_is_told_at_once() -> None:
    written = tape()

    with pytest.raises(WalkEnded):
        asyncio.run(resolver(closed_port()).resolve("a.example", soon(), written))

    assert [("target", "resolve", "connection_refused")] == stages(written)


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    written = tape()

    async def act() -> tuple[str, ...]:
        server = Datagram(lambda question: [(0, truncated(question))])
        async with serving(by_tcp()) as port, server.serving(port=port):
            return await resolver(port).resolve("a.example", soon(), written)

    assert asyncio.run(act())
    assert [("target", "connect", None), ("target", "resolve", None)] == stages(written)
    assert [True, None] == [seen.get("truncated") for seen in answers(written)]


@pytest.mark.parametrize("rcode", [1, 4])
def test_a_server_older_than_edns_is_asked_without_it(rcode: int) -> None:
    written = tape()

    def old(question: bytes) -> list[tuple[float, bytes]]:
        edns = question[11]  # ARCOUNT: the OPT record
        return [(0, question[:2] + bytes([0x81, rcode]) + bytes(8) if edns else good(question))]

    found = asyncio.run(resolved(Datagram(old), written))

    assert "2001:db8::1" in found
    assert ("NOERROR", 4) == (
        only(written, Stage.RESOLVE).detail["rcode"],
        len(answers(written) + answers(written, "AAAA")),
    )


def test_udp_cannot_travel_through_an_http_proxy() -> None:
    written = tape()
    hop: Hop = http_hop(1)
    through = udp.build({"server": "192.0.2.53"}, hop, Trust())

    with pytest.raises(WalkEnded):
        asyncio.run(through.resolve("a.example", soon(), written))

    assert [("target", "resolve", "not_supported")] == stages(written)


def test_a_cancelled_resolution_leaves_no_socket_and_no_task() -> None:
    async def act() -> tuple[int, int, int]:
        server = Datagram(lambda _question: [])
        async with server.serving():
            before = descriptors()
            waiting = asyncio.create_task(resolver(server.port).resolve("a.example", soon(), tape()))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])
            return before, descriptors(), len(asyncio.all_tasks())

    before, after, tasks = asyncio.run(act())

    assert before == after
    assert 1 == tasks
