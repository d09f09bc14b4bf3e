"""What a verdict becomes: passed, failed, skipped, or a run that shows nothing."""

import itertools
import subprocess
import sys
from collections.abc import Callable

import pytest

from harness.lab import Lab, load_world, open_lab

Reach = Callable[..., pytest.RunResult]

COUNTED = ("ActiveOpens", "OutDatagrams", "Udp6OutDatagrams")


def sent(lab: Lab) -> list[str]:
    """Connections begun and datagrams sent by anything inside the client's namespace, as its kernel counts them."""
    words = lab.popen(["cat", "/proc/net/snmp", "/proc/net/snmp6"], stdout=subprocess.PIPE).communicate(10).decode()
    rows = [line.split() for line in words.splitlines()]
    pairs = [
        *(
            (name, value)
            for names, values in itertools.pairwise(rows)
            for name, value in zip(names, values, strict=False)
        ),
        *((row[0], row[1]) for row in rows if len(row) == 2),
    ]
    return [f"{name} {value}" for name, value in pairs if name in COUNTED and value.isdigit()]


WITHOUT_CONTROLS = """
scenario: blind
targets:
  - {name: news, check: {tls: {host: news.example.org, port: 443}}}
paths: [direct]
retry: {attempts: 1, deadline: 20s}
"""


def test_what_is_expected_passes(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "known.yaml").write_text('expect: {"news[direct]": blocked}')

    reach("--expect", "known.yaml", "-k", "news").assert_outcomes(passed=2, deselected=4)


def test_what_is_usable_fails_where_blocking_was_expected(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "known.yaml").write_text('expect: {"recipes[direct]": blocked}')

    result = reach("--expect", "known.yaml", "-k", "recipes and direct")

    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["*usable*", "*expected *blocked*"])


def test_a_run_that_shows_nothing_does_not_end_well(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "small.reach.yaml").write_text(WITHOUT_CONTROLS)

    result = reach("-rs")

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*inconclusive:*declare controls:*"])
    assert 3 == result.ret


def test_marks_of_the_scenario_skip_and_expect_failure(reach: Reach, small: pytest.Pytester) -> None:
    marked = (small.path / "small.reach.yaml").read_text()
    marked = marked.replace("{name: news,", "{name: news, marks: [{xfail: known}],")
    marked = marked.replace("{name: recipes,", "{name: recipes, marks: [{skip: not today}],")
    (small.path / "small.reach.yaml").write_text(marked)

    reach("-k", "direct and not path.up").assert_outcomes(xfailed=1, skipped=1, deselected=4)


def test_a_conftest_may_mark_cells(reach: Reach, small: pytest.Pytester) -> None:
    small.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if "news" in item.name:
                    item.add_marker(pytest.mark.skipif("True", reason="not at night"))
        """
    )

    reach("-k", "direct and not path.up").assert_outcomes(passed=1, skipped=1, deselected=4)


def test_a_skipped_cell_is_never_asked_for(reach: Reach, small: pytest.Pytester) -> None:
    small.makeconftest(
        """
        import pytest

        def pytest_itemcollected(item):
            if "news" in item.name:
                item.add_marker(pytest.mark.skip(reason="not today"))
        """
    )

    reach("--record=run.jsonl", "-k", "direct")

    assert "news[direct]" not in (small.path / "run.jsonl").read_text()


def test_a_file_with_complaints_fails_alone(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "bad.reach.yaml").write_text("scenario: bad\ntargets: [{service: telegrm}]\npaths: [dierct]\n")

    result = reach("--continue-on-collection-errors", "-k", "recipes")

    result.assert_outcomes(passed=2, errors=1, deselected=4)
    result.stdout.fnmatch_lines(
        ['bad.reach.yaml:2:*did you mean "telegram"?', 'bad.reach.yaml:3:*did you mean "direct"?']
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_file_with_complaints_is_exit_status_two(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "small.reach.yaml").write_text("scenario: bad\ntargets: 7\n")

    assert pytest.ExitCode.INTERRUPTED == reach().ret


def test_two_files_cannot_share_a_scenario_name(reach: Reach, small: pytest.Pytester) -> None:
    (small.path / "twin.reach.yaml").write_text((small.path / "small.reach.yaml").read_text())

    reach().stdout.fnmatch_lines(['*the scenario name "small" is taken by small.reach.yaml; give it a name of its own'])


def test_without_a_place_every_cell_is_skipped(small: pytest.Pytester) -> None:
    result = small.runpytest_subprocess("-rs")

    result.assert_outcomes(skipped=6)
    result.stdout.fnmatch_lines(["*nothing is sent without --world NAME or --live"])
    assert pytest.ExitCode.OK == result.ret


def test_neither_a_run_without_a_place_nor_a_plan_sends_one_packet(small: pytest.Pytester) -> None:
    file = str(small.path / "small.reach.yaml")
    with open_lab(load_world("open")) as inside:
        before = sent(inside)
        for words in (["pytest", file], ["harness.cli.main", "plan", file]):
            assert 0 == inside.popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL).wait(60)

        assert before == sent(inside)


def test_the_counter_of_packets_counts(lab: None) -> None:
    with open_lab(load_world("open")) as inside:
        before = sent(inside)
        inside.popen([sys.executable, "-c", "import socket; socket.create_connection(('9.9.9.9', 53))"]).wait(60)

        assert before != sent(inside)


def test_two_thousand_cells_half_of_them_failing_are_told_in_short(small: pytest.Pytester) -> None:
    small.path.joinpath("services").mkdir()
    small.path.joinpath("services", "news.yaml").write_text(_service(1000))
    small.path.joinpath("small.reach.yaml").write_text(
        "scenario: many\ntargets: [{service: news}]\npaths: [direct, pinned]\n"
        'controls: {foreign: [neutral-abroad]}\nexpect: {"news*[direct]": blocked}\n'
    )

    result = small.runpytest_subprocess("--world", "open", "-q", "-p", "no:cacheprovider", timeout=120)

    result.assert_outcomes(passed=1002, failed=1000)
    result.stdout.fnmatch_lines(["*and 990 more*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def _service(count: int) -> str:
    # Cells of one endpoint go one after another; these hosts of the world `open` stand side by side.
    hosts = ("151.101.131.10", "151.101.67.10", "151.101.3.10", "23.192.228.80", "77.88.55.242", "87.240.132.67")
    rows = ((n, hosts[n % len(hosts)]) for n in range(count))
    checks = [f"  c{n}: {{checks: [{{tcp: {{host: {host}, port: 443}}}}]}}" for n, host in rows]
    return "\n".join(
        ["service: news", "date: 2026-11-22", "sources: [https://example.org/]", "capabilities:", *checks, ""]
    )
