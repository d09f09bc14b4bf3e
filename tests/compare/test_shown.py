"""A comparison as it is shown: to people, in a summary, to programs, as annotations."""

from __future__ import annotations

import json

import pytest

from harness.compare import Change, Comparison
from harness.report import changes, changes_for
from harness.report.style import Style
from tests.compare.standings import BLOCKED, BLOCKED_ONCE, NOT_RUN, SHAKY, USABLE, nights

FOUND = nights(
    {"s:calls[direct]": USABLE, "s:text[direct]": USABLE, "s:news[direct]": USABLE, "s:web[direct]": BLOCKED},
    {"s:calls[direct]": BLOCKED, "s:text[direct]": USABLE, "s:news[direct]": NOT_RUN, "s:web[direct]": USABLE},
)


def many(count: int) -> Comparison:
    return nights({f"s:t{n}[direct]": USABLE for n in range(count)}, {f"s:t{n}[direct]": BLOCKED for n in range(count)})


def test_changes_alone_are_shown_by_default() -> None:
    assert "s:text[direct]" not in changes.render([FOUND])


def test_everything_is_shown_on_demand() -> None:
    assert "s:text[direct]" in changes.render([FOUND], everything=True)


def test_a_change_tells_then_and_now() -> None:
    assert "s:calls[direct]  usable → ✗ blocked: tls.reset_on_sni" in changes.render([FOUND])


def test_a_plain_terminal_gets_ascii() -> None:
    assert changes.render([FOUND], Style(unicode=False)).isascii()


def test_the_totals_count_every_cell() -> None:
    assert "4 cells in both; 1 newly blocked, 1 not run, 1 newly usable, 1 as before" == changes.totals(FOUND)


def test_a_doubtful_change_says_what_it_rests_on() -> None:
    shown = changes.render([nights({"a": SHAKY}, {"a": BLOCKED_ONCE})])

    assert "usable 1/3 → ✗ blocked: tls.reset_on_sni (unconfirmed, then by 1/3 tries and now by 1 try)" in shown


def test_markdown_is_a_table() -> None:
    row = "| `s:calls[direct]` | usable | **blocked: tls.reset_on_sni** | newly blocked |"

    assert row in changes_for.markdown([FOUND]).splitlines()


@pytest.mark.parametrize("largest", [2_000, 5_000, 20_000])
def test_a_summary_never_grows_beyond_what_is_taken(largest: int) -> None:
    text = changes_for.markdown([many(300), many(300)], largest=largest)

    assert len(text.encode()) <= largest
    assert text.count("more changes, in the record") == 2


def test_what_a_summary_leaves_out_is_counted() -> None:
    text = changes_for.markdown([many(300)], largest=5_000)
    shown = text.count("| `s:t")

    assert f"… and {300 - shown} more changes" in text


def test_a_summary_cannot_be_broken_by_a_name() -> None:
    key = "a|b`<img>\n| c"

    assert "| `a\\|b'<img> \\| c` |" in changes_for.markdown([nights({key: USABLE}, {key: BLOCKED})])


def test_json_keeps_both_verdicts_apart() -> None:
    (found,) = json.loads(changes_for.plain([FOUND]))["comparisons"]

    assert ("newly_blocked", "usable", "blocked") == (
        found["changes"][0]["change"],
        found["changes"][0]["then"]["claim"],
        found["changes"][0]["now"]["claim"],
    )


def test_json_tells_what_was_not_run_from_what_was_not_planned() -> None:
    found = nights({"a": USABLE}, {"a": NOT_RUN, "b": USABLE})
    (told,) = json.loads(changes_for.plain([found]))["comparisons"]
    rows = {row["cell"]: row for row in told["changes"]}

    assert {"claim": None, "tries": 0} == rows["a"]["now"]
    assert rows["b"]["then"] is None


def test_annotations_are_ten_at_most_and_count_the_rest() -> None:
    lines = changes_for.workflow_commands([many(30)]).splitlines()

    assert (10, "::warning title=more changes::21 more, in the summary") == (len(lines), lines[-1])


def test_annotations_begin_with_what_fails() -> None:
    lines = changes_for.workflow_commands([FOUND], [Change.NEWLY_BLOCKED]).splitlines()

    assert ["::error", "::notice", "::notice"] == [line.split(" ")[0] for line in lines]


def test_a_doubtful_change_is_a_warning() -> None:
    assert changes_for.workflow_commands([nights({"a": USABLE}, {"a": BLOCKED_ONCE})]).startswith("::warning ")


def test_an_annotation_cannot_begin_a_second_command() -> None:
    key = "a\n::error::b"

    assert 1 == len(changes_for.workflow_commands([nights({key: USABLE}, {key: BLOCKED})]).splitlines())
