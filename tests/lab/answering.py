"""Rules about addresses, questions, ClientHellos and requests, each by what sets it off: a flow that is answered."""

from __future__ import annotations

from typing import Any

from tests.lab.conftest import hello, query
from tests.lab.each import BOTH, Case, out
from tests.lab.frames import SERVER_AT
from tests.lab.hellos import CHROME_2025, ECH, ESNI, FIREFOX, Made
from tests.lab.initial_packets import GOOGLE, VERSION_1
from tests.lab.test_heuristics import NEIGHBOUR

BAD, GOOD = "www.facebook.com", "www.harmless.org"
NAMED: dict[str, Any] = {"names": ["facebook.com"]}
MADE = Made(name=GOOD)
FULL = bytes(1400)
ANSWER = (False, b"true answer")
FLOWS = [(True, b"one"), (False, b"two")]


def asks(went: str, actions: tuple[str, ...] = ("match", "forge"), **more: Any) -> Case:
    """A rule about questions over UDP."""
    case = {"bad": out(query(BAD)), "good": out(query(GOOD)), **more}
    return Case(port=53, went=went, actions=actions, **case)


def greets(went: str, actions: tuple[str, ...] = ("match", "drop"), made: bytes | None = None, **more: Any) -> Case:
    """A rule about a ClientHello, and what becomes of it, of an answer, and of what the client says then."""
    bad = [*out(made or hello(BAD)), ANSWER, *out(b"more")]
    return Case(tcp=True, bad=bad, good=[*out(hello(GOOD)), ANSWER], went=f"i c {went}", actions=actions, **more)


def requests(went: str, actions: tuple[str, ...] = ("match", "rst"), **more: Any) -> Case:
    """A rule about a request, and what becomes of it, and of its true answer."""
    bad, good = (f"GET /secret HTTP/1.1\r\nHost: {name}\r\n\r\n".encode() for name in (BAD, GOOD))
    case = {"bad": [*out(bad), ANSWER], "good": [*out(good), ANSWER], "port": 80, "params": NAMED, **more}
    return Case(tcp=True, went=f"i c {went}", actions=actions, **case)


def reached(went: str, actions: tuple[str, ...] = ("drop",), tcp: bool = False, **more: Any) -> Case:
    """A rule about an address."""
    case = {"bad": [] if tcp else FLOWS, "good": [] if tcp else FLOWS, "elsewhere": {"to": NEIGHBOUR}, **more}
    return Case(tcp=tcp, went=went, actions=actions, **case)


def framed(name: str) -> bytes:
    return len(query(name)).to_bytes(2, "big") + query(name)


PAGE = ("match", "page", "rst")
DATA = b"\x17\3\3\0\1x"
RULES: dict[str, Case] = {
    "address_blackhole": reached("- -", params={"prefixes": BOTH}),
    "address_blackhole over TCP": reached("- -", tcp=True, params={"prefixes": BOTH}),
    "address_refuse": reached("c -", ("rst", "drop"), tcp=True, params={"prefixes": BOTH}),
    "address_refuse for datagrams": reached("- -", params={"prefixes": BOTH}),
    "address_partial": reached("- -", params={"prefixes": BOTH, "share": 1}),
    "icmp_reject": reached("c -", ("icmp",), params={"prefixes": BOTH}),
    "ipv4_blackhole": reached("- -", params={"prefixes": BOTH}, families=(4,)),
    "endpoint_drop": reached(
        "- -", elsewhere={"port": 853}, params={"endpoints": [f"{SERVER_AT[4]}:443", f"[{SERVER_AT[6]}]:443"]}
    ),
    "route_withdrawn": reached("c c", ("icmp",), params={"prefixes": BOTH}),
    "route_withdrawn in silence": reached("- c", params={"prefixes": BOTH, "answer": "silence"}),
    "hoster_prefix": reached("- -", params={"drop": BOTH}),
    "hoster_prefix that refuses": reached("c -", ("rst", "drop"), tcp=True, params={"refuse": BOTH}),
    "hoster_prefix that freezes": reached("i -", ("freeze",), params={"freeze": BOTH, "packets": 1}),
    "subnet_loss": reached("- c", ("lose",), params={"prefixes": BOTH, "loss": 1}),
    "dns_hijack": asks(
        "i", ("rewrite",), params={"to": ["195.208.4.1", "2a0c:a9c7:8::1"]}, good=out(query(BAD)),
        elsewhere={"port": 5353},
    ),
    "dns_inject_race": asks(
        "ci", ("match", "inject"), later="cc", params={**NAMED, "answers": ["31.13.94.37", "2001::1f0d:5e25"]}
    ),
    "dns_forge": asks("c", params={**NAMED, "rcode": "nxdomain"}),
    "dns_bogon": asks("c", params=NAMED),
    "dns_inject_inpath": asks("c", params=NAMED),
    "dns_loopback": asks("c", params=NAMED),
    "dns_static": asks("c", params=NAMED),
    "dns_stub_page": asks("c", params={**NAMED, "answers": ["95.167.13.50"]}),
    "dns_bootstrap_poison": asks("c", bad=out(query("dns.google"))),
    "dns_drop": asks("-", ("match", "drop"), params=NAMED),
    "dns_tcp_reset": Case(
        tcp=True, params=NAMED, port=53, bad=[*out(framed(BAD)), ANSWER], went="i c cii c",
        good=[*out(framed(GOOD)), ANSWER], actions=("match", "rst"),
    ),
    "doh_post_tls_drop": Case(
        tcp=True, params=NAMED, port=853, bad=[*out(hello(BAD), DATA, DATA), ANSWER], went="i c i i - -",
        good=[*out(hello(GOOD), DATA, DATA), ANSWER],
    ),
    "sni_reset": greets("ci - ci", ("match", "rst"), params=NAMED),
    "sni_reset beside the path": greets("cii c cii", ("match", "rst"), params={**NAMED, "trigger": "pass"}),
    "sni_drop": greets("- - -", params=NAMED),
    "sni_drop of the server's": greets("i - i", params={**NAMED, "drop": "server"}),
    "sni_null_route": greets("- - -", params=NAMED),
    "resolver_name_reset": greets("ci - ci", ("match", "rst"), hello("mozilla.cloudflare-dns.com")),
    "iran_reset": greets("c - c", ("match", "rst"), params=NAMED),
    "tspu_rewrite": greets("i c i", ("match", "rewrite"), params=NAMED),
    "tspu_delayed_drop": greets("i - -", params={**NAMED, "least": 0, "most": 0}),
    "tspu_crawl": Case(
        tcp=True, params=NAMED, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)], went="i c i c -",
        good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "tspu_police": Case(
        tcp=True, params={**NAMED, "rate": 8000, "burst": 1500}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)],
        went="i c i c -", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "tspu_full_drop": greets("- - -", params=NAMED),
    "gfw_reset": greets("cccciiiii c cccciiiii", ("match", "rst"), params={**NAMED, "hits": 1}),
    "henan_reset": greets("ci c i", ("match", "rst"), params=NAMED),
    "tls_fingerprint": greets("- - -", made=FIREFOX.record, params={"ja4": ["t13d1715h2_*"]}),
    "tls_fingerprint by resets": greets(
        "ci - ci", ("match", "rst"), FIREFOX.record, params={"ja4": ["t13d1715h2_*"], "act": "reset"}
    ),
    "tls_version": greets("- - -", made=MADE.but(versions=(0x0303,)).record),
    "mtproxy_fake_tls": greets("- - -", made=CHROME_2025.record),
    "ech_drop": greets("- - -", made=MADE.but(name="cloudflare-ech.com", kinds=(*MADE.kinds, ECH)).record),
    "esni_drop": greets("- c -", made=MADE.but(name=None, kinds=(*MADE.kinds, ESNI)).record),
    "tls_mitm": Case(
        tcp=True, params={"prefixes": BOTH, "to": ["95.56.237.24", "2a03:32c0:1::24"]}, bad=out(hello(BAD)),
        went="i c i", good=out(hello(BAD)), elsewhere={"to": NEIGHBOUR}, actions=("rewrite",),
    ),
    "port_443_reset": Case(
        tcp=True, bad=out(hello(BAD)), went="ccci cccc i", good=out(hello(BAD)), elsewhere={"port": 8443},
        actions=("rst",),
    ),
    "http_block_page": requests("ci -", PAGE),
    "http_302_stub": requests("ci c", PAGE[:2], params={**NAMED, "location": "http://warning.example/"}),
    "http_403_iran": requests("ci -", PAGE),
    "http_first_only": requests("ci -", PAGE),
    "http_reset": requests("ci -"),
    "http_rst_payload": requests("c -"),
    "http_keyword_reset": requests("ccciiii c", params={"keywords": ["facebook"], "hits": 1}),
    "http_race_redirect": requests(
        "ci c", PAGE[:2], params={**NAMED, "location": "http://x.example/", "prefixes": BOTH, "found": 1}
    ),
    "police": Case(
        tcp=True, params={**NAMED, "rate": 8000, "burst": 1500}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)],
        went="i c i c -", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
    ),
    "police in QUIC": Case(
        params={"names": ["example.com"], "rate": 8000, "burst": 1500}, went="i c -",
        bad=[*out(VERSION_1), (False, FULL), (False, FULL)], good=[*out(GOOGLE), (False, FULL), (False, FULL)],
    ),
    "shape": Case(
        tcp=True, params={**NAMED, "rate": 80_000}, bad=[*out(hello(BAD)), (False, FULL), (False, FULL)],
        went="i c - - -", later="icc", good=[*out(hello(GOOD)), (False, FULL), (False, FULL)],
        actions=("match", "queue"),
    ),
}  # fmt: skip
