"""What is expected of cells, and what stands where nothing is said."""

import pytest

from harness.document import load as parse
from harness.model import Claim, Strength, Verdict
from harness.scenario.expect import Expectations, expect_text
from tests.language.conftest import API, Load

BLOCKED, DOWN = frozenset({Claim.BLOCKED}), frozenset({Claim.DOWN})


def of(name: str, *layers: dict[str, frozenset[Claim]]) -> list[str]:
    return sorted(Expectations(layers).of(name))


def test_usable_is_expected_where_nothing_is_said() -> None:
    assert ["usable"] == of("api[direct]")


@pytest.mark.parametrize("pattern", ["api[direct]", "api[*]", "*[direct]", "a?i[direct]", "*"])
def test_a_pattern_covers_the_cell_and_brackets_stand_for_themselves(pattern: str) -> None:
    assert ["blocked"] == of("api[direct]", {pattern: BLOCKED})


@pytest.mark.parametrize("pattern", ["api", "api[doh]", "api[d]", "[a]pi[direct]", "API[direct]"])
def test_a_pattern_does_not_cover_another_cell(pattern: str) -> None:
    assert ["usable"] == of("api[direct]", {pattern: BLOCKED})


def test_a_whole_name_wins_over_patterns_and_the_first_pattern_over_later_ones() -> None:
    rows = {"*": BLOCKED, "api[*]": DOWN, "api[direct]": DOWN}

    assert (["down"], ["blocked"]) == (of("api[direct]", rows), of("api[doh]", rows))


def test_what_is_laid_over_goes_before_the_scenarios_own(load: Load) -> None:
    own = API + 'paths: [direct, doh-quad9]\nexpect: {"api[*]": [usable, degraded]}\n'
    over = 'expect: {"*[doh-quad9]": blocked, "another[direct]": down}\n'
    expectations = load(own, expect=over).expectations

    assert BLOCKED == expectations.of("api[doh-quad9]")
    assert {Claim.USABLE, Claim.DEGRADED} == expectations.of("api[direct]")


def test_any_stands_for_whatever_is_conclusive(load: Load) -> None:
    claims = load(API + 'expect: {"api[direct]": any}\n').expectations.of("api[direct]")

    assert Claim.BLOCKED in claims
    assert Claim.INCONCLUSIVE not in claims


def test_a_run_becomes_a_file_that_expects_just_what_it_showed() -> None:
    shown = {"api[direct]": Claim.BLOCKED, "api[doh]": Claim.USABLE, "web[direct]": Claim.INCONCLUSIVE}
    text = expect_text({name: verdict(claim) for name, claim in shown.items()})

    assert {"expect": {"api[direct]": "blocked"}} == parse(text, "known.yaml").value()


def test_a_run_without_surprises_becomes_an_empty_file() -> None:
    assert {"expect": {}} == parse(expect_text({}), "known.yaml").value()


def verdict(claim: Claim) -> Verdict:
    return Verdict(claim=claim, strength=Strength.LIKELY, steadiness="steady", rule="r")
