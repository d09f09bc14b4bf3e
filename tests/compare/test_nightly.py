"""The workflow files that we ship: their steps are run here as they stand, and a night comes out."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from harness.history import read
from tests import needs
from tests.compare.ci import CI, GitHub, GitLab, Job, Service

SCENARIO = """
scenario: night
targets:
  - {name: facebook, check: {tls: "www.facebook.com:443"}}
  - {name: example, check: {tls: "www.example.com:443"}}
  - {name: max, check: {tls: "ws-api.oneme.ru:443"}}
paths: [direct]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [control-abroad]}
retry: {attempts: 2, backoff: 1s..1s, deadline: 20s}
"""
"""Facebook's name is reset in the world ru-2026-02, and nothing is in open."""

RESET = "night:facebook[direct]: usable, now blocked: tls.reset_on_sni"


def service(root: pathlib.Path) -> Service:
    needs.lab()
    (root / "checkout" / "scenarios").mkdir(parents=True)
    (root / "checkout" / "scenarios" / "night.reach.yaml").write_text(SCENARIO)
    return Service(root=root)


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> GitHub:
    """GitHub, after the jobs that measure."""
    ran = GitHub(service(tmp_path_factory.mktemp("github")))
    legs = ran.measure()
    assert [0] * len(legs) == [leg.code for leg in legs], "\n".join(leg.printed for leg in legs)
    return ran


@pytest.fixture(scope="module")
def first(github: GitHub) -> Job:
    """GitHub's report on the first night, which is remembered as a good one."""
    return github.report("first")


@pytest.fixture(scope="module")
def worse(github: GitHub, first: Job) -> Job:
    """The report on a night that is worse than the last good one, in which nobody reset Facebook; it is accepted."""
    cache = github.service.cache
    shutil.copy(cache / "open.jsonl", cache / "ru-2026-02.jsonl")
    return GitHub(Service(root=github.service.root, inputs={"accept": True})).report("worse")


def test_every_cell_of_every_leg_is_in_the_night(first: Job) -> None:
    assert (0, 4) == (first.code, len(read(first.folder / "night" / "open.jsonl").cells)), first.printed
    assert "open.jsonl: 4 of 4 planned cells" in first.summary


def test_a_good_night_is_remembered(github: GitHub, first: Job) -> None:
    assert ["open.jsonl", "ru-2026-02.jsonl"] == sorted(file.name for file in github.service.cache.iterdir())
    assert "as before" in first.summary


def test_the_artifacts_are_kept(github: GitHub, first: Job) -> None:
    kept = {folder.name for folder in github.service.artifacts.iterdir()}

    assert {"leg-0", "leg-1", "leg-2", "leg-3", "night"} == kept


def test_a_regression_fails_the_night_and_is_told(worse: Job) -> None:
    assert 1 == worse.code, worse.printed
    assert f"::error title=newly blocked (ru-2026-02.jsonl)::{RESET}" in worse.printed
    assert "| `night:facebook[direct]` | usable | **blocked: tls.reset_on_sni** | newly blocked |" in worse.summary


def test_a_night_that_is_accepted_becomes_the_good_one(github: GitHub, worse: Job) -> None:
    assert "ru-2026-02" == read(github.service.cache / "ru-2026-02.jsonl").run.world


def test_cells_of_a_lost_leg_are_named(github: GitHub, first: Job) -> None:
    lost = max(github.service.artifacts.glob("leg-*"))
    lost.rename(github.service.root / "lost")
    job = github.report("after-the-loss")
    (github.service.root / "lost").rename(lost)

    assert 1 == job.code
    assert "missing: night:" in job.summary


def test_gitlab_comes_to_the_same(github: GitHub, worse: Job, tmp_path: pathlib.Path) -> None:
    ran = GitLab(service(tmp_path))
    legs = ran.measure(only="ru-2026-02")
    good = ran.report("first")
    shutil.copy(github.service.cache / "open.jsonl", ran.service.cache / "ru-2026-02.jsonl")

    worse = ran.report("second")

    told = "\n".join(job.printed for job in (*legs, good, worse))
    assert ([0, 0], 0, 1) == ([leg.code for leg in legs], good.code, worse.code), told
    assert "newly blocked: it worked" in worse.printed


@pytest.mark.parametrize("name", ["nightly.yml", "gitlab-ci.yml"])
def test_a_workflow_sends_nothing_unless_it_is_told_to(name: str) -> None:
    lines = [line.partition("#")[0] for line in (CI / name).read_text(encoding="utf-8").splitlines()]

    assert not any("--live" in line or "WAYGAUGE_CONSENT" in line for line in lines)
