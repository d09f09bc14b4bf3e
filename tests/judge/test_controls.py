"""What is asked for when a walk has failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judge import wanted
from harness.judge.worth import worth_asking
from harness.model import (
    PATH_TARGET,
    Check,
    Control,
    Controls,
    Level,
    Observation,
    Path,
    Role,
    Spec,
    Stage,
    Target,
    Walk,
)
from tests.judge.facts import ABROAD, ABROAD_TOO, ADDRESS, DIRECT, HOME, OFFICE, TARGET, cell, control, neutral, walk

CONTROLS = Controls(foreign=(ABROAD, ABROAD_TOO), domestic=(HOME,), paths=(OFFICE,), direct=True)
RESET = walk(Stage.TLS, "connection_reset")


def roles(failed: Walk, controls: Controls = CONTROLS, path: Path = DIRECT) -> list[tuple[Role, str]]:
    return [(one.role, one.path.name) for one in wanted(failed, cell(path=path), controls)]


def test_a_walk_that_went_through_asks_for_nothing() -> None:
    assert () == wanted(walk(), cell(), CONTROLS)


def test_a_bare_answer_of_a_resolver_asks_for_others_where_it_is_bogus_on_its_face() -> None:
    target = replace(TARGET, checks=(Check(name="web", probe="dns", params={"name": "app.example.com"}),))
    lookup = Walk(check="web", observations=walk().observations[:1], level=Level.E0)
    bogus = replace(lookup.observations[0], detail={**lookup.observations[0].detail, "addresses": ["10.10.34.36"]})

    asked = [
        {one.role for one in wanted(each, cell(target), CONTROLS)}
        for each in (lookup, replace(lookup, observations=(bogus,)))
    ]

    assert [set(), {Role.KNOWN_GOOD, Role.OTHER_TRANSPORT}] == asked


def test_neutral_hosts_are_asked_over_the_same_path() -> None:
    assert {(Role.FOREIGN, "direct"), (Role.DOMESTIC, "direct")} <= set(roles(RESET))


def test_the_check_is_repeated_over_paths_known_good_and_their_own_neutral_hosts() -> None:
    assert {(Role.KNOWN_GOOD, "office"), (Role.FOREIGN, "office")} <= set(roles(RESET))


def test_a_path_is_no_control_of_itself() -> None:
    assert (Role.KNOWN_GOOD, "office") not in roles(RESET, path=OFFICE)


def test_the_address_given_out_is_tried_over_a_path_known_good() -> None:
    pinned = [one for one in wanted(RESET, cell(), CONTROLS) if one.pin]

    assert [{"app.example.com": (ADDRESS,)}] == [one.pin for one in pinned]
    assert (ADDRESS,) == pinned[0].over.pins["app.example.com"]
    assert "#" in pinned[0].id


@pytest.mark.parametrize(("token", "asked"), [("proof_missing", True), ("generic_timeout_error", False)])
def test_who_serves_another_page_is_asked_for_it_over_a_path_known_good(token: str, asked: bool) -> None:
    assert asked is any(one.pin for one in wanted(walk(Stage.BODY, token), cell(), CONTROLS))


def test_an_address_that_cannot_be_public_is_tried_nowhere_else_unless_the_user_pinned_it() -> None:
    refused = walk(Stage.CONNECT, "connection_refused", address="10.10.34.36")
    lookup, *rest = refused.observations
    by_pins = replace(refused, observations=(replace(lookup, detail={"server": "pins"}), *rest))

    assert [[], [{"app.example.com": ("10.10.34.36",)}]] == [
        [one.pin for one in wanted(one_walk, cell(), CONTROLS) if one.pin] for one_walk in (refused, by_pins)
    ]


def test_what_may_set_off_a_censor_is_asked_last() -> None:
    last = dict.fromkeys(role for role, _ in roles(RESET))  # each once

    assert [Role.OTHER_NAME, Role.OTHER_HELLO, Role.NAME_ELSEWHERE] == list(last)[-3:]


def test_a_check_is_asked_again_over_its_own_path_in_short_segments() -> None:
    (again,) = (one for one in wanted(RESET, cell(), CONTROLS) if one.role is Role.AGAIN)

    assert ("direct", {"segment": 1220}) == (again.over.name, again.over.base.params)


def test_segments_are_left_alone_where_the_connection_is_a_proxys() -> None:
    (again,) = (one for one in wanted(RESET, cell(path=OFFICE), CONTROLS) if one.role is Role.AGAIN)

    assert OFFICE == again.over


def test_a_path_that_comes_out_elsewhere_asks_for_the_check_without_it() -> None:
    assert (Role.WITHOUT_PATH, "direct") in roles(RESET, path=OFFICE)
    assert Role.WITHOUT_PATH not in dict(roles(RESET))


PLAIN = cell(
    replace(TARGET, checks=(Check(name="web", probe="http", params={"url": "http://app.example.com:8080/x?y"}),))
)


def page(status: int, token: str | None = None) -> Walk:
    """A walk that brought a page of that status."""
    came = Observation(stage=Stage.RESPONSE, received=100, detail={"status": status, "title": str(status)})
    return Walk(check="web", observations=(came, Observation(stage=Stage.BODY, failure=token, received=100)))


@pytest.mark.parametrize(
    ("expected", "failed"),
    [
        (["https://app.example.com/x?y"], page(200)),
        (["https://app.example.com/x?y"], page(451, "http_unexpected_status_code")),
        ([], page(302, "http_unexpected_status_code")),
        ([], page(200, "connection_reset")),
        ([], walk(Stage.RESPONSE, "connection_reset")),
    ],
)
def test_a_page_or_a_refusal_in_the_clear_is_asked_for_over_tls_too(expected: list[str], failed: Walk) -> None:
    asked = wanted(failed, PLAIN, CONTROLS)

    assert expected == [one.check.params["url"] for one in asked if one.role is Role.ENCRYPTED]


@pytest.mark.parametrize(("expected", "elsewhere"), [(True, 200), (False, 451)])
def test_nothing_is_asked_over_tls_where_a_path_known_good_brings_the_same(expected: bool, elsewhere: int) -> None:
    here, good = page(451), control(Role.KNOWN_GOOD, page(elsewhere), "office")
    (over_tls,) = (one for one in wanted(here, PLAIN, CONTROLS) if one.role is Role.ENCRYPTED)

    assert expected == worth_asking(over_tls, (good,), "direct", (here,))


def test_a_page_in_the_clear_asks_for_neutral_ones_where_a_path_known_good_brings_another() -> None:
    here = page(200, "http_unexpected_status_code")
    asked = [one for one in wanted(here, PLAIN, CONTROLS) if one.role is Role.IN_THE_CLEAR]

    assert ["http://neutral.example.org/", "http://neutral.example.ru/"] == [one.check.params["url"] for one in asked]
    for expected, elsewhere in ((True, 451), (False, 200)):
        good = control(Role.KNOWN_GOOD, page(elsewhere), "office")
        assert expected == worth_asking(asked[0], (good,), "direct", (here,))


KNOWN_GOOD = control(Role.KNOWN_GOOD, walk(), "office")
CUT = control(Role.KNOWN_GOOD, walk(Stage.TLS, "connection_reset"), "office")
PINNED = control(Role.KNOWN_GOOD, walk(), "office", pinned=True)


@pytest.mark.parametrize(
    ("expected", "done"),
    [
        (True, (KNOWN_GOOD,)),
        (True, (CUT, *neutral(works=False))),
        (False, (CUT, *neutral())),
        (False, (PINNED, *neutral())),
        (False, ()),
    ],
)
def test_a_check_is_asked_again_only_where_its_failure_is_a_riddle(expected: bool, done: tuple[Control, ...]) -> None:
    (again,) = (one for one in wanted(RESET, cell(), CONTROLS) if one.role is Role.AGAIN)

    assert expected == worth_asking(again, done, "direct")


def test_nobody_is_led_directly_to_a_target_by_a_control_alone() -> None:
    assert Role.WITHOUT_PATH not in dict(roles(RESET, replace(CONTROLS, direct=False), path=OFFICE))


@pytest.mark.parametrize("works", [True, False])
def test_a_check_is_asked_without_its_path_only_where_that_carries_others(works: bool) -> None:
    (without,) = (one for one in wanted(RESET, cell(path=OFFICE), CONTROLS) if one.role is Role.WITHOUT_PATH)

    assert works == worth_asking(without, neutral(works=works, path="office"), "office")


def test_the_neutral_name_goes_to_the_address_that_failed() -> None:
    other = next(one for one in wanted(RESET, cell(), CONTROLS) if one.role is Role.OTHER_NAME)

    assert {"host": ADDRESS, "port": 443, "server_name": "neutral.example.org", "verify": False} == other.check.params


def test_another_hello_goes_to_the_address_that_failed_with_all_but_the_name_otherwise() -> None:
    tls = RESET.observations[-1]
    offered = replace(RESET, observations=(*RESET.observations[:-1], replace(tls, detail={"offered": ["h2"]})))
    asked = {one.role: one.check.params for one in wanted(offered, cell(), CONTROLS)}

    same = {"host": ADDRESS, "port": 443, "verify": False}
    assert {**same, "server_name": "app.example.com", "uncommon": True} == asked[Role.OTHER_HELLO]
    assert {**same, "server_name": "neutral.example.org", "alpn": ["h2"]} == asked[Role.OTHER_NAME]
    assert ["h2"] == asked[Role.NAME_ELSEWHERE]["alpn"]


@pytest.mark.parametrize("answered", [True, False])
def test_another_hello_is_sent_again_only_where_it_was_answered(answered: bool) -> None:
    first, second, _ = (one for one in wanted(RESET, cell(), CONTROLS) if one.role is Role.OTHER_HELLO)
    seen = walk(check=first.check.name) if answered else walk(Stage.TLS, "connection_reset", check=first.check.name)

    assert answered == worth_asking(second, (*neutral(), control(first.role, seen)), "direct")


def test_another_hello_offers_a_protocol_where_ours_offered_none() -> None:
    asked = {one.role: one.check.params for one in wanted(RESET, cell(), CONTROLS)}

    assert ["http/1.1"] == asked[Role.OTHER_HELLO]["alpn"]


def test_a_silent_handshake_is_tried_under_a_name_from_home_too() -> None:
    silent = wanted(walk(Stage.TLS, "generic_timeout_error"), cell(), CONTROLS)
    names = [one.check.params["server_name"] for one in silent if one.role is Role.OTHER_NAME]

    assert ["neutral.example.org", "neutral.example.ru"] == names
    assert 1 == [role for role, _ in roles(RESET)].count(Role.OTHER_NAME)


def test_the_targets_name_is_not_lent_to_the_neutral_host_that_all_else_rests_on() -> None:
    lent = next(one for one in wanted(RESET, cell(), CONTROLS) if one.role is Role.NAME_ELSEWHERE)

    assert ("neutral.example.net", "app.example.com") == (lent.check.params["host"], lent.check.params["server_name"])


def test_the_only_neutral_host_is_spared_where_a_path_is_known_good() -> None:
    assert Role.NAME_ELSEWHERE not in dict(roles(RESET, Controls(foreign=(ABROAD,), paths=(OFFICE,))))
    assert Role.NAME_ELSEWHERE in dict(roles(RESET, Controls(foreign=(ABROAD,))))


def test_a_failed_lookup_asks_the_resolver_again_in_two_ways() -> None:
    failed = walk(Stage.RESOLVE, "dns_nxdomain_error")
    asked = {one.role: one.check.params for one in wanted(failed, cell(), CONTROLS)}

    assert "tcp://195.208.4.1:53" == asked[Role.OTHER_TRANSPORT]["server"]
    assert ("neutral.example.org", None) == (asked[Role.NEUTRAL_QUERY]["name"], asked[Role.NEUTRAL_QUERY]["server"])


def test_a_failed_proxy_asks_whether_the_network_works_without_it() -> None:
    last = Observation(stage=Stage.CONNECT, failure="generic_timeout_error", of="hop:1")
    asked = roles(Walk(check="web", observations=(last,)), path=OFFICE)

    assert {(Role.FOREIGN, "direct"), (Role.DOMESTIC, "direct")} <= set(asked)
    assert (Role.KNOWN_GOOD, "direct") not in asked


def test_where_names_are_asked_over_the_hops_a_neutral_host_is_asked_without() -> None:
    tunnel = Path(name="wg", resolver=Spec(kind="udp"), lookup="hops", hops=(Spec(kind="wireguard"),))
    silent = walk(Stage.RESOLVE, "generic_timeout_error")
    over = [one.path for one in wanted(silent, cell(path=tunnel), CONTROLS) if one.path.name == "wg+names-here"]

    assert [(DIRECT.resolver, "base", tunnel.hops)] * 2 == [(one.resolver, one.lookup, one.hops) for one in over]
    assert not [name for _, name in roles(silent, path=replace(tunnel, lookup="base")) if "names-here" in name]


def test_a_tunnel_that_did_not_come_up_is_not_tried_again_by_its_controls() -> None:
    last = Observation(stage=Stage.PATH, failure="generic_timeout_error", of="hop:1")
    asked = roles(Walk(check="web", observations=(last,)), path=OFFICE)

    assert [(Role.FOREIGN, "direct"), (Role.FOREIGN, "direct"), (Role.DOMESTIC, "direct")] == asked


def test_a_path_cell_does_not_ask_its_own_checks_again() -> None:
    target = Target(name=PATH_TARGET, checks=(ABROAD, ABROAD_TOO))
    doh = Path(name="doh", resolver=Spec(kind="doh"))
    failed = walk(Stage.TLS, "connection_reset", check="abroad")

    asked = wanted(failed, replace(cell(target), path=doh), CONTROLS)

    assert [] == [one for one in asked if one.role is Role.FOREIGN and one.path.name == "doh"]
    assert (Role.FOREIGN, "direct") in {(one.role, one.path.name) for one in asked}


def test_nothing_is_asked_twice() -> None:
    asked = [one.id for one in wanted(RESET, cell(), CONTROLS)]

    assert len(asked) == len(set(asked))


def test_a_question_without_an_answer_is_asked_once_more_with_patience() -> None:
    silent = walk(Stage.RESOLVE, "generic_timeout_error")
    denied = walk(Stage.RESOLVE, "dns_nxdomain_error")

    assert (Role.PATIENT_QUERY, "direct") in roles(silent)
    assert Role.PATIENT_QUERY not in dict(roles(denied))


@pytest.mark.parametrize(
    ("answers", "by_tcp", "expected"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_patience_is_for_who_answers_others_and_not_this_question_by_tcp(
    *, answers: bool, by_tcp: bool, expected: bool
) -> None:
    silent = walk(Stage.RESOLVE, "generic_timeout_error")
    (patient,) = (one for one in wanted(silent, cell(), CONTROLS) if one.role is Role.PATIENT_QUERY)
    neutral_query = control(Role.NEUTRAL_QUERY, walk() if answers else silent)
    done = (neutral_query, control(Role.OTHER_TRANSPORT, walk() if by_tcp else silent))

    assert expected == worth_asking(patient, done, "direct")
