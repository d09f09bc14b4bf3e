"""`--shard` under pytest: which cells are left, and what the record knows of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.compare import compare
from harness.history import merge, read
from harness.history.sides import side
from harness.lab.tiers import Missing, detect
from harness.shard import Shard

SCENARIO = """
scenario: small
targets:
  - {name: news, check: {tls: "news.example.org:443"}}
  - {name: recipes, check: {tls: "recipes.example.org:443"}}
  - {name: example, check: {tls: "www.example.com:443"}}
paths: [direct, control-abroad]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [control-abroad]}
retry: {attempts: 2, backoff: 1s..1s, deadline: 20s}
"""
KEYS = [f"small:{target}[{path}]" for target in ("news", "recipes", "example") for path in ("direct", "control-abroad")]

Reach = Callable[..., pytest.RunResult]
Chosen = Callable[..., set[str]]


@pytest.fixture
def reach(pytester: pytest.Pytester) -> Reach:
    """Runs pytest on the small scenario, in a process of its own."""
    (pytester.path / "small.reach.yaml").write_text(SCENARIO)
    return lambda *args: pytester.runpytest_subprocess("-p", "no:cacheprovider", *args, timeout=90)


@pytest.fixture
def chosen(pytester: pytest.Pytester, reach: Reach) -> Callable[..., set[str]]:
    """Collects the small scenario; gives the keys of the targets' cells that are left."""

    def left(*args: str) -> set[str]:
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--collect-only", "-q", *args)
        lines = [line for line in result.outlines if "::" in line and "path.up" not in line]
        return {f"small:{line.partition('::')[2]}" for line in lines}

    return left


@pytest.fixture
def lab() -> None:
    if isinstance(found := detect(), Missing):
        pytest.skip(f"the lab cannot start: {found.step}; {found.remedy}")


def of_shard(index: int) -> set[str]:
    return {key for key in KEYS if Shard(index=index, count=2).holds(key)}


def test_a_shard_runs_the_cells_that_fall_to_it(chosen: Chosen) -> None:
    assert of_shard(1) == chosen("--shard", "1/2")


def test_what_other_options_choose_is_shared_out(chosen: Chosen) -> None:
    assert {key for key in of_shard(2) if "direct" in key} == chosen("-k", "direct", "--shard", "2/2")


def test_the_shard_may_stand_in_the_ini_file(chosen: Chosen, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwaygauge_shard = 2/2\n")

    assert of_shard(2) == chosen()


@pytest.mark.usefixtures("reach")
def test_a_python_test_runs_in_every_shard(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_sum(): assert 2 == 1 + 1")
    empty = next(index for index in range(1, 100) if not any(Shard(index=index, count=99).holds(key) for key in KEYS))

    pytester.runpytest_inprocess("--shard", f"{empty}/99").assert_outcomes(passed=1, deselected=8)


def test_what_is_no_shard_is_a_usage_error(reach: Reach) -> None:
    result = reach("--shard", "3/2")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: --shard: a shard is written I/N, as in 2/3"])


@pytest.mark.usefixtures("lab")
def test_a_shard_under_xdist_knows_the_whole_plan(reach: Reach, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    reach("--world", "open", "--shard", "1/2", "--record", "run.jsonl", "-n", "2")
    recorded = read(pytester.path / "run.jsonl")

    mine = [key for key in KEYS if Shard(index=1, count=2).holds(key)]
    assert ("1/2", mine) == (recorded.run.shard, [key for key in recorded.run.whole if key in mine])
    assert set(KEYS) - set(mine) == {key for key in merge([recorded]).missing if "path.up" not in key}


@pytest.mark.usefixtures("lab")
def test_the_junit_file_of_a_run_says_what_its_record_says(reach: Reach, pytester: pytest.Pytester) -> None:
    reach("--world", "sni-reset", "-k", "direct", "--record", "run.jsonl", "--junitxml", "run.xml")

    found = compare(side(pytester.path / "run.jsonl"), side(pytester.path / "run.xml"))

    assert ((), 4) == (found.news, found.conclusive)
