"""How a path is spelled: URLs and mappings become plain parameters; what cannot be used is told without its parts."""

from collections.abc import Callable

import pytest

from harness.document.reading import read
from harness.kinds import Kind, Table, load
from harness.model import Path, Spec
from harness.paths import HOPS, Tables
from harness.paths.spell import read_path
from harness.probes.table import PROBES

PUBLIC = "2620:fe::fe"


def spelled(text: str, tables: Tables | None = None) -> Path:
    reading = read(f"office: {text}\n", "paths.yaml", {})
    path = read_path(reading, ("office",), "office", tables or Tables(probes=PROBES))
    assert () == reading.complaints
    assert path is not None
    return path


def complaint(text: str) -> str:
    reading = read(f"office: {text}\n", "paths.yaml", {})
    read_path(reading, ("office",), "office", Tables(probes=PROBES))
    assert len(reading.complaints) == 1
    return str(reading.complaints[0])


@pytest.mark.parametrize(
    ("url", "kind", "params"),
    [
        ("http://h.example", "http_connect", {"host": "h.example", "port": 80, "tls": False}),
        ("https://h.example", "http_connect", {"host": "h.example", "port": 443, "tls": True}),
        ("HTTP://H.Example.:3128/", "http_connect", {"host": "h.example", "port": 3128, "tls": False}),
        ("socks5://h.example", "socks5", {"host": "h.example", "port": 1080}),
        ("socks5h://[2001:DB8::1]:9050", "socks5h", {"host": "2001:db8::1", "port": 9050}),
        ("socks5h://192.0.2.1", "socks5h", {"host": "192.0.2.1", "port": 1080}),
        ("socks5://u:p@h.example", "socks5", {"host": "h.example", "port": 1080, "username": "u", "password": "p"}),
        (
            "http://al%40ice:p%3A%2F%C3%A4%25@h.example:1",
            "http_connect",
            {"host": "h.example", "port": 1, "username": "al@ice", "password": "p:/ä%", "tls": False},
        ),
        ("http://u@h.example", "http_connect", {"host": "h.example", "port": 80, "username": "u", "tls": False}),
        ("http://прокси.рф", "http_connect", {"host": "xn--h1adldfi.xn--p1ai", "port": 80, "tls": False}),
    ],
)
def test_a_proxy_url_is_one_hop(url: str, kind: str, params: dict[str, object]) -> None:
    assert (Spec(kind=kind, params=params),) == spelled(f'"{url}"').hops


@pytest.mark.parametrize(
    ("text", "kind", "params"),
    [
        ('"udp://9.9.9.9"', "udp", {"server": "9.9.9.9", "port": 53}),
        (f'"tcp://[{PUBLIC}]:5353"', "tcp", {"server": PUBLIC, "port": 5353}),
        ('"tls://9.9.9.9"', "dot", {"server": "9.9.9.9", "port": 853, "name": "9.9.9.9", "bootstrap": []}),
        (
            '{dns: "tls://dns.example:8853", bootstrap: 9.9.9.9}',
            "dot",
            {"server": "dns.example", "port": 8853, "name": "dns.example", "bootstrap": ["9.9.9.9"]},
        ),
        (
            '{dns: "https://dns.example/dns-query", bootstrap: [9.9.9.9, "2620:fe::fe"]}',
            "doh",
            {"url": "https://dns.example/dns-query", "bootstrap": ["9.9.9.9", PUBLIC]},
        ),
        ('{dns: "https://9.9.9.9/dns-query"}', "doh", {"url": "https://9.9.9.9/dns-query", "bootstrap": []}),
        (
            "{dns: {dot: {server: 9.9.9.9, name: dns.quad9.net}}}",
            "dot",
            {"server": "9.9.9.9", "port": 853, "name": "dns.quad9.net", "bootstrap": []},
        ),
        ("{dns: system}", "system", {}),
        ("{}", "system", {}),
    ],
)
def test_a_resolver_is_spelled(text: str, kind: str, params: dict[str, object]) -> None:
    assert Spec(kind=kind, params=params) == spelled(text).resolver


def test_hops_stand_in_order_the_nearest_first() -> None:
    path = spelled('{hops: ["http://a.example", {socks5h: {host: b.example}}]}')

    assert [("http_connect", "a.example"), ("socks5h", "b.example")] == [
        (hop.kind, hop.params["host"]) for hop in path.hops
    ]


def test_via_is_the_only_hop() -> None:
    assert spelled('"socks5h://a.example"').hops == spelled('{via: "socks5h://a.example"}').hops


def test_pins_family_and_lookup_are_kept() -> None:
    path = spelled(
        '{pins: {Web.Example.: 192.0.2.1}, family: 6, lookup: hops, via: "socks5h://a.example", dns: "tcp://9.9.9.9"}'
    )

    assert ({"web.example": ("192.0.2.1",)}, {"family": 6}, "hops") == (path.pins, path.base.params, path.lookup)


@pytest.mark.parametrize(
    "url",
    [
        "socks5h://u:hunter2@h.example:0",
        "socks5h://u:hunter2@h.example:x",
        "socks5h://u:hunter2@h.example:99999999999",
        "socks5h://u:hunter2@h..example",
        "socks5h://u:hunter2@-h.example",
        "socks5h://u:hunter2@[::1",
        "socks5h://u:hunter2@[hunter2]:1",
        "socks5h://u:hunter2@[fe80::1%25eth0]:1",
        "socks5h://u:hunter2@192.0.2.256",
        "socks5h://u:hunter2@010.0.0.1",
        "socks5h://u:hunter2@",
        "socks5h://u:hunter2@h.example/hunter2",
        "socks5h://u:hunter2@h.example?hunter2",
        "socks5h://u:hunter2@h.example#hunter2",
        "socks5h://u:hun/ter2@h.example",
        "socks5h://u:hun:ter2@h.example",
        "socks5h://u:hunter2%zz@h.example",
        "socks5h://u:hunter2%ff@h.example",
        "socks5h://u:hunter2%0d%0a@h.example",
        "socks5h://:hunter2@h.example",
        "socks5h://u:@h.example",
        "http://hunter2%3Ax:y@h.example",
        "sock5://u:hunter2@h.example",
        "hunter2",
        "hunter2://",
        "://hunter2",
        "udp://hunter2.example",
        "udp://u:hunter2@9.9.9.9",
        "tls://hunter2.example",
        "https://hunter2.example/dns-query",
        "http://h ost.example",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_parts(url: str) -> None:
    said = complaint(f'"{url}"')

    assert said.startswith("paths.yaml:1:9: ")
    assert not any(part in said for part in ("hunter2@", "hunter2.", "h.example", "ter2@", "192.0.2.256", ":hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "[hunter2, x]",
        "{hops: [hunter2!]}",
        "{via: {socks5: {host: hunter2!}}}",
        "{via: {socks5: {host: h.example, pasword: hunter2}}}",
        "{via: {socks5: {host: h.example, username: u, password: [hunter2]}}}",
        '{dns: "https://u:hunter2@h.example/dns-query", bootstrap: [9.9.9.9]}',
        "{dns: {doh: {url: hunter2, bootstrap: [9.9.9.9]}}}",
        "{family: hunter2!}",
        "{pins: {a.example: hunter2}}",
        '{bootstrap: ["hunter2!"], dns: "https://dns.example"}',
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_without_its_values(text: str) -> None:
    reading = read(f"office: {text}\n", "paths.yaml", {})
    read_path(reading, ("office",), "office", Tables(probes=PROBES))

    assert reading.complaints
    assert not any("hunter2" in str(said) for said in reading.complaints)


def test_user_info_is_secret_and_the_host_is_private() -> None:
    reading = read('office: "socks5h://alice:sw%6Frdfish@proxy.example.org"\n', "paths.yaml", {})
    read_path(reading, ("office",), "office", Tables(probes=PROBES))

    assert {"alice", "swordfish", "alice:sw%6Frdfish"} == reading.secrets
    assert {"proxy.example.org"} == reading.private


def test_the_parts_of_a_url_do_not_show_in_its_repr() -> None:
    from harness.paths import url

    assert "<Url socks5h>" == repr(url.parse("socks5h://alice:swordfish@proxy.example.org"))


@pytest.mark.parametrize("row", [row for table in (HOPS,) for row in table], ids=lambda row: row.name)
def test_every_hop_hides_its_secrets_and_its_host(row: Kind) -> None:
    fields = set(load(row.params).model_fields)

    assert fields & {"username", "password", "private_key", "preshared_key"} == set(row.secret)
    assert fields & {"host", "server_name"} == set(row.private)


def test_a_hop_of_a_third_party_is_spelled_by_its_name() -> None:
    row = Kind(
        name="tunnel", params="harness.paths.params:Proxy", build="x:y", summary="a tunnel", secret=("password",)
    )
    tables = Tables(probes=PROBES, hops=Table("hop", [*HOPS, row]))

    path = spelled('"tunnel://u:p@h.example:99"', tables)

    assert (
        Spec(kind="tunnel", params={"host": "h.example", "port": 99, "username": "u", "password": "p"}),
    ) == path.hops


def test_parts_that_cannot_work_together_are_told(complaints: Callable[..., list[str]]) -> None:
    assert "both hops and via" in complaint('{via: "http://a.example", hops: ["http://b.example"]}')
    assert "lookup through hops, and no hop" in complaint("{lookup: hops}")
    assert "addresses of no resolver" in complaint("{bootstrap: [9.9.9.9]}")
    assert "a udp resolver is not asked for by name" in complaint('{dns: "udp://9.9.9.9", bootstrap: [9.9.9.9]}')
