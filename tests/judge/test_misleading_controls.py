"""Controls mislead where they are down, meant themselves, or spoilt by what another cell set off there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judge import judge
from harness.judge.named import home_name_check, name_elsewhere_check, neutral_query_check, other_transport_check
from harness.model import Control, Observation, Role, Stage, Verdict, Walk
from tests.judge.facts import ADDRESS, NEUTRAL, cell, control, elsewhere, facts, known_good, neutral, other_name, walk

RESET, SILENT, EOF = "connection_reset", "generic_timeout_error", "eof_error"
NAME = "app.example.com"
CUT = walk(Stage.TLS, RESET)


def found(one: Walk, *controls: Control) -> tuple[str, str | None]:
    verdict: Verdict = judge(cell(), facts((one,), controls=controls))
    return str(verdict.claim), verdict.mechanism


def lent(*walks: Walk) -> Control:
    check = name_elsewhere_check("", 443, NAME).name
    one = control(Role.NAME_ELSEWHERE, replace(walks[0], check=check))
    return replace(one, walks=tuple(replace(each, check=check) for each in walks))


def test_a_server_that_is_broken_under_one_name_is_not_blocked() -> None:
    passes = lent(walk(address=NEUTRAL))

    assert ("inconclusive", None) == found(CUT, *neutral(), other_name(), passes)
    assert ("blocked", "tls.reset_on_sni") == found(CUT, *neutral(), other_name(), elsewhere(RESET))


def test_a_neutral_host_that_is_punished_for_another_name_says_nothing_of_ours() -> None:
    silent = walk(Stage.TLS, SILENT)
    punished = lent(walk(Stage.TLS, SILENT, address="2001:67c::1"), walk(Stage.CONNECT, SILENT, address=NEUTRAL))

    assert ("blocked", "tls.drop") == found(silent, *neutral(), *known_good(), punished)
    assert ("blocked", "tls.drop_on_sni") == found(silent, *neutral(), *known_good(), elsewhere(SILENT))


def test_a_target_that_resets_is_down_though_a_proxy_calls_it_an_eof() -> None:
    assert ("down", None) == found(CUT, *neutral(), *known_good(proxied(Stage.TLS, EOF)))


def test_a_server_that_hangs_up_resets_now_and_ends_in_order_a_moment_later() -> None:
    assert ("down", None) == found(CUT, *neutral(), *known_good(proxied(Stage.TLS, EOF)))
    assert ("inconclusive", None) == found(CUT, *neutral(), *known_good(proxied(Stage.TLS, SILENT)))


@pytest.mark.parametrize("end", [(Stage.CONNECT, SILENT), (Stage.TLS, EOF), (Stage.RESPONSE, "connection_reset")])
def test_a_path_declared_good_that_takes_the_same_line_does_not_show_that_a_target_is_down(
    end: tuple[Stage, str],
) -> None:
    assert ("inconclusive", None) == found(walk(*end), *neutral(), *known_good(by_doh(walk(*end))))
    assert ("down", None) == found(walk(*end), *neutral(), *known_good(proxied(*end)))


def test_a_path_declared_good_that_brings_no_neutral_host_either_does_not_show_that_a_target_is_down() -> None:
    end = (Stage.RESPONSE, SILENT)
    good, other = known_good(proxied(*end))
    poor = replace(other, walks=(replace(proxied(*end), check="abroad"),))

    assert ("down", None) == found(walk(*end), *neutral(), good, other)
    assert ("inconclusive", None) == found(walk(*end), *neutral(), good, poor)


def by_doh(one: Walk) -> Walk:
    """The walk, with its name from another resolver."""
    lookup, *rest = one.observations
    server = {**lookup.detail, "server": "doh:https://dns.quad9.net/dns-query"}
    return replace(one, observations=(replace(lookup, detail=server), *rest))


def proxied(stage: Stage, token: str) -> Walk:
    one = walk(stage, token)
    hop = replace(one.observations[1], stage=Stage.HOP, of="hop:1")
    return replace(one, observations=(hop, *one.observations[1:]))


def abroad(name: str, *end: Stage | str) -> Control:
    return control(Role.FOREIGN, replace(walk(*end, address=NEUTRAL), check=name))  # type: ignore[arg-type]


def test_one_neutral_host_that_is_cut_by_its_name_does_not_shut_the_border() -> None:
    home = neutral()[1]
    cut = abroad("abroad", Stage.TLS, RESET)

    assert ("inconclusive", None) == found(CUT, cut, home, *known_good())
    asked = judge(cell(), facts((CUT,), controls=(cut, home, *known_good())))
    assert "controls: {foreign: [abroad, another-neutral-host]}" == asked.declare
    assert ("path_down", "net.domestic_only") == found(
        CUT, cut, abroad("abroad-too", Stage.TLS, RESET), home, *known_good()
    )


def test_a_neutral_host_that_is_down_hides_no_name_that_is_cut() -> None:
    silent = walk(Stage.TLS, SILENT)
    down = abroad("abroad", Stage.CONNECT, "connection_refused")
    at_home = control(Role.OTHER_NAME, replace(walk(), check=home_name_check(ADDRESS, 443, "").name))

    assert ("blocked", "tls.drop_on_sni") == found(silent, down, neutral()[1], *known_good(), other_name(), at_home)
    assert ("path_down", "net.listed_names") == found(silent, down, neutral()[1], *known_good(), at_home)


@pytest.mark.parametrize(
    ("token", "mechanism"),
    [(SILENT, "path.resolver_silent"), ("dns_nxdomain_error", "path.resolver_misbehaving")],
)
def test_a_resolver_that_answers_by_tcp_alone_or_takes_connections_shows_that_there_is_a_network(
    token: str, mechanism: str
) -> None:
    lost = walk(Stage.RESOLVE, token)
    server = "195.208.4.1:53"
    lost = replace(lost, observations=(replace(lost.observations[0], detail={"server": f"udp:{server}"}),))
    unresolved = [
        control(role, replace(lost, check=name)) for role, name in ((Role.FOREIGN, "abroad"), (Role.DOMESTIC, "home"))
    ]
    asked = control(Role.NEUTRAL_QUERY, replace(lost, check=neutral_query_check("neutral.example.org").name))
    check = other_transport_check(NAME, server).name
    by_tcp = control(Role.OTHER_TRANSPORT, replace(walk(), check=check))
    taken = replace(
        lost, check=check, observations=(Observation(stage=Stage.CONNECT, of="resolver"), *lost.observations)
    )

    assert ("path_down", mechanism) == found(lost, *unresolved, asked, by_tcp)
    assert ("path_down", mechanism) == found(lost, *unresolved, asked, control(Role.OTHER_TRANSPORT, taken))
    assert ("inconclusive", "local.no_network") == found(lost, *unresolved, asked)
