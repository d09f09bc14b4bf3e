import re

import pytest

from harness.model import Vantage
from harness.plugin.options import OPTIONS
from harness.plugin.settings import vantage


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("home-1", Vantage(name="home-1")),
        ("home-1 cc=RU asn=12389 network=home", Vantage(name="home-1", cc="RU", asn=12389, network="home")),
        ("name=home-1,cc=RU,asn=AS12389", Vantage(name="home-1", cc="RU", asn=12389)),
    ],
)
def test_a_vantage_is_spelled_in_one_line(text: str, declared: Vantage) -> None:
    assert declared == vantage(text)


@pytest.mark.parametrize(("text", "remedy"), [("home asn=none", "asn is a number"), ("home asm=1", "unknown 'asm'")])
def test_a_vantage_that_cannot_be_meant_is_refused(text: str, remedy: str) -> None:
    with pytest.raises(pytest.UsageError, match=remedy):
        vantage(text)


def test_offline_refuses_live(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--live")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*WAYGAUGE_OFFLINE=1 forbids --live*"])


def test_live_needs_consent(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYGAUGE_OFFLINE")

    result = pytester.runpytest_subprocess("--live")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*run `waygauge consent`, or in CI set WAYGAUGE_CONSENT=yes*"])


def test_world_and_live_exclude_each_other(pytester: pytest.Pytester) -> None:
    pytester.runpytest_subprocess("--live", "--world", "open").stderr.fnmatch_lines(["*exclude each other*"])


def test_all_options_stand_in_one_group_and_are_ini_values_too(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_subprocess("--help").stdout.str()

    group = shown.partition("waygauge: reachability scenarios")[2].partition("\n\n")[0]
    assert len(OPTIONS) == len(re.findall(r"^  --", group, re.MULTILINE))
    assert [] == [option.flag for option in OPTIONS if f"  {option.flag}" not in group]
    assert [] == [option.ini for option in OPTIONS if f"  {option.ini} (" not in shown]


def test_a_project_without_scenarios_pays_for_no_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_imports():
            assert not {"pydantic", "httpx", "dns", "cryptography", "harness.plugin.run"} & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess("-p", "no:anyio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_a_third_party_adds_a_kind(pytester: pytest.Pytester, lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile(
        shout="""
        from pydantic import BaseModel
        from harness.model import Level, Stage

        class Params(BaseModel):
            url: str

        async def run(params, route, tape, until):
            with tape.stage(Stage.CONNECT):
                tape.reached(Level.E1)
        """
    )
    pytester.makeconftest(
        """
        from harness.kinds import Kind

        def pytest_waygauge_kinds():
            own = {"params": "shout:Params", "build": "shout:run", "traits": frozenset({"E1"})}
            yield "probes", Kind(name="shout", summary="shouts", **own)
        """
    )
    (pytester.path / "own.reach.yaml").write_text(
        "scenario: own\ntargets: [{name: news, check: {shout: 'tcp://151.101.3.10:80'}}]\npaths: [direct]\n"
    )

    pytester.runpytest_subprocess("--world", "open", "-k", "news").assert_outcomes(passed=1, deselected=1)


def test_a_record_that_cannot_be_written_is_refused_before_anything_is_measured(pytester: pytest.Pytester) -> None:
    (pytester.path / "file").write_text("")

    for record in (".", "file/run.jsonl"):
        result = pytester.runpytest_subprocess("--world", "open", "--record", record)

        assert pytest.ExitCode.USAGE_ERROR == result.ret
        result.stderr.fnmatch_lines(["*--record: *; name a file in a folder of yours*"])


def test_scenarios_that_nothing_is_sent_for_say_so(pytester: pytest.Pytester) -> None:
    scenario = "scenario: idle\ntargets:\n  - {name: one, check: {http: 'https://www.example.com/'}}\n"
    (pytester.path / "idle.reach.yaml").write_text(scenario)

    result = pytester.runpytest_subprocess("idle.reach.yaml")

    result.stdout.fnmatch_lines(["waygauge: nothing is sent without --world NAME or --live"])
