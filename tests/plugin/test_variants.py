"""Runs in one vantage of a world at one time, and worlds that need what the tier lacks."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

TOWN = """world: town
title: A town with two providers
extends: open
vantage: {name: town-home, network: home}
timetable: {night: "02:30"}
censor:
  - sni_reset: {names: [news.example.org], hours: ["22:00-06:00"]}
vantages:
  isp-b: {censor: [{sni_reset: {names: [recipes.example.org], hours: ["22:00-06:00"]}}]}
"""
PROGRAMS = """world: programs
title: Two servers that are the system's own programs
extends: open
hosts:
  - {name: ours, addresses: [192.0.2.81], services: [{nginx: {port: 8080}}, {coturn: {port: 3478}}]}
"""
LACKING = """
from harness.lab import needs
needs.OFFERS = {tier: frozenset() for tier in needs.OFFERS}
"""


def run(project: pytest.Pytester, world: str) -> pytest.RunResult:
    """The direct cells of the small scenario in that world, with a record and a JUnit file beside it."""
    words = ["-k", "direct", "--record", "run.jsonl", "--junitxml", "junit.xml", "-p", "no:cacheprovider"]
    return project.runpytest_subprocess("--world", world, *words, timeout=90)


@pytest.mark.parametrize(
    ("chosen", "outcomes", "vantage"),
    [
        ("@night", {"passed": 2, "failed": 1}, "town-home"),
        ("@isp-b@night", {"passed": 2, "failed": 1}, "town-home-isp-b"),
    ],
)
def test_record_and_junit_name_the_vantage_and_the_choice(
    small: pytest.Pytester, chosen: str, outcomes: dict[str, int], vantage: str
) -> None:
    (small.path / "town.yaml").write_text(TOWN)
    result = run(small, f"town.yaml{chosen}")
    head = json.loads((small.path / "run.jsonl").read_text().splitlines()[0])
    hostname = re.findall('hostname="([^"]*)"', (small.path / "junit.xml").read_text())

    result.assert_outcomes(**outcomes, deselected=3)
    assert (f"town{chosen}", vantage, [vantage]) == (head["world"], head["vantage"]["name"], hostname)


def test_what_a_vantage_does_not_have_is_said_before_anything_runs(small: pytest.Pytester) -> None:
    (small.path / "town.yaml").write_text(TOWN)
    result = run(small, "town.yaml@isp-c")

    result.stderr.fnmatch_lines(['*world "town" has no vantage or time "isp-c"; did you mean "isp-b"?'])


@pytest.mark.parametrize(
    ("world", "skipped"), [("programs.yaml", 3), ("sni-reset", 0)], ids=["what the tier lacks", "nothing"]
)
def test_a_world_that_needs_what_the_tier_lacks_is_skipped_by_name(
    small: pytest.Pytester, world: str, skipped: int
) -> None:
    small.makeconftest(LACKING)
    small.path.joinpath("programs.yaml").write_text(PROGRAMS)
    result = run(small, world)
    text = result.stdout.str()

    assert skipped == result.parseoutcomes().get("skipped", 0)
    assert (skipped > 0) is ("skipped: world programs needs outside programs (nginx, coturn), which tier " in text)


def test_what_is_needed_by_whom_is_told_of_a_world(tmp_path: pathlib.Path) -> None:
    from harness.lab.needs import Need, needs
    from harness.lab.world import load_world

    (tmp_path / "programs.yaml").write_text(PROGRAMS)

    assert {Need.PROGRAM: ("nginx", "coturn")} == needs(load_world(str(tmp_path / "programs.yaml")))
    assert {} == needs(load_world("ru-2026-02"))


def test_no_lab_is_opened_for_a_world_that_no_tier_can_show(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.lab import load_world, needs, open_lab

    monkeypatch.setattr(needs, "OFFERS", {tier: frozenset() for tier in needs.OFFERS})

    (tmp_path / "programs.yaml").write_text(PROGRAMS)
    with pytest.raises(needs.Lacking, match=r"world programs needs outside programs \(nginx, coturn\)"):
        open_lab(load_world(str(tmp_path / "programs.yaml")))
