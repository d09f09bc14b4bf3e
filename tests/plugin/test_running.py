"""What pytest offers works for cells as it does for tests."""

import json
from collections.abc import Callable

import pytest

Reach = Callable[..., pytest.RunResult]


def test_usable_passes_and_blocked_fails(reach: Reach) -> None:
    result = reach("-v")

    result.stdout.fnmatch_lines(
        ["*news?direct? FAILED (blocked: tls.reset_on_sni)*", "*recipes?direct? PASSED (usable)*"]
    )
    assert pytest.ExitCode.TESTS_FAILED == result.ret


def test_k_selects_cells(reach: Reach) -> None:
    reach("-k", "recipes and direct").assert_outcomes(passed=1, deselected=5)


def test_m_selects_by_path(reach: Reach) -> None:
    reach("-m", "path_control-abroad and not nothing", "--collect-only", "-q").stdout.fnmatch_lines(
        ["3/6 tests collected*"]
    )


@pytest.mark.skipif(pytest.version_tuple < (8, 3), reason="-m with arguments came with pytest 8.3")
def test_m_selects_by_the_arguments_of_marks(reach: Reach) -> None:
    reach("-m", "path(name='control-abroad')", "--collect-only", "-q").stdout.fnmatch_lines(["3/6 tests collected*"])


def test_a_node_id_selects_one_cell(reach: Reach) -> None:
    reach("small.reach.yaml::recipes[direct]").assert_outcomes(passed=1)


def test_a_node_id_without_a_path_selects_every_path(reach: Reach) -> None:
    reach("small.reach.yaml::recipes").assert_outcomes(passed=2)


def test_x_stops_at_the_first_failure(reach: Reach) -> None:
    result = reach("-x", "-k", "news or recipes")

    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


def test_maxfail_counts_cells(reach: Reach) -> None:
    reach("--maxfail=1", "-k", "news").assert_outcomes(failed=1, deselected=4)


def test_lf_runs_what_failed(small: pytest.Pytester) -> None:
    words = ("--world", "sni-reset", "-k", "direct and not path.up")
    small.runpytest_subprocess(*words)

    outcomes = small.runpytest_subprocess(*words, "--lf").parseoutcomes()
    assert (1, None) == (outcomes.get("failed"), outcomes.get("passed"))


def test_durations_are_those_of_the_cells(reach: Reach) -> None:
    reach("--durations=0", "-k", "recipes").stdout.fnmatch_lines(["*s call *recipes?direct?"])


def test_collect_only_sends_nothing(reach: Reach, small: pytest.Pytester) -> None:
    result = reach("--collect-only", "--record=run.jsonl")

    result.stdout.fnmatch_lines(["*<CellItem news?direct?>"])
    assert not (small.path / "run.jsonl").exists()


def test_without_the_plugin_nothing_is_collected(small: pytest.Pytester) -> None:
    assert pytest.ExitCode.NO_TESTS_COLLECTED == small.runpytest_subprocess("-p", "no:waygauge").ret


def test_python_tests_run_beside_scenarios(reach: Reach, small: pytest.Pytester) -> None:
    small.makepyfile("def test_sum(): assert 2 == 1 + 1")

    reach("-k", "recipes or test_sum").assert_outcomes(passed=3, deselected=4)


def test_a_failing_python_test_keeps_its_traceback(reach: Reach, small: pytest.Pytester) -> None:
    small.makepyfile("def test_sum(): assert 3 == 1 + 1")

    reach("-k", "news or test_sum").stdout.fnmatch_lines(
        ["*FAILURES*", "*assert 3 == (1 + 1)*", "*otherwise than expected*"]
    )


def test_the_header_says_from_where_and_by_what_means(reach: Reach) -> None:
    reach("--collect-only").stdout.re_match_lines(
        [r"waygauge: vantage lab-sni-reset .*tier (userns|root), world sni-reset, catalogue \d{4}-"]
    )


def test_the_summary_says_which_path_works(reach: Reach) -> None:
    reach().stdout.fnmatch_lines(["*which way works*", "news works now by: control-abroad*"])


def test_every_option_is_an_ini_value_too(small: pytest.Pytester) -> None:
    small.makeini("[pytest]\nwaygauge_world = sni-reset\nwaygauge_record = run.jsonl\n")

    small.runpytest_subprocess("-k", "recipes and direct").assert_outcomes(passed=1, deselected=5)
    assert "sni-reset" == json.loads((small.path / "run.jsonl").read_text().splitlines()[0])["world"]


def test_strict_markers_accept_our_marks(reach: Reach) -> None:
    reach("--strict-markers", "-m", "path_direct", "--collect-only", "-q").stdout.fnmatch_lines(
        ["3/6 tests collected*"]
    )
