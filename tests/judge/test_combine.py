"""Findings become one verdict by address, check, attempt and quorum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judge import Try, combine, judge
from harness.model import Check, Claim, Finding, Level, Role, Stage, Strength, Target, Walk
from tests.judge.facts import TARGET, WEB, cell, control, facts, known_good, neutral, other_name, walk

CONTROLS = (*neutral(), *known_good(), other_name())
RESET = walk(Stage.TLS, "connection_reset")
SILENT = walk(Stage.CONNECT, "generic_timeout_error")


def finding(check: str, claim: Claim, rule: str = "insufficient") -> Finding:
    strength = Strength.INSUFFICIENT if claim is Claim.INCONCLUSIVE else Strength.LIKELY
    level = Level.E3 if claim is Claim.USABLE else Level.NONE
    return Finding(rule=rule, claim=claim, strength=strength, check=check, level=level)


def target(quorum: int, *checks: str) -> Target:
    return Target(name="t", quorum=quorum, checks=tuple(Check(name=name, probe="tcp", params={}) for name in checks))


def claim(quorum: int, **checks: Claim) -> Claim:
    rules = {Claim.USABLE: "usable.proved", Claim.BLOCKED: "ip.blackhole", Claim.DOWN: "target.down"}
    found = tuple(finding(name, said, rules.get(said, "insufficient")) for name, said in checks.items())
    return combine([Try(number=1, findings=found)], target(quorum, *checks)).claim


@pytest.mark.parametrize(
    ("expected", "quorum", "said"),
    [
        ("usable", 1, "usable blocked blocked"),
        ("usable", 2, "usable usable blocked"),
        ("blocked", 2, "usable blocked blocked"),
        ("blocked", 2, "blocked blocked inconclusive"),
        ("blocked", 3, "usable usable blocked"),
        ("down", 2, "usable down down"),
        ("inconclusive", 2, "usable blocked inconclusive"),
        ("inconclusive", 2, "usable blocked down"),
        ("inconclusive", 3, "usable blocked down"),
        ("inconclusive", 1, "blocked blocked inconclusive"),
        ("path_down", 2, "path_down path_down path_down"),
        ("not_applicable", 1, "not_applicable not_applicable"),
    ],
)
def test_a_claim_needs_failures_that_break_the_quorum(expected: str, quorum: int, said: str) -> None:
    checks = {f"c{number}": Claim(one) for number, one in enumerate(said.split())}

    assert expected == claim(quorum, **checks)


def test_passing_after_a_retry_is_intermittent_and_not_degraded() -> None:
    verdict = judge(cell(), facts((RESET,), (walk(),), controls=CONTROLS))

    assert (Claim.USABLE, "intermittent 1/2") == (verdict.claim, verdict.steadiness)
    assert "Attempts that failed: 1." in verdict.why


def test_a_check_that_is_not_tried_again_keeps_its_state() -> None:
    both = replace(TARGET, quorum=2, checks=(WEB, replace(WEB, name="more")))
    first = (walk(), walk(Stage.TLS, "connection_reset", check="more"))

    verdict = judge(cell(both), facts(first, (walk(check="more"),)))

    assert (Claim.USABLE, "intermittent 1/2") == (verdict.claim, verdict.steadiness)


def test_one_address_that_passes_is_enough() -> None:
    verdict = judge(cell(), facts((SILENT, walk(address="157.240.205.61"))))

    assert (Claim.USABLE, "steady") == (verdict.claim, verdict.steadiness)


def test_an_address_of_which_nothing_is_known_keeps_the_check_open() -> None:
    unknown = walk(Stage.TLS, "unknown:Odd", address="157.240.205.61")

    assert Claim.INCONCLUSIVE is judge(cell(), facts((RESET, unknown), controls=CONTROLS)).claim


def test_an_attempt_of_which_nothing_is_known_does_not_undo_another() -> None:
    verdict = judge(cell(), facts((RESET,), (walk(Stage.TLS, "interrupted"),), controls=CONTROLS))

    assert "tls.reset_on_sni" == verdict.mechanism


def test_tries_that_differ_name_the_more_telling_mechanism() -> None:
    verdict = judge(cell(), facts((SILENT,), (RESET,), controls=CONTROLS))

    assert ("tls.reset_on_sni", "steady") == (verdict.mechanism, verdict.steadiness)


def test_an_address_that_takes_no_more_connections_after_a_cut_is_residual() -> None:
    verdict = judge(cell(), facts((RESET,), (SILENT,), (SILENT,), controls=CONTROLS))

    assert "residual" == verdict.steadiness


def test_what_is_residual_speaks_of_the_cut_and_not_of_what_it_has_left_behind() -> None:
    without_names = (*neutral(), *known_good())

    verdict = judge(cell(), facts((RESET,), (SILENT,), controls=without_names))

    assert ("tls.reset", Stage.TLS, "residual") == (verdict.mechanism, verdict.stage, verdict.steadiness)


def test_an_address_that_connects_again_is_not_residual() -> None:
    verdict = judge(cell(), facts((RESET,), (SILENT,), (RESET,), controls=CONTROLS))

    assert "steady" == verdict.steadiness


def test_a_verdict_without_facts_is_inconclusive() -> None:
    assert Claim.INCONCLUSIVE is judge(cell(), facts()).claim


def test_what_the_plan_left_out_is_not_applicable_with_its_reason() -> None:
    left_out = replace(cell(), not_applicable="the world open does not serve app")

    verdict = judge(left_out, facts())

    assert (Claim.NOT_APPLICABLE, "the world open does not serve app") == (verdict.claim, verdict.why)


def test_an_inconclusive_verdict_says_what_to_declare() -> None:
    verdict = judge(cell(), facts((RESET,)))

    assert (
        "controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [a-path-known-good]}" == verdict.declare
    )


def test_a_path_known_good_that_cannot_carry_the_check_is_as_good_as_none() -> None:
    unable = control(Role.KNOWN_GOOD, walk(Stage.CONNECT, "not_supported"), "office")
    seen = facts((walk(Stage.RESPONSE, "generic_timeout_error"),), controls=(*neutral(), unable))

    assert "controls: {paths: [a-path-that-carries-datagrams]}" == judge(cell(), seen).declare


def test_nothing_is_to_be_declared_where_everything_was() -> None:
    unknown = walk(Stage.TLS, "unknown:Odd")

    assert "" == judge(cell(), facts((unknown,), controls=CONTROLS)).declare


def test_the_same_facts_give_the_same_verdict() -> None:
    seen = facts((RESET,), (SILENT,), controls=CONTROLS)

    assert judge(cell(), seen) == judge(cell(), seen)


V4, V6, OTHER_V4 = "157.240.205.60", "2a03:2880:f24f:c5:face:b00c:0:167", "157.240.205.61"


def silent(address: str) -> Walk:
    return walk(Stage.CONNECT, "generic_timeout_error", address=address)


@pytest.mark.parametrize(
    ("said", "walks"),
    [
        ("1 of 2 addresses answered; the other ended at connect with generic_timeout_error.", (V4, OTHER_V4)),
        ("1 of 2 addresses answered (IPv6); the other ended at connect with generic_timeout_error.", (V6, V4)),
        ("1 of 3 addresses answered; the others ended at connect with generic_timeout_error.", (V4, OTHER_V4, V6)),
    ],
)
def test_what_is_usable_by_some_addresses_only_says_so(said: str, walks: tuple[str, ...]) -> None:
    first, *others = walks

    verdict = judge(cell(), facts((walk(address=first), *map(silent, others)), controls=CONTROLS))

    assert (Claim.USABLE, True) == (verdict.claim, verdict.why.endswith(said))


@pytest.mark.parametrize("walks", [(walk(address=V4),), (walk(address=V4), walk(address=V6))])
def test_of_addresses_that_all_answer_nothing_is_said(walks: tuple[Walk, ...]) -> None:
    assert "addresses" not in judge(cell(), facts(walks)).why


def test_an_ipv6_that_works_for_nobody_here_is_not_held_against_the_target() -> None:
    lost = walk(Stage.CONNECT, "network_unreachable", address=V6)

    assert "addresses" not in judge(cell(), facts((walk(address=V4), lost))).why


@pytest.mark.parametrize("cut", ["tls.reset", "tls.reset_on_sni", "dns.forged"])
def test_what_went_through_once_when_asked_again_is_not_always_cut(cut: str) -> None:
    tries = [
        Try(number=1, findings=(finding("web", Claim.BLOCKED, cut),)),
        Try(number=2, findings=(finding("web", Claim.INCONCLUSIVE, "net.unsteady"),)),
    ]

    verdict = combine(tries, target(1, "web"))

    assert ("inconclusive", "net.unsteady") == (verdict.claim, verdict.rule)


def test_an_artefact_stands_whatever_went_through_when_asked_again() -> None:
    page = replace(finding("web", Claim.BLOCKED, "page.known"), strength=Strength.CONFIRMED)
    tries = [
        Try(number=1, findings=(page,)),
        Try(number=2, findings=(finding("web", Claim.INCONCLUSIVE, "net.unsteady"),)),
    ]

    assert "blocked" == combine(tries, target(1, "web")).claim
