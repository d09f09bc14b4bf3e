"""Targets: capabilities of services, and endpoints of one's own with their own proof."""

from collections.abc import Callable

import pytest

from harness.model import PATH_TARGET, Check, Level, Target
from tests.language.conftest import API, Load

OWN = "scenario: news\ntargets:\n  - name: api\n"


def own(load: Load, text: str) -> Target:
    return next(cell.target for cell in load(OWN + text).plan.cells if cell.target.name == "api")


def check(load: Load, text: str) -> Check:
    return own(load, f"    check: {text}\n").checks[0]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("{dns: example.org}", Level.E0),
        ('{tcp: "example.org:443"}', Level.E1),
        ("{tls: {host: example.org}}", Level.E2),
        ('{http: "https://example.org/"}', Level.E2),
        ('{http: "http://example.org/"}', Level.E1),
        ('{http: "http://example.org/", proof: {status: 200}}', Level.E3),
        ('{websocket: "ws://example.org/"}', Level.E1),
        ("{tls: {host: example.org, verify: false}}", Level.E1),
        ('{http: "https://example.org/", proof: {status: 200}}', Level.E3),
        ('{http: "https://example.org/", proof: {status: 200}, level: E2}', Level.E2),
        ('{whatsapp_noise: "tcp://g.whatsapp.net:443"}', Level.E3),
    ],
)
def test_a_check_shows_what_its_kind_and_its_proof_can(load: Load, text: str, level: Level) -> None:
    assert (level, level) == (check(load, text).level, own(load, f"    check: {text}\n").needs)


def test_a_url_alone_stands_for_the_parameters(load: Load) -> None:
    short = check(load, '{http: "https://example.org/"}')

    assert short == check(load, '{http: {url: "https://example.org/"}}')
    assert "https://example.org/" == short.params["url"]


def test_host_and_port_come_from_a_short_form(load: Load) -> None:
    params = check(load, '{tcp: "[2001:db8::1]:443"}').params

    assert ("2001:db8::1", 443) == (params["host"], params["port"])


def test_parameters_are_plain_json(load: Load) -> None:
    params = check(load, '{http: "https://example.org/", proof: {status: [200, 204], json: {a.b: [1, null]}}}').params

    assert ([200, 204], {"a.b": [1, None]}) == (params["proof"]["status"], params["proof"]["json"])


def test_checks_get_names_of_their_own(load: Load) -> None:
    target = own(load, '    checks: [{tcp: "a.org:1"}, {tcp: "b.org:1"}, {tcp: "c.org:1", name: third}]\n')

    assert ("tcp", "tcp-2", "third") == tuple(each.name for each in target.checks)


def test_a_second_check_of_one_name_is_refused(complaints: Callable[..., list[str]]) -> None:
    text = OWN + '    checks: [{tcp: "a.org:1", name: x}, {tcp: "b.org:1", name: x}]\n'

    assert ['4:64: a second check named "x"; choose another name'] == complaints(text)


def test_a_target_needs_the_least_that_its_checks_show(load: Load) -> None:
    assert Level.E1 == own(load, '    checks: [{tcp: "a.org:1"}, {http: "https://a.org/"}]\n').needs


def test_credentials_of_a_check_are_secret(load: Load) -> None:
    loaded = load(
        OWN + '    check: {http: {url: "https://u:swordfish@a.org/", credentials: {authorization: hunter2}}}\n'
    )

    assert {"swordfish", "hunter2"} <= loaded.secrets


def test_a_slip_in_a_secret_field_does_not_tell_its_value(complaints: Callable[..., list[str]]) -> None:
    text = OWN + '    check: {http: {url: "https://a.org/", credentials: hunter2, heders: {a: hunter2}}}\n'

    assert not any("hunter2" in said for said in complaints(text))


def test_a_service_without_capabilities_gives_all_of_them(load: Load) -> None:
    loaded = load("scenario: news\ntargets: [{service: telegram}]\n")
    capabilities = ("messaging", "web", "media", "call_setup", "calls")

    assert [PATH_TARGET, *(f"telegram.{each}" for each in capabilities)] == [
        cell.target.name for cell in loaded.plan.cells
    ]


def test_telegram_needs_two_data_centres(load: Load) -> None:
    target = load("scenario: news\ntargets: [{service: telegram, capabilities: [messaging]}]\n").plan.cells[1].target

    assert (5, 2, Level.E3) == (len(target.checks), target.quorum, target.needs)


@pytest.mark.parametrize("name", ["path", "../services/whatsapp", "whatsapp.messaging"])
def test_a_service_is_named_by_a_plain_name(complaints: Callable[..., list[str]], name: str) -> None:
    assert 1 == len(complaints(f"scenario: news\ntargets: [{{service: {name}}}]\n"))


def test_marks_of_the_scenario_and_of_the_target_are_kept(load: Load) -> None:
    text = API + '    marks: [{xfail: "known"}]\nmarks: [slow]\n'
    found = load(text).marks

    assert [("slow", ""), ("xfail", "known")] == [(mark.name, mark.reason) for mark in found["api[direct]"]]
    assert [("slow", "")] == [(mark.name, mark.reason) for mark in found["path.up[direct]"]]


def test_a_control_that_stands_twice_is_told(complaints: Callable[..., list[str]]) -> None:
    text = API + "controls: {foreign: [neutral-abroad, neutral-abroad]}\n"

    assert ['5:38: control "neutral-abroad" stands twice; keep one'] == complaints(text)


def test_a_proof_inside_and_one_beside_is_one_too_many(complaints: Callable[..., list[str]]) -> None:
    text = OWN + '    check: {http: {url: "https://a.org/", proof: {status: 200}}, proof: {status: 204}}\n'

    assert ["4:66: a second proof; keep one, beside the probe"] == complaints(text)
