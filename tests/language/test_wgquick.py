"""A wg-quick file becomes a hop; what is wrong with it is told by its line and column, without its keys."""

from __future__ import annotations

import base64
import pathlib

import pytest

from harness.catalogue.files import read_file
from harness.document.reading import Reading, read
from harness.model import Path
from harness.paths import Tables
from harness.paths.spell import read_path
from harness.probes.table import PROBES

PRIVATE, PUBLIC, SHARED = (base64.b64encode(bytes([one]) * 32).decode() for one in (1, 2, 3))
NO_KEY = "this is no WireGuard key; write 32 bytes in base64: 44 characters, as `wg genkey` prints them"
NO_PLACE = "this is no host with a port; write one such as vpn.example.org:51820 or [2001:db8::1]:51820"
NO_LINE = "this is no line of a wg-quick file; write KEY = VALUE, or # before a comment"
NO_FILE = "the file cannot be read (No such file or directory); write its name, from this file's folder on"
WHOLE = f"""# from the provider
[Interface]
PrivateKey = {PRIVATE}
Address = 10.66.0.2/32, fd66::2/128
DNS = 9.9.9.9, lan.example
MTU = 1280
PostUp = iptables -A OUTPUT ! -o %i -j REJECT   # never run

[Peer]
publickey={PUBLIC}
PresharedKey = {SHARED}
Endpoint = [2001:db8::1]:51821
AllowedIPs = 0.0.0.0/0
AllowedIPs = ::/0
PersistentKeepalive = off
"""


def reading_of(text: str, spelled: str = "{file: nl.conf}") -> tuple[Reading, Path | None]:
    reading = read(f"wg: {spelled}\n", "paths.yaml", {}, lambda name: (name, text))
    return reading, read_path(reading, ("wg",), "wg", Tables(probes=PROBES))


def complaints(text: str) -> list[str]:
    return [str(one) for one in reading_of(text)[0].complaints]


def test_every_key_of_the_file_is_understood() -> None:
    _, path = reading_of(WHOLE)
    assert path

    assert {
        "host": "2001:db8::1",
        "port": 51821,
        "private_key": PRIVATE,
        "public_key": PUBLIC,
        "preshared_key": SHARED,
        "address": ["10.66.0.2/32", "fd66::2/128"],
        "allowed_ips": ["0.0.0.0/0", "::/0"],
        "keepalive": 0,
        "mtu": 1280,
    } == path.hops[0].params


def test_its_resolver_is_asked_through_the_tunnel() -> None:
    _, path = reading_of(WHOLE)
    assert path

    assert ("udp", "9.9.9.9", "hops") == (path.resolver.kind, path.resolver.params["server"], path.lookup)


def test_a_resolver_written_beside_the_file_goes_first() -> None:
    _, path = reading_of(WHOLE, '{file: nl.conf, dns: "tcp://8.8.8.8"}')
    assert path

    assert ("tcp", "base") == (path.resolver.kind, path.lookup)


def test_keys_are_secret_and_the_endpoint_is_private() -> None:
    reading, _ = reading_of(WHOLE)

    assert {PRIVATE, SHARED} <= reading.secrets
    assert {"2001:db8::1"} <= reading.private


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [
        (3, "PrivateKey = nonsense", f"nl.conf:3:14: {NO_KEY}"),
        (3, "", "nl.conf:2:1: PrivateKey is missing; write PrivateKey = ... below"),
        (4, "Address = ten", "nl.conf:4:11: this is no address of an interface; write one such as 10.66.0.2/32"),
        (6, "MTU = 9", "nl.conf:6:7: the number is too small; write 576 or more"),
        (9, "[Pear]", "nl.conf:9:1: unknown section; write [Interface] or [Peer]"),
        (10, "  PublicKye = x", 'nl.conf:10:3: unknown key "PublicKye"; did you mean "PublicKey"?'),
        (12, "Endpoint = vpn.example", f"nl.conf:12:12: {NO_PLACE}"),
        (13, "AllowedIPs = everything", "nl.conf:13:14: this is no network; write one such as 0.0.0.0/0 or 10.0.0.0/8"),
        (14, "what is this", f"nl.conf:14:1: {NO_LINE}"),
        (15, "[Peer]", "nl.conf:15:1: a second [Peer]; keep one; a path has one server"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(line: int, instead: str, complaint: str) -> None:
    lines = WHOLE.splitlines()
    lines[line - 1] = instead

    assert complaint in complaints("\n".join(lines))


@pytest.mark.parametrize("slip", [PRIVATE + "A", PRIVATE[:-2], SHARED + "\t" + SHARED])
def test_a_slip_in_a_key_does_not_tell_it(slip: str) -> None:
    told = complaints(WHOLE.replace(PRIVATE, slip))

    assert told
    assert not any(slip[:20] in one for one in told)


def test_a_file_of_another_kind_is_refused() -> None:
    reading, _ = reading_of("", "{file: nl.ovpn}")

    assert ["paths.yaml:1:12: no kind of hop stands in such a file; write the name of a file that ends in .conf"] == [
        str(one) for one in reading.complaints
    ]


def test_a_file_that_is_not_there_is_told_by_who_names_it() -> None:
    def absent(_: str) -> tuple[str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    reading = read("wg: {file: nl.conf}\n", "paths.yaml", {}, absent)
    read_path(reading, ("wg",), "wg", Tables(probes=PROBES))

    assert [f"paths.yaml:1:12: {NO_FILE}"] == [str(one) for one in reading.complaints]


def test_a_file_is_sought_beside_who_names_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "nl.conf").write_text(WHOLE)
    (tmp_path / "paths.yaml").write_text("wg: {file: nl.conf}\n")
    reading = read_file(tmp_path / "paths.yaml", tmp_path, {})

    assert read_path(reading, ("wg",), "wg", Tables(probes=PROBES))
    assert () == reading.complaints
