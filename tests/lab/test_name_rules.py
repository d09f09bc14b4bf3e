"""Rules about names in ClientHello and Host: resets, silence, pages, residuals. Each twice, innocents around."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.lab import Lab
from tests.lab.conftest import TARGET, Act, actions, hello

BAD, GOOD = "www.facebook.com", "example.org"
TRUE = "true page"


def greeted(probe: Act, family: int, name: str, port: int = 443, **more: Any) -> str:
    """What came back for a ClientHello: the last line of the true page, or the error."""
    outcome = probe(do="tcp", address=TARGET[family], port=port, chunks=[hello(name).hex()], **more)
    return str(outcome.get("answer", outcome["connect"])).rpartition("\n")[2]


def fetched(probe: Act, family: int, name: str, **more: Any) -> str:
    """What came back for a plain request."""
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode().hex()
    return str(probe(do="tcp", address=TARGET[family], port=80, chunks=[request], **more).get("answer"))


@pytest.mark.parametrize("trigger", ["drop", "pass"])
@pytest.mark.parametrize("to", ["client", "both"])
def test_a_name_is_reset_each_time(
    *, probe: Act, lab: Lab, censor: Callable[..., int], family: int, trigger: str, to: str
) -> None:
    mark = censor("sni_reset", names=["facebook.com"], trigger=trigger, reset={"to": to})

    seen = [greeted(probe, family, name) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    assert [TRUE, "ECONNRESET", TRUE, "ECONNRESET", TRUE] == seen
    assert ["match", "rst", "match", "rst"] == actions(lab.log(mark))


def test_a_reset_of_the_server_alone_leaves_the_client_waiting(
    probe: Act, censor: Callable[..., int], family: int
) -> None:
    censor("sni_reset", names=["facebook.com"], reset={"to": "server"})

    assert "timeout" == greeted(probe, family, BAD)


@pytest.mark.parametrize("drop", ["client", "server", "both"])
def test_a_name_falls_silent_each_time(
    *, probe: Act, lab: Lab, censor: Callable[..., int], family: int, drop: str
) -> None:
    mark = censor("sni_drop", names=["facebook.com"], drop=drop)

    seen = [greeted(probe, family, name) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    assert [TRUE, "timeout", TRUE, "timeout", TRUE] == seen
    assert ["match", "drop", "match", "drop"] == actions(lab.log(mark))


@pytest.mark.parametrize(("behaviour", "felt"), [("sni_reset", "ECONNRESET"), ("sni_drop", "timeout")])
def test_a_residual_holds_innocents_of_the_same_three_tuple_until_its_time_is_over(
    *, probe: Act, lab: Lab, censor: Callable[..., int], family: int, behaviour: str, felt: str
) -> None:
    mark = censor(behaviour, names=["facebook.com"], residual={"seconds": "900ms"})

    held = [greeted(probe, family, BAD, timeout=0.2), probe(do="tcp", address=TARGET[family], port=443, chunks=[])]
    elsewhere = greeted(probe, family, GOOD, port=80)
    time.sleep(1.0)

    assert felt == held[0]
    assert {"sni_reset": "ECONNREFUSED", "sni_drop": "timeout"}[behaviour] == held[1]["connect"]
    assert "residual" in actions(lab.log(mark))
    assert [TRUE, TRUE] == [elsewhere, greeted(probe, family, GOOD)]


def test_a_residual_of_the_four_tuple_lets_another_source_port_through(probe: Act, censor: Callable[..., int]) -> None:
    censor("sni_drop", names=["facebook.com"], residual={"key": "4tuple", "seconds": 60})

    assert "timeout" == greeted(probe, 4, BAD, sport=40001, timeout=0.2)
    assert TRUE == greeted(probe, 4, GOOD, sport=40002)
    assert "timeout" == greeted(probe, 4, GOOD, sport=40001, timeout=0.2)


def test_swapping_the_rules_forgets_residuals(probe: Act, lab: Lab, censor: Callable[..., int]) -> None:
    censor("sni_drop", names=["facebook.com"], residual={"seconds": 60})
    greeted(probe, 4, BAD, timeout=0.2)

    lab.swap([])

    assert TRUE == greeted(probe, 4, GOOD)


def test_the_names_of_resolvers_are_reset_on_their_ports_only(probe: Act, lab: Lab, censor: Callable[..., int]) -> None:
    mark = censor("resolver_name_reset")

    assert "ECONNRESET" == greeted(probe, 4, "dns.google")
    assert TRUE == greeted(probe, 4, "dns.google", port=80)
    assert {"resolver_name_reset"} == {event.behaviour for event in lab.log(mark)}


@pytest.mark.parametrize("trigger", ["drop", "pass"])
def test_a_page_is_served_in_place_of_the_true_one(
    *, probe: Act, lab: Lab, censor: Callable[..., int], family: int, trigger: str
) -> None:
    mark = censor("http_block_page", names=["facebook.com"], status=403, reason="Forbidden", trigger=trigger)

    seen = [fetched(probe, family, name) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    assert ["HTTP/1.1 200", "HTTP/1.1 403"] * 2 + ["HTTP/1.1 200"] == [text[:12] for text in seen]
    assert all("Access denied" in text and TRUE not in text for text in seen[1::2])
    assert ["match", "page"] == [action for action in actions(lab.log(mark)) if action != "rst"][:2]


def test_a_page_may_be_a_redirect(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("http_block_page", names=["facebook.com"], status=302, reason="Found", location="http://warning.example/")

    assert "\r\nLocation: http://warning.example/\r\n" in fetched(probe, family, BAD)


def test_a_second_request_on_the_same_connection_is_looked_at_too(probe: Act, censor: Callable[..., int]) -> None:
    censor("http_block_page", names=["facebook.com"], ports=[7])
    requests = [f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode().hex() for name in (GOOD, BAD)]

    answer = probe(do="tcp", address=TARGET[4], port=7, chunks=requests)["answer"]

    assert "Access denied" in answer


@pytest.mark.parametrize(
    ("reassembly", "whole", "segments", "records"),
    [
        ("none", "ECONNRESET", TRUE, TRUE),
        ("tcp", "ECONNRESET", "ECONNRESET", TRUE),
        ("tls", "ECONNRESET", TRUE, "ECONNRESET"),
        ("both", "ECONNRESET", "ECONNRESET", "ECONNRESET"),
    ],
)
def test_a_split_hello_passes_where_the_censor_does_not_put_it_together(
    *, probe: Act, censor: Callable[..., int], family: int, reassembly: str, whole: str, segments: str, records: str
) -> None:
    censor("sni_reset", names=["facebook.com"], reassembly=reassembly)

    seen = [spoken(probe, family, chunks) for chunks in (cut_nowhere(), cut_into_segments(), cut_into_records())]

    assert [whole, segments, records] == seen


def spoken(probe: Act, family: int, chunks: list[bytes]) -> str:
    """What came back for those segments."""
    outcome = probe(do="tcp", address=TARGET[family], port=443, chunks=[chunk.hex() for chunk in chunks])
    return str(outcome["answer"]).rpartition("\n")[2]


def cut_nowhere() -> list[bytes]:
    return [hello(BAD)]


def cut_into_segments() -> list[bytes]:
    """Two segments, cut within the name."""
    data = hello(BAD)
    at = data.index(BAD.encode()) + 4
    return [data[:at], data[at:]]


def cut_into_records() -> list[bytes]:
    """One segment with two records, cut within the name."""
    data = hello(BAD)
    at = data.index(BAD.encode()) + 4
    head, first, second = data[:3], data[5:at], data[at:]
    return [head + len(first).to_bytes(2, "big") + first + head + len(second).to_bytes(2, "big") + second]
