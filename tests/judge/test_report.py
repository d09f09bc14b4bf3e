"""What is shown of verdicts: the matrix, the advice, the explanation, JUnit's properties."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.judge import judge
from harness.model import PATH_TARGET, Cell, Claim, Path, Stage, Strength, Target, Verdict
from harness.report import Sheet, Style, advice, explain, junit, matrix
from tests.judge.facts import case, facts, names, walk

PATHS = [
    "direct",
    "doh-quad9",
    "dot-quad9",
    "tcp-quad9",
    "udp-quad9",
    "pinned",
    "office-connect",
    "office-socks-remote",
]
USABLE = Verdict(claim=Claim.USABLE, strength=Strength.CONFIRMED, steadiness="steady", rule="usable.proved")
BLOCKED = Verdict(
    claim=Claim.BLOCKED,
    strength=Strength.LIKELY,
    steadiness="steady",
    rule="tls.reset_on_sni",
    mechanism="tls.reset_on_sni",
    stage=Stage.TLS,
)
SHAKY = replace(USABLE, steadiness="intermittent 2/3")
DOWN = replace(BLOCKED, claim=Claim.DOWN, mechanism=None, rule="target.down")
UNKNOWN = replace(BLOCKED, claim=Claim.INCONCLUSIVE, mechanism=None, rule="insufficient")
IDLE = replace(UNKNOWN, claim=Claim.NOT_APPLICABLE)


def sheet(*verdicts: Verdict | None, target: str = "app.web", scenario: str = "s") -> Sheet:
    """One target over as many paths as there are verdicts."""
    cells = [
        Cell(
            key=f"{scenario}:{target}[{path}]",
            scenario=scenario,
            target=Target(name=target, checks=()),
            path=Path(name=path),
        )
        for path, _ in zip(PATHS, verdicts, strict=False)
    ]
    return Sheet.of(cells, {cell.key: one for cell, one in zip(cells, verdicts, strict=True) if one})


def both(one: Sheet, other: Sheet) -> Sheet:
    return Sheet.of((*one.cells, *other.cells), {**one.verdicts, **other.verdicts})


def test_a_field_says_claim_and_mechanism() -> None:
    lines = matrix.render(sheet(BLOCKED, SHAKY), Style(width=100)).splitlines()

    assert "         direct              doh-quad9" == lines[0]
    assert "app.web  ✗ tls.reset_on_sni  ✓ usable 2/3" == lines[2]


def test_what_does_not_fit_becomes_letters_explained_below() -> None:
    shown = matrix.render(sheet(*[BLOCKED, USABLE, SHAKY, DOWN] * 2), Style(width=100))

    assert "app.web  ✗ tls a  ✓        ✓ b      ▼ c" in shown
    assert "a tls.reset_on_sni   the connection is reset once the name is visible" in shown


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    shown = matrix.render(sheet(*[BLOCKED, USABLE, SHAKY, DOWN, UNKNOWN, None, BLOCKED, USABLE]), Style(width=width))

    assert max(map(len, shown.splitlines())) <= width


def test_names_too_long_for_the_right_edge_stand_left_of_their_columns() -> None:
    lines = matrix.render(sheet(*[BLOCKED] * 8), Style(width=50)).splitlines()

    assert ["office-socks-remote ┐", "office-connect ┐    │"] == [line.strip() for line in lines[:2]]
    assert max(map(len, lines[:10])) <= 50


def test_plain_terminals_get_plain_characters() -> None:
    shown = matrix.render(
        sheet(*[BLOCKED, USABLE, SHAKY, DOWN, UNKNOWN, None, BLOCKED]), Style(width=80, unicode=False)
    )

    assert shown.isascii()


def test_colour_changes_no_character() -> None:
    plain, coloured = (matrix.render(sheet(BLOCKED, USABLE), Style(colour=colour)) for colour in (False, True))

    assert plain != coloured
    assert plain == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_the_paths_own_cells_stand_first() -> None:
    lines = matrix.render(both(sheet(USABLE), sheet(USABLE, target=PATH_TARGET))).splitlines()

    assert ["the path itself  ✓ usable", "app.web          ✓ usable"] == lines[2:4]


def test_only_what_occurs_is_explained() -> None:
    legend = matrix.render(sheet(USABLE)).splitlines()[-1]

    assert "✓ usable" == legend


def test_several_scenarios_stand_under_their_names() -> None:
    shown = matrix.render(both(sheet(USABLE), sheet(USABLE, scenario="other")))

    assert ["s", "other"] == [line for line in shown.splitlines() if line in {"s", "other"}]


def test_two_thousand_rows_are_no_matter() -> None:
    cells = [
        Cell(key=f"k{number}", scenario="s", target=Target(name=f"t{number}", checks=()), path=Path(name=path))
        for number in range(500)
        for path in PATHS[:4]
    ]

    assert 504 == len(matrix.render(Sheet.of(cells, {"k1": USABLE})).splitlines())


def test_advice_names_the_paths_that_work_and_how_steadily() -> None:
    assert ["app.web works now by: doh-quad9, dot-quad9 (2 of 3 tries)"] == advice.lines(sheet(BLOCKED, USABLE, SHAKY))


def test_every_path_works_only_where_all_have_finished() -> None:
    names = ", ".join(PATHS[:4])

    assert ["app.web works now by: every path tried"] == advice.lines(sheet(*[USABLE] * 4, IDLE))
    assert [f"app.web works now by: {names}"] == advice.lines(sheet(*[USABLE] * 4, None))


@pytest.mark.parametrize(
    ("expected", "verdicts"),
    [
        ("no path tried works", [BLOCKED, BLOCKED]),
        ("no path tried works; 1 of 2 are not known", [BLOCKED, UNKNOWN]),
        ("no path works; the service itself seems to be down", [DOWN, BLOCKED]),
        ("not known for any path", [UNKNOWN, UNKNOWN]),
        ("no path tried works; 1 of 2 are not known", [BLOCKED, None]),
        ("was not finished over any path", [None, IDLE, None]),
        ("was not asked of any path", [IDLE, IDLE]),
    ],
)
def test_advice_says_plainly_that_nothing_works(expected: str, verdicts: list[Verdict | None]) -> None:
    assert [f"app.web: {expected}"] == advice.lines(sheet(*verdicts))


@pytest.mark.parametrize("name", names())
def test_every_case_can_be_explained(name: str) -> None:
    one = case(name)
    verdict = judge(one.cell, one.facts)

    shown = explain.render(one.cell, one.facts, verdict, Style(width=100))

    assert one.cell.key == shown.splitlines()[0]
    assert verdict.claim in shown


def test_an_explanation_says_what_held_and_what_was_compared() -> None:
    one = case("tls-sni-reset")

    shown = explain.render(one.cell, one.facts, judge(one.cell, one.facts), Style(width=120))

    assert "✓ tls.reset_on_sni holds: Reset once the name was visible" in shown
    assert "✓ the same address answers under a neutral name\n" in shown
    assert "the same check over a path known good: web, over office" in shown


def test_an_explanation_of_ignorance_says_what_nearly_held() -> None:
    one = case("no-control")

    shown = explain.render(one.cell, one.facts, judge(one.cell, one.facts), Style(width=120))

    assert "✗ ip.blackhole" in shown
    assert "✗ not shown: a neutral host abroad answered over this path" in shown
    assert "declare controls: {foreign: [neutral-abroad]" in shown


def test_a_message_for_junit_is_one_line_with_claim_mechanism_and_attempts() -> None:
    seen = facts((walk(),), (walk(),), (walk(),))

    assert "blocked: tls.reset_on_sni at tls (likely, 3 attempts)" == junit.message(BLOCKED, seen)
    assert "usable (confirmed, 3 attempts, intermittent 2/3)" == junit.message(SHAKY, seen)


def test_properties_for_junit_have_the_same_names_for_every_cell() -> None:
    seen = facts((walk(Stage.TLS, "connection_reset"),), (walk(),))
    kept = dict(junit.properties(BLOCKED, seen))

    assert list(kept) == [name for name, _ in junit.properties(USABLE, seen)]
    assert "1: tls connection_reset; 2: through" == kept["tries"]


def test_properties_for_junit_hold_no_address() -> None:
    kept = junit.properties(BLOCKED, facts((walk(Stage.CONNECT, "connection_refused"),)))

    assert not re.search(r"\d+\.\d+\.\d+\.\d+", str(kept))
