"""Rules about DNS: hijack, race, forgery. Each twice, with innocent questions before, between and after."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from harness.lab import Lab
from tests.lab.conftest import NATIONAL, RESOLVER, Act, about, actions, query
from tests.lab.townsfolk import TRUE_V4, TRUE_V6

TRUE = {4: TRUE_V4, 6: TRUE_V6}
FORGED = ["31.13.94.37", "2a03:2880:f10c:83:face:b00c:0:25de"]
BAD, GOOD = "www.facebook.com", "example.org"


def asked(probe: Act, family: int, name: str, to: str | None = None, **more: Any) -> list[str]:
    """Every answer to a question, each as its address or its response code."""
    payload = query(name, kind=1 if family == 4 else 28).hex()
    answers = probe(do="udp", address=to or RESOLVER[family], port=53, payload=payload, **more)
    return [told(bytes.fromhex(answer), family) for answer in answers]


def told(answer: bytes, family: int) -> str:
    """The address at the end of an answer, or its response code where it holds none."""
    size = 4 if family == 4 else 16
    if int.from_bytes(answer[6:8], "big"):
        return str(ipaddress.ip_address(answer[-size:]))
    return ("noerror", "formerr", "servfail", "nxdomain", "notimp", "refused")[answer[3] & 15]


def test_every_question_to_a_foreign_resolver_is_answered_by_the_national_one(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    lab.swap([])
    before = asked(probe, family, BAD)
    mark = censor("dns_hijack", to=[NATIONAL[4], NATIONAL[6]])

    seen = [asked(probe, family, BAD), asked(probe, family, BAD, to=NATIONAL[family]), asked(probe, family, GOOD)]

    assert [TRUE[family]] == before
    assert [["nxdomain"]] * 3 == seen
    assert ["rewrite", "rewrite"] == actions(lab.log(mark))
    assert {"proto": "udp", "dst": RESOLVER[family], "dport": 53} == about(lab.log(mark)[0])


def test_the_same_question_by_tcp_is_left_alone(probe: Act, lab: Lab, censor: Callable[..., int], family: int) -> None:
    mark = censor("dns_hijack", to=[NATIONAL[4], NATIONAL[6]])
    payload = query(BAD, kind=1 if family == 4 else 28)
    chunk = (len(payload).to_bytes(2, "big") + payload).hex()

    answer = probe(do="tcp", address=RESOLVER[family], port=53, chunks=[chunk])["answer"]

    assert TRUE[family] == told(answer.encode("latin-1"), family)
    assert [] == lab.log(mark)


def test_without_a_national_resolver_of_that_family_the_question_is_dropped(
    probe: Act, lab: Lab, censor: Callable[..., int]
) -> None:
    mark = censor("dns_hijack", to=[NATIONAL[4]])

    assert [] == asked(probe, 6, BAD)
    assert ["drop"] == actions(lab.log(mark))


def test_the_forged_answer_comes_first_and_the_true_one_later(
    probe: Act, lab: Lab, censor: Callable[..., int], family: int
) -> None:
    mark = censor("dns_inject_race", names=["facebook.com"], answers=FORGED, injectors=[{}, {"aa": True, "df": False}])

    seen = [asked(probe, family, name) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    forged = FORGED[0 if family == 4 else 1]
    raced = [forged, forged, TRUE[family]]
    assert [[TRUE[family]], raced, [TRUE[family]], raced, [TRUE[family]]] == seen
    assert ["match", "inject", "match", "inject"] == actions(lab.log(mark))
    assert BAD == lab.log(mark)[0].name


def test_a_forged_answer_replaces_the_true_one(probe: Act, lab: Lab, censor: Callable[..., int], family: int) -> None:
    mark = censor("dns_forge", names=["facebook.com"], answers=FORGED)

    seen = [asked(probe, family, name) for name in (GOOD, BAD, GOOD, BAD, GOOD)]

    forged = [FORGED[0 if family == 4 else 1]]
    assert [[TRUE[family]], forged, [TRUE[family]], forged, [TRUE[family]]] == seen
    assert ["match", "forge", "match", "forge"] == actions(lab.log(mark))


def test_a_forged_answer_may_be_a_response_code_alone(probe: Act, censor: Callable[..., int], family: int) -> None:
    censor("dns_forge", names=["facebook.com"], rcode="nxdomain")

    assert ["nxdomain"] == asked(probe, family, BAD)


def test_the_bogon_has_no_address_for_ipv6(probe: Act, lab: Lab, censor: Callable[..., int]) -> None:
    mark = censor("dns_bogon", names=["facebook.com"])

    assert ["10.10.34.36"] == asked(probe, 4, BAD)
    assert ["noerror"] == asked(probe, 6, BAD)
    assert {"dns_bogon"} == {event.behaviour for event in lab.log(mark)}


def test_an_exempt_name_below_a_listed_one_is_answered_truly(probe: Act, censor: Callable[..., int]) -> None:
    censor("dns_forge", names=["facebook.com"], exempt_names=["www.facebook.com"], rcode="nxdomain")

    assert ["nxdomain"] == asked(probe, 4, "facebook.com")
    assert [TRUE_V4] == asked(probe, 4, BAD)


def test_a_substring_matches_within_a_label(probe: Act, censor: Callable[..., int]) -> None:
    censor("dns_forge", names=["t.co"], match="substring", rcode="nxdomain")

    assert ["nxdomain"] == asked(probe, 4, "reddit.com")
