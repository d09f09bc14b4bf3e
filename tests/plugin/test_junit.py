"""pytest's own --junitxml is good by itself."""

import pathlib
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

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
    assert "not_applicable" in skipped.attrib["message"]
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


def test_names_are_unique(junit: str) -> None:
    names = [(case.get("classname"), case.get("name")) for case in ET.fromstring(junit).iter("testcase")]

    assert len(set(names)) == len(names)
