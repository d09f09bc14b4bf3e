"""pytest's own --junitxml is good by itself."""

import pathlib
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from harness.history.junitcells import read_junit
from harness.plugin.junitfile import narrowed

SMALL = """
scenario: small
targets: [{name: a, check: {tcp: "127.0.0.1:1"}}, {name: b, check: {tcp: "127.0.0.1:2"}}]
paths: [direct, doh-quad9]
"""

Cases = dict[str, ET.Element]


@pytest.fixture(scope="module")
def junit(tmp_path_factory: pytest.TempPathFactory, small_run: Callable[..., pathlib.Path]) -> str:
    """The file of one run in which cells passed, failed, were skipped for a reason and by mark."""
    return (small_run("--junitxml=junit.xml") / "junit.xml").read_text()


@pytest.fixture(scope="module")
def cases(junit: str) -> Cases:
    return {case.attrib["name"]: case for case in ET.fromstring(junit).iter("testcase")}


def properties(case: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def test_names_are_those_of_the_cells(cases: Cases) -> None:
    assert {"path.up[direct]", "news[direct]", "recipes[direct]", "orchard.fruit[direct]", "later[direct]"} <= set(
        cases
    )


def test_a_failure_says_claim_mechanism_and_attempts_in_one_line(cases: Cases) -> None:
    failure = cases["news[direct]"].find("failure")

    assert failure is not None
    assert failure.attrib["message"].startswith("blocked: tls.reset_on_sni at tls (")
    assert "1 attempt" in failure.attrib["message"]
    assert "\n" not in failure.attrib["message"]


def test_a_passing_cell_has_its_properties_too(cases: Cases) -> None:
    found = properties(cases["recipes[direct]"])

    assert ("usable", "1", "usable") == (found["claim"], found["attempts"], found["expected"])


def test_a_skip_says_why_without_a_folder_of_this_machine(cases: Cases) -> None:
    skipped = cases["orchard.fruit[direct]"].find("skipped")

    assert skipped is not None
    assert "not_applicable: the world sni-reset does not serve orchard.fruit" == skipped.attrib["message"]
    assert (skipped.text or "").startswith("small.reach.yaml:")


def test_a_skip_by_mark_does_not_name_a_folder_either(cases: Cases) -> None:
    skipped = cases["later[direct]"].find("skipped")

    assert skipped is not None
    assert (skipped.text or "").startswith("small.reach.yaml:")


def test_no_absolute_path_stands_in_it(junit: str) -> None:
    assert not [word for word in ("/tmp/", "/home/", "/root/", str(pathlib.Path(__file__).parents[2])) if word in junit]


def test_the_host_is_the_declared_vantage(junit: str) -> None:
    assert "lab-sni-reset" == next(ET.fromstring(junit).iter("testsuite")).attrib["hostname"]


def test_times_are_those_of_the_cells(cases: Cases) -> None:
    assert 0.0 < float(cases["recipes[direct]"].attrib["time"]) < 60.0


# Element by element what both schemas allow: the attributes, and the elements inside in their order.
NARROW = {
    "testsuite": ("name errors failures skipped tests time timestamp", "properties testcase"),
    "properties": ("", "property"),
    "property": ("name value", ""),
    "testcase": ("classname name time", "failure skipped error system-out system-err"),
    "failure": ("message type", ""),
    "error": ("message type", ""),
    "skipped": ("message", ""),
    "system-out": ("", ""),
    "system-err": ("", ""),
}


def test_a_narrow_file_holds_what_strict_readers_know_and_loses_nothing(junit: str) -> None:
    suite = ET.fromstring(narrowed(junit))

    assert "testsuite" == suite.tag
    for element in suite.iter():
        attributes, inside = (words.split() for words in NARROW[element.tag])
        places = [inside.index(one.tag) for one in element]
        assert set(attributes) >= set(element.attrib)
        assert sorted(places) == places
    told = {case.attrib["name"]: case.findtext("system-out") or "" for case in suite.iter("testcase")}
    assert "[[PROPERTY|claim=blocked]]\n[[PROPERTY|strength=likely]]\n" in told["news[direct]"]
    assert "lab-sni-reset" in [one.get("value") for one in suite.findall("properties/property")]


def test_a_narrow_file_is_the_same_run_to_compare(junit: str, tmp_path: pathlib.Path) -> None:
    wide, narrow = tmp_path / "wide.xml", tmp_path / "narrow.xml"
    wide.write_text(junit)
    narrow.write_text(narrowed(junit))

    assert read_junit(wide).cells == read_junit(narrow).cells
    assert read_junit(wide).about == read_junit(narrow).about


def test_a_narrow_file_is_written_where_it_is_asked_for(pytester: pytest.Pytester) -> None:
    (pytester.path / "small.reach.yaml").write_text(SMALL)
    pytester.runpytest_subprocess("--junit-narrow", "--junitxml=junit.xml")

    suite = ET.parse(pytester.path / "junit.xml").getroot()
    assert ("testsuite", "6") == (suite.tag, suite.get("skipped"))


def test_names_are_unique(junit: str) -> None:
    names = [(case.get("classname"), case.get("name")) for case in ET.fromstring(junit).iter("testcase")]

    assert len(set(names)) == len(names)
