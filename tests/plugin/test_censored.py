"""The fixture for other people's tests: programs, sockets, requests and rules of a world, from one process."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harness.errors import ApparatusError, ScenarioError
from harness.vantage.inside import CensoredInternet

LISTED, OTHER = "news.example.org", "www.example.com"  # in the world sni-reset

Open = Callable[[str | os.PathLike[str]], CensoredInternet]


@pytest.fixture
def inside(lab: None, censored_internet: Open) -> CensoredInternet:
    return censored_internet("sni-reset")


def test_requests_are_made_inside_and_fail_as_the_censor_wants(inside: CensoredInternet) -> None:
    client = inside.client(timeout=10)

    seen = [client.get(f"https://{OTHER}/{number}").status_code for number in range(2)]
    with pytest.raises(httpx.ConnectError):
        client.get(f"https://{LISTED}/")
    seen.append(client.get(f"https://{OTHER}/").status_code)

    assert [200, 200, 200] == seen
    assert [("match", LISTED), ("rst", "")] == [(event.action, event.name) for event in inside.log()]


def test_other_rules_hold_at_once_and_a_silence_is_a_timeout(inside: CensoredInternet) -> None:
    inside.swap([{"sni_drop": {"names": [OTHER]}}])

    assert 200 == inside.client().get(f"https://{LISTED}/").status_code
    with pytest.raises(httpx.ConnectTimeout):
        inside.client(timeout=0.3).get(f"https://{OTHER}/")


def test_an_event_loop_outside_speaks_over_a_socket_of_the_inside(inside: CensoredInternet) -> None:
    async def shaken_hands() -> str:
        end = inside.new_socket()
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, (inside.resolve(OTHER)[-1], 443))
        reader, writer = await asyncio.open_connection(sock=end, ssl=inside.tls(), server_hostname=OTHER)
        writer.write(b"HEAD / HTTP/1.0\r\n\r\n")
        status = (await reader.readline()).decode()
        writer.close()
        await writer.wait_closed()
        return status

    assert asyncio.run(shaken_hands()).startswith("HTTP/1.1 200")


def test_a_program_is_run_to_its_end_in_text(inside: CensoredInternet) -> None:
    done = inside.run(["sh", "-c", "cat; echo bad >&2; exit 3"], input="good")

    assert (3, "good", "bad\n") == (done.returncode, done.stdout, done.stderr)
    assert -9 == inside.run(["sleep", "60"], timeout=0.1).returncode


def test_a_name_without_addresses_is_told_as_getaddrinfo_does(inside: CensoredInternet) -> None:
    for name in ("no.such.example", f"{'x' * 70}.example"):
        with pytest.raises(socket.gaierror):
            inside.resolve(name)

    assert inside.resolve(OTHER)


def test_packets_are_captured(inside: CensoredInternet, tmp_path: pathlib.Path) -> None:
    inside.pcap(tmp_path / "captures")
    inside.connect(OTHER, 443).close()
    inside.pcap(None)

    assert ["client.pcap", "internet.pcap"] == sorted(file.name for file in (tmp_path / "captures").iterdir())


def test_two_worlds_side_by_side_know_nothing_of_each_other(inside: CensoredInternet, censored_internet: Open) -> None:
    free = censored_internet("open")

    assert 200 == free.client().get(f"https://{LISTED}/").status_code
    assert [] == inside.log() + free.log()


NAMED = {"names": [LISTED]}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (["sni_dorp"], 'unknown behaviour "sni_dorp"; did you mean "sni_drop"?'),
        ([{"sni_drop": {}, "sni_reset": {}}], "one behaviour is expected; write a name, or {name: {...}}"),
        ([{"sni_drop": {**NAMED, "prot": [443]}}], 'unknown key "prot"; did you mean "ports"?'),
        (["blackout", {"sni_drop": NAMED}], "takes every flow of this rule"),
        ([{"tls_mitm": {"prefixes": ["9.9.9.9"], "to": ["203.0.113.9"]}}], "no host of this world has this address"),
        ("blackout", "a list of rules is expected; write [...]"),
    ],
)
def test_rules_that_no_world_could_have_are_refused(inside: CensoredInternet, rules: Any, said: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(said)):
        inside.swap(rules)


def test_inherited_rules_are_the_worlds_own_once_more(inside: CensoredInternet) -> None:
    inside.swap([])
    inside.swap(iter(["inherited", {"sni_drop": {"names": [OTHER]}}]))

    with pytest.raises(httpx.ConnectError):
        inside.client().get(f"https://{LISTED}/")
    assert ["sni_reset", "sni_reset"] == [event.behaviour for event in inside.log()]


def test_a_world_may_be_named_by_its_path_and_once_closed_says_so(
    lab: None, censored_internet: Open, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("world: ours\ntitle: ours\nextends: open\n")
    world = censored_internet(file)
    with pytest.raises(TypeError, match=re.escape("write ['sh', '-c', 'echo hi']")):
        world.run("echo hi")
    world.close()

    with pytest.raises(ApparatusError, match="the lab is closed"):
        world.run(["true"])


TEST = "def test_it(censored_internet): censored_internet('open')"
NO_LAB = """
import harness.lab.opened
from harness.lab.tiers import Missing, Unavailable
def refuse(*_, **__): raise Unavailable(Missing(step="make a user namespace", errno=1, remedy="allow them"))
harness.lab.opened.open_lab = refuse
"""


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "failed")])
def test_without_a_lab_it_is_skipped_with_the_remedy_and_in_ci_it_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(NO_LAB)
    pytester.makepyfile(TEST)

    result = pytester.runpytest_subprocess("-rsf")

    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*no lab on this machine: cannot make a user namespace*allow them*"])


def test_a_world_that_does_not_exist_is_told_in_one_line(censored_internet: Open) -> None:
    with pytest.raises(pytest.fail.Exception, match="did you mean") as told:
        censored_internet("sni-rest")

    assert not told.value.pytrace


FAILING = """
import pytest

@pytest.fixture
def inside(censored_internet):
    return censored_internet("sni-reset")

def test_it(inside):
    inside.client().get("https://www.example.com/")
    inside.client().get("https://news.example.org/")

def test_set_up_of_another(inside, censored_internet):
    censored_internet("sni-rest")
"""


def test_a_failing_test_shows_what_the_censor_did_and_a_wrong_name_is_told_once(
    pytester: pytest.Pytester, lab: None
) -> None:
    pytester.makepyfile(FAILING)

    result = pytester.runpytest_subprocess("-p", "no:xdist")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*what the censor of sni-reset did*",
            "*0.000 s  match * sni_reset  news.example.org  tcp *:443*",
            "* s  rst * sni_reset  tcp *",
            "*what the censor of sni-reset did*",
            "nothing",
        ]
    )
    assert 1 == result.stdout.str().count('\nno world "sni-rest"; did you mean "sni-reset"?')
