"""Hosts that cannot be as they are written, told at load."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.document.node import Loc
from harness.lab.worldmodel import HostFile


class Placed(NamedTuple):
    """A host as it is written, and where."""

    loc: Loc
    host: HostFile


class Impossible(NamedTuple):
    """What is wrong with which part of a host, and what to write."""

    loc: Loc
    wrong: str
    remedy: str


def impossible(hosts: Sequence[Placed]) -> Iterator[Impossible]:
    """Everything that is wrong with these hosts as they stand together in one file."""
    met: set[str] = set()
    for loc, host in hosts:
        if host.name in met:
            yield Impossible((*loc, "name"), f'host "{host.name}" stands here twice', "write all of it at one place")
        met.add(host.name)
        yield from _alone(loc, host)


def _alone(loc: Loc, host: HostFile) -> Iterator[Impossible]:
    for address, times in Counter(map(ipaddress.ip_address, host.addresses or ())).items():
        if times > 1:
            yield Impossible((*loc, "addresses"), f"{address} stands here {times} times", "write it once")
    for name, times in Counter(host.names or ()).items():
        if times > 1:
            yield Impossible((*loc, "names"), f"{name} stands here {times} times", "write it once")
    if host.down and host.silent:
        remedy = "leave out down, which refuses, or silent, which is not there"
        yield Impossible((*loc, "silent"), "a host is down or silent, and not both", remedy)
    dates = host.certificate
    if dates and dates.begins >= dates.ends:
        wrong = "a certificate ends before it begins"
        yield Impossible((*loc, "certificate"), wrong, "write an earlier time as begins, or a later one as ends")
