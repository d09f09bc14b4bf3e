"""Share links become hops; what cannot be used is told without a part of them."""

from __future__ import annotations

import base64

import pytest

from harness.document.reading import Reading, read
from harness.model import Json
from harness.paths import Tables
from harness.paths.spell import read_path
from harness.probes.table import PROBES

KEY = base64.b64encode(bytes(16)).decode()
SIP002 = base64.urlsafe_b64encode(b"chacha20-ietf-poly1305:p@ss/w?rd").decode().rstrip("=")
AT = {"host": "h.example"}
LEGACY = base64.b64encode(b"aes-256-gcm:pass:word@192.0.2.1:8388").decode()


def spelled(text: str) -> tuple[Reading, Json]:
    reading = read(f'path: "{text}"\n', "paths.yaml", {})
    path = read_path(reading, ("path",), "path", Tables(probes=PROBES))
    return reading, path and (path.hops[0].kind, path.hops[0].params)


@pytest.mark.parametrize(
    ("link", "kind", "params"),
    [
        (
            f"ss://{SIP002}@h.example:8388#a%20tag",
            "shadowsocks",
            {**AT, "port": 8388, "method": "chacha20-ietf-poly1305", "password": "p@ss/w?rd"},
        ),
        (
            f"ss://{LEGACY}#tag",
            "shadowsocks",
            {"host": "192.0.2.1", "port": 8388, "method": "aes-256-gcm", "password": "pass:word"},
        ),
        (
            f"ss://2022-blake3-aes-128-gcm:{KEY.replace('=', '%3D')}@[2001:db8::1]:1/?outline=1",
            "shadowsocks",
            {"host": "2001:db8::1", "port": 1, "method": "2022-blake3-aes-128-gcm", "password": KEY},
        ),
        ("trojan://p%40ss@h.example", "trojan", {**AT, "port": 443, "password": "p@ss", "alpn": []}),
        (
            "trojan://p@h.example:8443?security=tls&type=tcp&sni=front.example&fp=chrome&alpn=h2#t",
            "trojan",
            {**AT, "port": 8443, "password": "p", "server_name": "front.example", "alpn": ["h2"]},
        ),
    ],
)
def test_a_link_is_one_hop(link: str, kind: str, params: dict[str, Json]) -> None:
    assert (kind, params) == spelled(link)[1]


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("ss://secret-that-is-no-base64!@h.example:1", "neither METHOD:PASSWORD nor its base64"),
        ("ss://rc4-md5:secret@h.example:1", "method is none that can be used"),
        ("ss://2022-blake3-aes-128-gcm:c2hvcnQ=@h.example:1", "wants a key of 16 bytes in base64"),
        ("ss://aes-256-gcm:secret@h.example:1/?plugin=obfs-local", "asks for a plugin"),
        ("ss://c2VjcmV0", "neither METHOD:PASSWORD nor its base64"),
        ("ss://aes-256-gcm:secret@h.example", "port"),
        ("trojan://h.example:443", "has no password"),
        ("trojan://secret@h.example?type=ws&path=/x", "a transport other than TCP"),
        ("trojan://secret@h.example?allowInsecure=1", "asks for no verification"),
        ("trojan://secret@h.example/path", "has a path"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_link(link: str, wrong: str) -> None:
    reading, path = spelled(link)

    assert path is None
    assert any(wrong in str(one) for one in reading.complaints)
    assert not any("secret" in str(one) for one in reading.complaints)


def test_a_link_is_secret_whole_and_in_its_parts() -> None:
    link = f"ss://{SIP002}@h.example:8388#tag"

    assert {link, link.partition("#")[0], SIP002, "p@ss/w?rd"} <= spelled(link)[0].secrets


def test_a_tunnel_behind_another_hop_is_refused_where_it_stands() -> None:
    reading = read('path: {hops: ["socks5://h.example", "trojan://secret@h.example"]}\n', "paths.yaml", {})
    read_path(reading, ("path",), "path", Tables(probes=PROBES))

    assert ["paths.yaml:1:37: trojan goes through no other hop; write it first, nearest to us"] == [
        str(one) for one in reading.complaints
    ]
