"""Worlds and behaviours as the command lists and shows them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from harness.cli import worldlist, worldshow
from harness.cli.main import main
from harness.kinds import Kind
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import load_world, worlds

Capture = pytest.CaptureFixture[str]


def test_worlds_are_listed(capsys: Capture) -> None:
    assert 0 == main(["lab", "list"])
    assert "An internet without a censor" in capsys.readouterr().out


def test_worlds_are_found_by_words_and_listed_for_programs(capsys: Capture) -> None:
    assert 0 == main(["lab", "list", "--json", "CN", "dns_inject_race"])
    assert ["cn-henan", "cn-quic", "cn-race"] == [
        json.loads(line)["world"] for line in capsys.readouterr().out.splitlines()
    ]
    assert 1 == main(["lab", "list", "no such word"])
    assert ("", 'waygauge: no world holds "no such word"; write fewer words\n') == capsys.readouterr()


def test_lists_for_people_are_in_groups_and_no_wider_than_asked(capsys: Capture) -> None:
    lines = [*worldlist.worlds((), plain=False, wide=80), *worldlist.behaviours((), plain=False, wide=80)]

    assert [*worldlist.GROUPS, "what a censor can do"] == [
        line for line in lines if line[:1].strip() and " " * 2 not in line
    ]
    assert 80 >= max(map(len, lines))


@pytest.mark.parametrize("name", worlds())
def test_a_shown_world_fits_into_80_columns_and_says_what_is_special_about_it(name: str) -> None:
    world = load_world(name)
    shown = list(worldshow.world(world, None, hosts=False))
    text = " ".join(" ".join(shown).split())

    assert [] == [line for line in shown if len(line) > 80 and "://" not in line]
    assert all(source in text for source in (" ".join(each.split()) for each in world.sources))
    assert all(f"{rule.behaviour}: {BEHAVIOURS[rule.behaviour].summary}" in text for rule in world.censor)
    assert name == "open" or text != " ".join(" ".join(worldshow.world(load_world("open"), None, hosts=False)).split())


def test_who_takes_a_behaviour_for_a_world_is_told_how_to_see_it(capsys: Capture) -> None:
    assert 2 == main(["lab", "show", "dns_hijack"])
    assert "write waygauge lab show --behaviour dns_hijack\n" in capsys.readouterr().err


def test_what_is_ill_without_a_censor_is_shown() -> None:
    said = {
        name: "\n".join(worldshow.world(load_world(name), None, hosts=False)) for name in ("plain-loss", "geo-block")
    }

    assert re.search(r"^line .*loss: ", said["plain-loss"], re.MULTILINE)
    assert "refuse: {sources: [100.64.0.0/10" in said["geo-block"]


@pytest.mark.parametrize("row", list(BEHAVIOURS), ids=lambda row: row.name)
def test_every_behaviour_tells_its_parameters(row: Kind) -> None:
    shown = "\n".join(worldshow.behaviour(row.name, None))

    assert f"{row.name}: " in shown
    assert "\n  probability: " in shown


def test_a_world_is_shown(capsys: Capture) -> None:
    assert 0 == main(["lab", "show", "sni-reset"])
    shown = capsys.readouterr().out
    assert "sni_reset: Forged resets once a name is seen in the ClientHello\n    names: [news.example.org" in shown


def test_what_a_terminal_cannot_show_is_no_fault() -> None:
    ascii_alone = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-m", "harness.cli.main", "lab", "show", "geo-block"]

    done = subprocess.run(words, env=ascii_alone, capture_output=True, timeout=60, check=False)

    assert (0, b"") == (done.returncode, done.stderr)
    assert b"body: " in done.stdout
