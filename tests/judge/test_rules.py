"""The table of rules is sound as a table."""

from __future__ import annotations

import ast
import pathlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness.judge
from harness.failures import TOKENS
from harness.judge import INSUFFICIENT, MECHANISMS, RULES, Rule, classify, judge, seen_of, tried
from harness.model import CONCLUSIVE, Claim, Observation, Role, Stage, Strength, Walk
from tests.judge.facts import OFFICE, cell, control, elsewhere, facts, known_good, neutral, other_name, walk

FOLDER = pathlib.Path(harness.judge.__file__).parent
STAGES = [Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.RESPONSE, Stage.BODY]
FULL = (*neutral(), *known_good(), other_name(), elsewhere("connection_reset"))
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_every_rule_has_an_id_of_its_own() -> None:
    assert {} == {name: count for name, count in Counter(rule.id for rule in RULES).items() if count > 1}


def test_every_rule_has_a_reason_of_its_own() -> None:
    assert {} == {why: count for why, count in Counter(rule.why for rule in RULES).items() if count > 1}


def test_no_two_rules_ask_for_the_same() -> None:
    asked = Counter(tuple(condition.text for condition in rule.when) for rule in RULES)

    assert 1 == max(asked.values())


@every_rule
def test_a_rule_names_a_mechanism_of_the_closed_list(rule: Rule) -> None:
    assert rule.mechanism in {None, *MECHANISMS}


def test_every_mechanism_is_the_claim_of_some_rule() -> None:
    assert set() == set(MECHANISMS) - {rule.mechanism for rule in RULES}


@every_rule
def test_a_reason_is_one_sentence(rule: Rule) -> None:
    assert rule.why.endswith(".")
    assert ". " not in rule.why


@every_rule
def test_only_what_is_conclusive_is_certain(rule: Rule) -> None:
    assert (rule.claim in CONCLUSIVE) == (rule.strength is not Strength.INSUFFICIENT)


@given(st.sampled_from(STAGES), st.text("abcdefgh_", min_size=1).filter(lambda text: text not in TOKENS))
def test_an_unknown_token_is_insufficient(stage: Stage, token: str) -> None:
    walked = walk(stage, f"unknown:{token}")

    assert INSUFFICIENT.id == classify(walked, seen_of(cell(), facts((walked,), controls=FULL))).rule


@given(st.sampled_from(STAGES), st.sampled_from(sorted(TOKENS)))
def test_nothing_is_blamed_without_a_control(stage: Stage, token: str) -> None:
    verdict = judge(cell(), facts((walk(stage, token),)))

    assert verdict.claim not in {Claim.BLOCKED, Claim.DOWN, Claim.USABLE}


@given(st.sampled_from(STAGES), st.sampled_from(sorted(TOKENS)))
def test_what_fails_is_never_usable(stage: Stage, token: str) -> None:
    assert Claim.USABLE is not judge(cell(), facts((walk(stage, token),), controls=FULL)).claim


@given(st.sampled_from(STAGES), st.sampled_from(sorted(TOKENS - {"proxy_refused"})))
def test_what_fails_the_same_way_elsewhere_is_not_blamed_on_this_path(stage: Stage, token: str) -> None:
    walked = walk(stage, token)
    controls = (*neutral(), *known_good(walked))

    assert Claim.BLOCKED is not judge(cell(), facts((walked,), controls=controls)).claim


@given(st.sampled_from(STAGES), st.sampled_from(sorted(TOKENS)))
def test_without_any_network_nothing_is_conclusive_of_the_target(stage: Stage, token: str) -> None:
    controls = (*neutral(works=False), control(Role.KNOWN_GOOD, walk(Stage.CONNECT, "network_unreachable"), "office"))
    verdict = judge(cell(), facts((walk(stage, token),), controls=controls))

    assert verdict.claim not in {Claim.BLOCKED, Claim.DOWN, Claim.USABLE}


def test_a_tunnel_that_is_silent_where_there_is_no_network_is_not_blamed() -> None:
    last = Observation(stage=Stage.PATH, failure="generic_timeout_error", of="hop:1")
    seen = facts((Walk(check="web", observations=(last,)),), controls=neutral(works=False))

    assert "local.no_network" == judge(cell(path=OFFICE), seen).mechanism


@given(st.sampled_from(STAGES), st.sampled_from(sorted(TOKENS)))
def test_what_goes_through_when_asked_again_is_blamed_on_nobody(stage: Stage, token: str) -> None:
    again = control(Role.AGAIN, walk())

    assert Claim.BLOCKED is not judge(cell(), facts((walk(stage, token),), controls=(*FULL, again))).claim


@given(st.sampled_from(STAGES[1:]), st.sampled_from(sorted(TOKENS)))
def test_what_goes_through_directly_is_not_down(stage: Stage, token: str) -> None:
    here = (*neutral(path="office"), *neutral(), control(Role.WITHOUT_PATH, walk()))
    alike = control(Role.KNOWN_GOOD, walk(stage, token), "elsewhere")
    up = control(Role.FOREIGN, walk(check="abroad"), "elsewhere")

    verdict = judge(cell(path=OFFICE), facts((walk(stage, token),), controls=(*here, alike, up)))

    assert Claim.DOWN is not verdict.claim


def test_an_empty_walk_is_insufficient() -> None:
    empty = Walk(check="web")

    assert INSUFFICIENT.id == classify(empty, seen_of(cell(), facts((empty,), controls=FULL))).rule


def test_the_last_rule_tried_is_the_one_that_wins() -> None:
    walked = walk(Stage.TLS, "connection_reset")
    seen = seen_of(cell(), facts((walked,), controls=FULL))

    *others, winner = tried(walked, seen)

    assert classify(walked, seen).rule == winner.rule.id
    assert all(one.missing for one in others)
    assert winner.holds


def test_local_faults_are_told_before_the_rest() -> None:
    first_of_network = next(number for number, rule in enumerate(RULES) if rule.claim is Claim.PATH_DOWN)
    local = [number for number, rule in enumerate(RULES) if rule.id.startswith("local.")]

    assert max(local) < first_of_network


def test_a_rule_changed_in_its_conditions_changes_the_version() -> None:
    from harness.judge.rules import RULES_VERSION, version

    assert RULES_VERSION == version(RULES)
    assert RULES_VERSION != version((replace(RULES[0], when=RULES[1].when), *RULES[1:]))


IMPURE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "ssl", "subprocess", "sys", "time"}


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")), ids=lambda file: str(file.relative_to(FOLDER)))
def test_the_judge_is_pure(file: pathlib.Path) -> None:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}

    assert set() == {name.partition(".")[0] for name in imported} & IMPURE
