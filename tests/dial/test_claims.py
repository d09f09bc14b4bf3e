"""Which paths must not be walked at once, since their server would take one for the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.dial.claims import claim
from harness.model import Path, Spec
from harness.paths.table import HOPS
from tests.tunnels.ways import SHADOWSOCKS, WIREGUARD, hop

BY_NAME = {**WIREGUARD, "host": "nl.example.net", "port": 51820}


def path(name: str = "one", **more: Any) -> Path:
    return Path(name=name, hops=(Spec(kind="wireguard", params={**BY_NAME, **more}),))


def relation(one: Path, other: Path) -> str:
    """How two paths stand to each other."""
    first, second = claim(one, HOPS), claim(other, HOPS)
    if not first or not second or first.keys != second.keys:
        return "at once"
    return "one tunnel" if first == second else "by turns"


DNS = Spec(kind="udp", params={"server": "9.9.9.9", "port": 53})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (path("another name"), "one tunnel"),
        (path(host="192.0.2.7"), "by turns"),
        (path(port=443), "by turns"),
        (path(mtu=1280), "by turns"),
        (replace(path(), resolver=DNS), "by turns"),  # it may be told of another address
        (replace(path(), pins={"nl.example.net": ("192.0.2.7",)}), "by turns"),
        (replace(path(), pins={"www.example.com": ("192.0.2.7",)}), "one tunnel"),
        (replace(path(), lookup="hops", resolver=DNS), "one tunnel"),  # the server is asked for as by the first
        (replace(path(), hops=(*path().hops, hop("socks5", 1080))), "one tunnel"),
        (path(public_key="rOs433UcHbdOX49zqQ67nhgKmoSkp1O2gP73/Bas9CU="), "at once"),  # another server
        (path(private_key="sGBWhalzSr+KePFqhEf2pCVkuTKuReBpVX9p3MfBy1M="), "at once"),
        (Path(name="direct"), "at once"),
        (Path(name="ss", hops=(hop("shadowsocks", 8388, **SHADOWSOCKS),)), "at once"),
        (Path(name="unknown", hops=(Spec(kind="nobody's"),)), "at once"),
    ],
)
def test_paths_of_the_same_keys_go_by_turns_or_by_one_tunnel(other: Path, said: str) -> None:
    assert said == relation(path(), other)


def test_who_looks_an_address_up_makes_no_difference() -> None:
    by_address = path(host="192.0.2.7")

    assert "one tunnel" == relation(by_address, replace(by_address, resolver=DNS))


def test_other_servers_know_each_client_by_no_more_than_its_connection() -> None:
    ways = [Path(name=name, hops=(hop("shadowsocks", 8388, **SHADOWSOCKS),)) for name in ("one", "other")]

    assert [None, None] == [claim(way, HOPS) for way in ways]


def test_no_key_stands_in_a_claim() -> None:
    assert str(WIREGUARD["private_key"]) not in repr(claim(path(), HOPS))
