"""World files: the shipped ones keep the house rules; bad ones are refused with a place and a remedy."""

from __future__ import annotations

import ipaddress
import json
import pathlib
import re

import pytest

from harness.errors import ScenarioError
from harness.lab.world import documents, dump, load_world, restore, worlds

NAMES = worlds()


def refusal(tmp_path: pathlib.Path, text: str) -> list[str]:
    """What is said of a world with that text."""
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as refused:
        load_world(str(file))
    return str(refused.value).replace(str(file), "bad.yaml").splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_world_is_named_after_its_file_and_cites_its_sources(name: str) -> None:
    world = load_world(name)

    assert (name, True, True) == (world.name, bool(world.title), bool(world.sources))


@pytest.mark.parametrize("name", NAMES)
def test_every_address_of_a_world_could_be_public(name: str) -> None:
    assert [] == [text for text in load_world(name).addresses if not ipaddress.ip_address(text).is_global]


@pytest.mark.parametrize("name", NAMES)
def test_every_named_host_has_both_families(name: str) -> None:
    assert [] == [host.name for host in load_world(name).hosts if host.names and not (host.v4 and host.v6)]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_belongs_to_two_hosts_or_covers_others(name: str) -> None:
    names = [owned for host in load_world(name).hosts for owned in host.names]

    assert (len(set(names)), False) == (len(names), any("*" in owned for owned in names))


@pytest.mark.parametrize("name", NAMES)
def test_a_world_survives_the_way_to_another_process(name: str) -> None:
    world = load_world(name)

    assert dump(world) == dump(restore(json.loads(json.dumps(dump(world)))))


def test_a_host_of_the_extended_world_is_changed_in_what_is_said_of_it_alone() -> None:
    hosts = [next(host for host in load_world(name).hosts if host.name == "national-resolver") for name in NAMES]

    assert {hosts[0].addresses} == {host.addresses for host in hosts}


def test_an_unknown_world_is_answered_by_the_nearest() -> None:
    with pytest.raises(ScenarioError, match=re.escape('no world "sni-rest"; did you mean "sni-reset"?')):
        load_world("sni-rest")


def test_a_world_may_be_used_from_anywhere_since_its_paths_are_from_where_it_lies(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "hosts: [{{name: {0}, addresses: [{1}], services: [{{program: {{port: 1, argv: ['{{here}}/{0}']}}}}]}}]\n"
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "base.yaml").write_text(
        "world: base\ntitle: b\nextends: open\nvantages: {sea: {}}\n" + program.format("one", "203.0.113.1")
    )
    (tmp_path / "over.yaml").write_text(
        "world: over\ntitle: o\nextends: below/base.yaml@sea\n" + program.format("two", "203.0.113.2")
    )
    monkeypatch.chdir("/")

    world = load_world(str(tmp_path / "over.yaml"))

    told = {host.name: host.services[0].params["argv"] for host in world.hosts if host.name in {"one", "two"}}
    assert {"one": [f"{tmp_path}/below/one"], "two": [f"{tmp_path}/two"]} == told
    assert 3 == len(documents(str(tmp_path / "over.yaml")))


@pytest.mark.parametrize(
    ("censor", "expected"),
    [
        ("", ["dns_hijack", "sni_reset"]),
        ("censor: []", []),
        ("censor: [udp_unknown_drop]", ["udp_unknown_drop"]),
        ("censor: [udp_unknown_drop, inherited]", ["udp_unknown_drop", "dns_hijack", "sni_reset"]),
    ],
)
def test_a_world_has_the_rules_below_it_unless_it_says_others(
    tmp_path: pathlib.Path, censor: str, expected: list[str]
) -> None:
    (tmp_path / "over.yaml").write_text(f"world: over\ntitle: o\nextends: ru-2026-02\n{censor}\n")

    world = load_world(str(tmp_path / "over.yaml"))

    assert expected == [rule.behaviour for rule in world.censor]
    assert ("dns_hijack" in expected) == bool(world.sources)


def test_more_is_laid_over_a_world_as_its_file_would_have_it() -> None:
    host = {"name": "ours", "addresses": ["203.0.113.80"], "names": ["ours.example.net"]}
    below, world = load_world("mm-nights@other@night"), load_world("mm-nights@other@night", {"hosts": [host]})

    assert (below.name, below.censor, below.clock) == (world.name, world.censor, world.clock)
    assert [*(host.name for host in below.hosts), "ours"] == [host.name for host in world.hosts]
    with pytest.raises(ScenarioError, match=r'over open:.*unknown key "adress"; did you mean "addresses"'):
        load_world("open", {"hosts": [{"adress": 1}]})


def test_worlds_that_begin_with_what_was_written_are_all_named() -> None:
    with pytest.raises(ScenarioError, match=re.escape('did you mean "gfw-reset"?')):
        load_world("gfw")
    with pytest.raises(ScenarioError, match="see waygauge lab list"):
        load_world("/a/b/c/d/e")


HEAD = "world: bad\ntitle: bad\nextends: open\n"
HOST = "world: bad\ntitle: bad\nvantage: {name: x}\nhosts:\n  - name: here\n    addresses: [151.101.3.10]\n"

BAD = {
    "a world that extends nothing says where it stands": (
        "world: bad\ntitle: bad\n",
        'bad.yaml:1:1: "vantage" is missing; write vantage: {name: lab}, or extends: open',
    ),
    "the world below must exist": (
        "world: bad\ntitle: bad\nextends: opne\n",
        'bad.yaml:3:10: no world "opne"; did you mean "open"?',
    ),
    "a server must be known": (
        HOST + "    services: [dsn]\n",
        'bad.yaml:7:16: unknown server "dsn"; did you mean "dns"?',
    ),
    "a server's parameters must be known": (
        HOST + "    services:\n      - dns: {nxdomian: [a.example]}\n",
        'bad.yaml:8:15: unknown key "nxdomian"; did you mean "nxdomain"?',
    ),
    "a port is taken once": (
        HOST + "    services: [doh, web]\n",
        "bad.yaml:7:21: port 443 is taken twice on this host; give one of them another port",
    ),
    "nobody reads a line of eighty behaviours": (
        HEAD + "censor: [quark]\n",
        'bad.yaml:4:10: unknown behaviour "quark"; waygauge lab list --behaviours names them all',
    ),
    "a behaviour must be known": (
        HEAD + "censor:\n  - sni_rest: {names: [a.example]}\n",
        'bad.yaml:5:5: unknown behaviour "sni_rest"; did you mean "sni_reset"?',
    ),
    "a behaviour needs its names": (
        HEAD + "censor:\n  - sni_reset\n",
        'bad.yaml:5:5: "sni_reset" needs "names"; write {sni_reset: {names: ...}}',
    ),
    "a behaviour's parameters must be known": (
        HEAD + "censor:\n  - sni_reset: {nmaes: [a.example], names: [a.example]}\n",
        'bad.yaml:5:17: unknown key "nmaes"; did you mean "names"?',
    ),
    "an address belongs to one host": (
        HEAD + "hosts:\n  - {name: here, addresses: [9.9.9.9]}\n",
        'bad.yaml:5:29: 9.9.9.9 belongs to "quad9" and to "here"; give each host addresses of its own',
    ),
    "an address is an address": (
        HEAD + "hosts:\n  - {name: here, addresses: [1.2.3]}\n",
        "bad.yaml:5:30: this is no IP address; write one such as 9.9.9.9 or 2620:fe::fe",
    ),
    "a host has an address": (
        HEAD + "hosts:\n  - {name: here}\n",
        'bad.yaml:5:5: host "here" has no address; write addresses: [...]',
    ),
    "a host is a mapping": (
        HEAD + "hosts:\n  - here\n  - {name: there, addresses: [1.2.3]}\n",
        "bad.yaml:5:5: a mapping is expected, not a text; write {key: value}",
        "bad.yaml:6:31: this is no IP address; write one such as 9.9.9.9 or 2620:fe::fe",
    ),
    "a world without a title has its other faults told too": (
        "world: Bad\nextends: opne\ncensor: [sni_rest]\nhosts: [{name: there, addresses: [9.9.9.9]}]\n",
        'bad.yaml:1:1: "title" is missing; write title: ...',
        "bad.yaml:1:8: this is no name; write small letters, digits and -",
        'bad.yaml:2:10: no world "opne"; did you mean "open"?',
        'bad.yaml:3:10: unknown behaviour "sni_rest"; did you mean "sni_reset"?',
    ),
    "a vantage that is there is not missing": (
        "world: bad\ntitle: bad\nvantage: {nme: x}\n",
        'bad.yaml:3:10: "name" is missing; write name: ...',
        'bad.yaml:3:11: unknown key "nme"; did you mean "name"?',
    ),
    "a clock is so far ahead or behind": (
        HEAD + "skew: soon\n",
        "bad.yaml:4:7: 'soon' is no duration; write a number of seconds, or 250ms, 75s, 3m, 1h, 2d",
    ),
    "a line takes packets of a size": (
        HEAD + "link: {mtu: 9000}\n",
        "bad.yaml:4:13: the number is too large; write 1500 or less",
    ),
    "a server turns away in a way that it knows": (
        HEAD + "hosts:\n  - {name: news, services: [{web: {refuse: {how: politely}}}]}\n",
        'bad.yaml:5:50: "politely" is not known here; one of close, page, reset, silence',
    ),
    "nothing lasts less than nothing": (
        HEAD + "link: {delay: -5}\n",
        "bad.yaml:4:15: -5 is no duration; write a number of seconds, or 250ms, 75s, 3m, 1h, 2d",
    ),
    "nothing lasts longer than a hundred years": (
        HEAD + "skew: -99999d\n",
        "bad.yaml:4:7: '99999d' is longer than a hundred years; write less",
    ),
    "nothing is counted below nothing, and what a packet holds has bounds": (
        HEAD
        + "censor:\n  - freeze: {packets: -1}\n  - sni_reset: {names: [a.example], reset: {ttl: 300, payload: abc}}\n",
        "bad.yaml:5:23: the number is too small; write 0 or more",
        "bad.yaml:6:50: the number is too large; write 255 or less",
        "bad.yaml:6:64: 'abc' is no hex; write two digits for each byte, such as 0102ff",
    ),
    "a server listens on a port that there is": (
        HEAD + "hosts:\n  - {name: news, services: [{web: {port: 70000}}]}\n",
        "bad.yaml:5:42: the number is too large; write 65535 or less",
    ),
    "a rule that needs names has some": (
        HEAD + "censor:\n  - sni_drop: {names: []}\n",
        'bad.yaml:5:23: "names" is empty; write at least one',
    ),
    "a name is no pattern and no URL": (
        HEAD + "censor:\n  - sni_drop: {names: ['*.a.example', 'https://b.example/']}\n",
        "bad.yaml:5:24: '*.a.example' holds a pattern; write a.example, which is all below it too",
        "bad.yaml:5:39: 'https://b.example/' is no name; write one such as www.example.org, without a scheme or a port",
    ),
    "a name is written as it goes over the wire": (
        HEAD + "censor:\n  - sni_drop: {names: [новости.example]}\n",
        "bad.yaml:5:24: 'новости.example' never goes over a wire like that; write its labels as xn--...",
    ),
    "a host stands in a file once": (
        HEAD + "hosts:\n  - {name: here, addresses: [9.9.9.8]}\n  - {name: here, addresses: [9.9.9.7]}\n",
        'bad.yaml:6:12: host "here" stands here twice; write all of it at one place',
    ),
    "an address stands at a host once": (
        HEAD + "hosts:\n  - {name: here, addresses: [9.9.9.8, 9.9.9.8]}\n",
        "bad.yaml:5:29: 9.9.9.8 stands here 2 times; write it once",
    ),
    "a host has an address of the internet": (
        HEAD + "hosts:\n  - {name: here, addresses: [127.0.0.1, 100.64.0.9]}\n",
        "bad.yaml:5:30: no host of an internet can have this address; write one that could be public",
        "bad.yaml:5:41: this address lies on the client's own line; write one outside of 100.64.0.0/16",
    ),
    "a key of WireGuard is one, and is not repeated": (
        HEAD
        + "hosts:\n  - name: tunnels\n    services: [{wireguard: {private_key: hunter2, address: [ten], peers: {}}}]\n",
        "bad.yaml:6:42: this is no key of WireGuard; write the 44 characters that `wg genkey` or `wg pubkey` prints",
        "bad.yaml:6:61: 'ten' is no address; write one such as 10.66.0.2/32",
    ),
    "a cipher is one that there is": (
        HEAD + "hosts:\n  - {name: tunnels, services: [{shadowsocks: {method: rc4-md5, password: x}}]}\n",
        'bad.yaml:5:55: "rc4-md5" is not known here; one of 2022-blake3-aes-128-gcm, 2022-blake3-aes-256-gcm,'
        " 2022-blake3-chacha20-poly1305, aes-128-gcm, aes-192-gcm, aes-256-gcm, chacha20-ietf-poly1305,"
        " xchacha20-ietf-poly1305",
    ),
    "a certificate begins before it ends": (
        HEAD + "hosts:\n  - {name: news, certificate: {begins: 2d, ends: 1d}}\n",
        "bad.yaml:5:31: a certificate ends before it begins; write an earlier time as begins, or a later one as ends",
    ),
    "a country is one": (
        HEAD + "vantage: {name: x, cc: Russia}\n",
        "bad.yaml:4:24: this is no country; write two capital letters (ISO 3166), such as RU; ZZ is none in particular",
    ),
    "a resolver is a host of the world": (
        HEAD + 'resolvers: [9.9.9.9, 203.0.113.99, "2001:db8::99"]\n',
        "bad.yaml:4:22: no host of this world has this address;"
        ' write the address of a host that has one, such as 195.208.4.1 of "national-resolver"',
        "bad.yaml:4:36: no host of this world has this address;"
        ' write the address of a host that has one, such as 2a0c:a9c7:8::1 of "national-resolver"',
    ),
    "a resolver answers questions, at a vantage too": (
        HEAD + "vantages: {sea: {resolvers: [23.192.228.80]}}\n",
        'bad.yaml:4:30: "neutral-abroad", which has this address, has no server dns or program or unbound on port 53;'
        ' write the address of a host that has one, such as 195.208.4.1 of "national-resolver"',
    ),
    "flows are led to a host of the world": (
        HEAD + "censor:\n  - tls_mitm: {prefixes: [23.192.228.80], to: [203.0.113.99]}\n",
        "bad.yaml:5:48: no host of this world has this address; give it to a host with services: [mitm]",
    ),
    "questions are led to a resolver": (
        HEAD + "censor:\n  - dns_hijack: {to: [195.208.4.1, 77.88.55.242]}\n",
        'bad.yaml:5:36: "neutral-home", which has this address, has no server dns or program or unbound;'
        ' write the address of a host that has one, such as 195.208.4.1 of "national-resolver"',
    ),
    "what outlives a flow is said": (
        HEAD + "censor:\n  - sni_reset: {names: [a.example], residual: {}, reset: {}}\n",
        'bad.yaml:5:47: "residual" is empty; say what it is, or leave it out',
        'bad.yaml:5:58: "reset" is empty; say what it is, or leave it out',
    ),
    "the rules below stand in a list once": (
        HEAD + "censor: [inherited, blackout, inherited]\n",
        "bad.yaml:4:31: the rules of the world below stand here twice; write inherited once",
    ),
    "a program's files lie in its folder": (
        HEAD
        + "hosts:\n  - name: news\n    services: [{program: {port: 7, argv: [cat], files:\n"
        + "      {../x: y, /etc/y: z, site/../../z: '', ca.pem: '', site/page: ok}}}]\n",
        "bad.yaml:7:8: '../x' does not lie in the program's folder; write a path below it, such as site/index.html",
        "bad.yaml:7:17: '/etc/y' does not lie in the program's folder; write a path below it, such as site/index.html",
        "bad.yaml:7:28: 'site/../../z' does not lie in the program's folder;"
        " write a path below it, such as site/index.html",
        "bad.yaml:7:46: 'ca.pem' is put there by the lab; write another name",
    ),
    "a page is where a request can find it": (
        HEAD + "hosts:\n  - {name: news, services: [{web: {pages: {index.html: {}, '/a?b': {}, /c: {}}}}]}\n",
        "bad.yaml:5:44: 'index.html' is the path of no request; write one such as /news, or * for all others",
        "bad.yaml:5:60: pages are found without what follows ?; write /a",
    ),
    "a page's header can be sent": (
        HEAD
        + "hosts:\n  - name: news\n    services:\n      - web: {pages: {/: {status: 101, headers:\n"
        + '          {a b: c, "x": "é", "y": "a\\nb", Content-Length: "5", server: none}}}}\n',
        "bad.yaml:7:35: the number is too small; write 200 or more",
        "bad.yaml:8:12: 'a b' is no header field; write a name such as cache-control",
        "bad.yaml:8:25: no header field holds this; write ASCII on one line, without spaces around it",
        "bad.yaml:8:35: no header field holds this; write ASCII on one line, without spaces around it",
        "bad.yaml:8:43: 'Content-Length' is the server's own; leave it out",
    ),
    "a key of Shadowsocks has its length, and is not repeated": (
        HEAD + "hosts:\n  - name: tunnels\n    services: [{shadowsocks: {password: hunter2,"
        " method: 2022-blake3-aes-128-gcm}}]\n",
        "bad.yaml:6:41: this method has a key of 16 bytes; write what `openssl rand -base64 16` prints",
    ),
    "an SSH server's port is one": (
        HEAD + "hosts:\n  - {name: news, services: [{ssh: {port: 99999}}]}\n",
        "bad.yaml:5:42: the number is too large; write 65535 or less",
    ),
    "a host's addresses are some": (
        HEAD + "hosts:\n  - {name: here, addresses: []}\n",
        'bad.yaml:5:5: host "here" has no address; write addresses: [...]',
    ),
    "a host has names that go into questions": (
        HEAD + f"hosts:\n  - {{name: news, names: ['*', '*.a.example', a..example, {'a' * 64}.example, a.example]}}\n",
        "bad.yaml:5:26: '*' holds a pattern; write each name that the host has",
        "bad.yaml:5:31: '*.a.example' holds a pattern; write each name that the host has",
        "bad.yaml:5:46: no host can have this name; write labels of 1 to 63 letters, 253 in all",
        "bad.yaml:5:58: no host can have this name; write labels of 1 to 63 letters, 253 in all",
    ),
    "a host is down in one way, and has a name once": (
        HEAD + "hosts:\n  - {name: news, down: true, silent: true, names: [a.example, a.example]}\n",
        "bad.yaml:5:38: a host is down or silent, and not both;"
        " leave out down, which refuses, or silent, which is not there",
        "bad.yaml:5:51: a.example stands here 2 times; write it once",
    ),
    "a key must be known": (
        HEAD + "hots: []\n",
        'bad.yaml:4:1: unknown key "hots"; did you mean "hosts"?',
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_world_is_refused_where_it_is_wrong(tmp_path: pathlib.Path, what: str) -> None:
    text, *said = BAD[what]

    assert said == refusal(tmp_path, text)


def test_a_world_in_another_encoding_is_refused_where_it_begins_to_differ(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(HEAD.encode() + "sources: [Padmanabhan, Étude]\n".encode("latin-1"))

    with pytest.raises(ScenarioError) as refused:
        load_world(str(file))

    assert f"{file}:4:24: this is no UTF-8; save the file as UTF-8" == str(refused.value)


def test_a_link_that_leads_nowhere_is_told_as_any_file_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")

    with pytest.raises(ScenarioError, match=r"a\.yaml: cannot be read \(Too many levels of symbolic links\)"):
        load_world(str(tmp_path / "a.yaml"))


def test_everything_wrong_with_a_world_is_said_at_once(tmp_path: pathlib.Path) -> None:
    said = refusal(tmp_path, HEAD + "censor: [sni_rest]\nhosts:\n  - {name: here, addresses: [1.2.3]}\nhots: []\n")

    assert ["bad.yaml:4:10", "bad.yaml:6:30", "bad.yaml:7:1"] == [line.split(": ")[0] for line in said]
