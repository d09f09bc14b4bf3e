"""Worlds with several vantages and a timetable: what is chosen behind their names, and what is said of bad ones."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from harness.errors import ScenarioError
from harness.lab.variants import split, variants
from harness.lab.world import World, dump, load_world, restore

TOWN = """world: town
title: A town with two providers
extends: open
sources: [https://example.org/first]
vantage: {name: town-home, cc: ZZ, asn: 64500, network: home}
clock: "12:00"
timetable: {night: "02:30", day: "14:00"}
censor:
  - sni_reset: {names: [news.example.org], hours: ["22:00-06:00"]}
vantages:
  isp-b:
    sources: [https://example.org/second]
    vantage: {asn: 64501}
    resolvers: [9.9.9.9]
    link: {delay: 8ms}
    hosts:
      - {name: gazette, down: true}
    censor:
      - sni_drop: {names: [news.example.org]}
  mobile:
    title: The town by mobile
    vantage: {name: town-mobile, network: mobile}
"""


@pytest.fixture
def town(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "town.yaml"
    file.write_text(TOWN)
    return file


def refusal(tmp_path: pathlib.Path, text: str, chosen: str = "") -> list[str]:
    """What is said of a world with that text."""
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as refused:
        load_world(f"{file}{chosen}")
    return str(refused.value).replace(str(file), "bad.yaml").splitlines()


def told(world: World) -> tuple[str, float, list[str]]:
    """Name, clock and behaviours."""
    return world.name, world.clock / 3600, [rule.behaviour for rule in world.censor]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("", ("town", 12.0, ["sni_reset"])),
        ("@night", ("town@night", 2.5, ["sni_reset"])),
        ("@isp-b", ("town@isp-b", 12.0, ["sni_drop"])),
        ("@isp-b@day", ("town@isp-b@day", 14.0, ["sni_drop"])),
        ("@night@mobile", ("town@mobile@night", 2.5, ["sni_reset"])),
    ],
)
def test_a_vantage_and_a_time_are_chosen_behind_the_name_in_any_order(
    town: pathlib.Path, chosen: str, expected: object
) -> None:
    assert expected == told(load_world(f"{town}{chosen}"))


def test_a_vantage_says_only_what_is_different_there(town: pathlib.Path) -> None:
    base, other = load_world(str(town)), load_world(f"{town}@isp-b")
    down = [host.name for host in other.hosts if host.down]

    assert ("town-home-isp-b", "ZZ", 64501, "home") == (
        *(other.vantage.name, other.vantage.cc),
        *(other.vantage.asn, other.vantage.network),
    )
    assert (["gazette"], ("9.9.9.9",), 0.008, 2) == (down, other.resolvers, other.link.delay, len(other.sources))
    assert (base.hops, base.paths, base.controls) == (other.hops, other.paths, other.controls)


def test_a_vantage_may_have_a_name_and_a_title_of_its_own(town: pathlib.Path) -> None:
    world = load_world(f"{town}@mobile")

    assert ("town-mobile", "The town by mobile") == (world.vantage.name, world.title)


def test_everything_that_can_be_chosen_is_listed(town: pathlib.Path) -> None:
    listed = list(variants(load_world(str(town))))

    assert [
        "@night",
        "@day",
        "@isp-b",
        "@isp-b@night",
        "@isp-b@day",
        "@mobile",
        "@mobile@night",
        "@mobile@day",
    ] == listed


def test_a_chosen_world_survives_the_way_to_another_process(town: pathlib.Path) -> None:
    world = load_world(f"{town}@isp-b@night")

    assert dump(world) == dump(restore(json.loads(json.dumps(dump(world)))))


def test_a_world_that_extends_another_has_no_times_of_that_one(tmp_path: pathlib.Path, town: pathlib.Path) -> None:
    file = tmp_path / "village.yaml"
    file.write_text(f"world: village\ntitle: Near it\nextends: {town}@isp-b\n")
    world = load_world(str(file))

    assert ("town-home-isp-b", (), {}) == (world.vantage.name, world.vantages, world.timetable)
    assert load_world(f"{town}@isp-b").censor == world.censor != ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("open", ("open", ())),
        ("mm-nights@night", ("mm-nights", ("night",))),
        ("/home/me@work/w.yaml@a@b", ("/home/me@work/w.yaml", ("a", "b"))),
        ("/home/me@work/w.yaml", ("/home/me@work/w.yaml", ())),
    ],
)
def test_an_at_sign_on_the_way_to_a_file_chooses_nothing(text: str, expected: object) -> None:
    assert expected == split(text)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("mm-nights@nigth", 'world "mm-nights" has no vantage or time "nigth"; did you mean "night"?'),
        ("open@night", 'world "open" has no vantages and no timetable; write open alone'),
        (
            "mm-nights@day@night",
            '"@night" cannot stand beside another of its kind; choose a vantage, a time, or one of each',
        ),
    ],
)
def test_what_a_world_does_not_have_is_answered_by_what_it_has(chosen: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(said)):
        load_world(chosen)


HEAD = "world: bad\ntitle: bad\nextends: open\n"
NIGHTLY = 'censor:\n  - blackout: {hours: ["01:00-09:00"]}\n'

BAD = {
    "a time is a time of day": (
        HEAD + NIGHTLY + 'timetable: {night: "25:00"}\n',
        'bad.yaml:6:20: this is no time of day; write one such as "02:30"',
    ),
    "so is the clock": (
        HEAD + "clock: 12\n",
        'bad.yaml:4:8: this is no time of day; write one such as "02:30"',
    ),
    "hours are spans": (
        HEAD + 'censor:\n  - blackout: {hours: ["01:00"]}\n',
        "bad.yaml:5:24: '01:00' is no span of a day; write one such as 01:00-09:00",
    ),
    "hours hold some time": (
        HEAD + 'censor:\n  - blackout: {hours: ["01:00-01:00"]}\n',
        "bad.yaml:5:24: '01:00-01:00' holds no time; write one such as 01:00-09:00",
    ),
    "a unit must be known": (
        HEAD + "censor:\n  - sni_drop: {names: [a.example], residual: {seconds: 60sec}}\n",
        "bad.yaml:5:56: '60sec' is no duration; write a number of seconds, or 250ms, 75s, 3m, 1h, 2d",
    ),
    "a prefix is a prefix": (
        HEAD + "censor:\n  - blackout: {exempt_prefixes: [10.0.0.1/8]}\n",
        "bad.yaml:5:34: '10.0.0.1/8' has bits beyond its length; write 10.0.0.0/8, or the address alone",
    ),
    "a host that is only misspelled is found": (
        HEAD + "vantages:\n  b:\n    hosts:\n      - {name: gazete, down: true}\n",
        'bad.yaml:7:9: host "gazete" has no address; did you mean "gazette"?',
    ),
    "a vantage's rules are checked too, though it is not chosen": (
        HEAD + "vantages:\n  b:\n    censor:\n      - sni_rest: {names: [a.example]}\n",
        'bad.yaml:7:9: unknown behaviour "sni_rest"; did you mean "sni_reset"?',
    ),
    "so are its keys": (
        HEAD + "vantages:\n  b: {lnik: {delay: 1ms}}\n",
        'bad.yaml:5:7: unknown key "lnik"; did you mean "link"?',
    ),
    "a name can stand behind an at sign": (
        HEAD + "vantages:\n  ISP b: {}\n",
        "bad.yaml:5:3: this is no name; write small letters, digits and -",
    ),
    "a name is one of a vantage or of a time": (
        HEAD + NIGHTLY + 'vantages:\n  night: {}\ntimetable: {night: "02:00"}\n',
        'bad.yaml:8:13: "night" names a vantage and a time; give one of them another name',
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_variant_is_refused_where_it_is_wrong(tmp_path: pathlib.Path, what: str) -> None:
    text, said = BAD[what]

    assert [said] == refusal(tmp_path, text)
