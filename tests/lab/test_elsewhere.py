"""The loopback without what only Linux or POSIX has: taken away here, as no other system is at hand."""

from __future__ import annotations

import os
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
SCENARIO = """
scenario: elsewhere
targets:
  - {name: news, check: {http: "https://news.example.org/"}}
  - {name: recipes, check: {http: "https://recipes.example.org/"}}
paths: [direct, control-abroad]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [control-abroad]}
retry: {attempts: 1}
expect: {"news[direct]": blocked}
"""
FIXTURE = """
def test_it(censored_internet):
    world = censored_internet("sni-reset")
    assert world.client().get("https://recipes.example.org/").status_code == 200
    world.swap(["blackout"])
    assert [] == world.log()
"""


@pytest.fixture
def elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    root = HERE.parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE / "elsewhere"), str(root)]))
    monkeypatch.setenv("TMPDIR", str(pytester.path))
    monkeypatch.delenv("WAYGAUGE_LAB_TIER", raising=False)
    return pytester


def ran(project: pytest.Pytester) -> str:
    return (project.path / "ran").read_text()


def test_a_scenario_has_its_verdicts(elsewhere: pytest.Pytester) -> None:
    elsewhere.path.joinpath("t.reach.yaml").write_text(SCENARIO)
    words = ["--world", "sni-reset", "-k", "news or recipes", "-p", "no:cacheprovider", "-v"]

    result = elsewhere.runpytest_subprocess(*words, timeout=90)

    result.assert_outcomes(passed=4, deselected=2)
    result.stdout.fnmatch_lines(["*tier loopback*"])
    assert "harness.engine" in ran(elsewhere)
    assert "harness.lab.loopback.daemon" in ran(elsewhere)


def test_the_fixture_gives_a_world(elsewhere: pytest.Pytester) -> None:
    elsewhere.makepyfile(FIXTURE)

    elsewhere.runpytest_subprocess("-p", "no:cacheprovider", timeout=60).assert_outcomes(passed=1)
    assert "harness.lab.loopback.daemon" in ran(elsewhere)


def test_a_world_of_namespaces_is_refused_in_one_line(
    elsewhere: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYGAUGE_LAB_TIER", "root")
    elsewhere.path.joinpath("t.reach.yaml").write_text(SCENARIO)

    result = elsewhere.runpytest_subprocess("--world", "sni-reset", "-p", "no:cacheprovider", timeout=60)

    assert "cannot make namespaces: Function not implemented; they exist on Linux alone" in (
        result.stdout.str() + result.stderr.str()
    )
