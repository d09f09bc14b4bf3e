"""A wg-quick file as parameters (wg-quick(8), wg(8)); what is wrong with it is told by line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.document.complaint import nearest, shown
from harness.literals import is_address
from harness.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong at a place, counted from 1; it repeats nothing that may be secret."""

    line: int
    column: int
    wrong: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """The parameters in a file, each with its place, the resolvers that it names, and what is wrong with it."""

    params: Mapping[str, Json] = field(repr=False)
    places: Mapping[str, tuple[int, int]]
    dns: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


_LINE = re.compile(r"(?P<space>\s*)(?P<key>[A-Za-z]+)(?P<sign>\s*=\s*)(?P<value>.*)")
_ENDPOINT = re.compile(r"(\[[^\]]+\]|[^:]+):[0-9]{1,5}", re.ASCII)
_SECTION = re.compile(r"\s*\[\s*([A-Za-z]*)\s*\]\s*")

# wg-quick(8): how the machine is to be set up and what it is to run. No machine is set up here, and nothing is run.
_NOT_OURS = frozenset({"table", "saveconfig", "fwmark", "preup", "postup", "predown", "postdown"})
_MEANT: Mapping[str, Mapping[str, str]] = {
    "interface": {
        "PrivateKey": "private_key",
        "Address": "address",
        "DNS": "dns",
        "MTU": "mtu",
        "ListenPort": "listen_port",
    },
    "peer": {
        "PublicKey": "public_key",
        "PresharedKey": "preshared_key",
        "Endpoint": "host",
        "AllowedIPs": "allowed_ips",
        "PersistentKeepalive": "keepalive",
    },
}
_NEEDED = {"interface": ("PrivateKey", "Address"), "peer": ("PublicKey", "Endpoint")}
_LISTS, _NUMBERS = frozenset({"address", "allowed_ips", "dns"}), frozenset({"mtu", "listen_port", "keepalive"})


def read(text: str) -> FromFile:
    """What the file says, read to its end whatever is wrong with it."""
    reader = _Reader()
    for number, raw in enumerate(text.splitlines(), 1):
        reader.take(number, raw.partition("#")[0].rstrip())
    return reader.whole()


class _Reader:
    """One file on its way to becoming parameters."""

    def __init__(self) -> None:
        self._section = ""
        self._begun: dict[str, int] = {}
        self._params: dict[str, Json] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._faults: list[Fault] = []

    def take(self, number: int, line: str) -> None:
        """Take in one line, without its comment."""
        if not line.strip():
            return
        if section := _SECTION.fullmatch(line):
            self._begin(number, section[1].lower())
        elif not (match := _LINE.fullmatch(line)):
            self._wrong((number, 1), "this is no line of a wg-quick file", "write KEY = VALUE, or # before a comment")
        elif self._section in _MEANT and match["key"].lower() not in _NOT_OURS:
            self._entry((number, len(match["space"]) + 1), (number, match.start("value") + 1), match)

    def whole(self) -> FromFile:
        """What the file says, after its last line."""
        for section, keys in _NEEDED.items():
            if section not in self._begun:
                self._wrong(
                    (1, 1), f"there is no [{section.title()}]", "give the file that the server's owner gave you"
                )
            else:
                for key in keys:
                    if _MEANT[section][key] not in self._places:
                        self._wrong((self._begun[section], 1), f"{key} is missing", f"write {key} = ... below")
        dns = self._params.pop("dns", [])
        return FromFile(
            params=self._params,
            places=self._places,
            dns=tuple(text for text in dns if is_address(text)),  # names are search domains (wg-quick(8))
            faults=tuple(self._faults),
        )

    def _begin(self, number: int, section: str) -> None:
        if section not in _MEANT:
            self._wrong((number, 1), "unknown section", "write [Interface] or [Peer]")
        elif section in self._begun:
            self._wrong((number, 1), f"a second [{section.title()}]", "keep one; a path has one server")
            section = ""
        self._section = section
        self._begun.setdefault(section, number)

    def _entry(self, key_at: tuple[int, int], at: tuple[int, int], match: re.Match[str]) -> None:
        known = _MEANT[self._section]
        name = next((name for name in known if name.lower() == match["key"].lower()), None)
        if name is None:
            self._wrong(key_at, f"unknown key {shown(match['key'], 'here')}", nearest(match["key"], known))
            return
        if name == "Endpoint" and not _ENDPOINT.fullmatch(match["value"]):
            self._wrong(
                at, "this is no host with a port", "write one such as vpn.example.org:51820 or [2001:db8::1]:51820"
            )
            self._places.setdefault(known[name], at)
            return
        for param, value in _READ.get(name, _plain)(known[name], match["value"]):
            self._places.setdefault(param, at)
            if param in _LISTS:
                self._params.setdefault(param, []).extend(value)
            else:
                self._params[param] = value

    def _wrong(self, at: tuple[int, int], wrong: str, remedy: str) -> None:
        self._faults.append(Fault(line=at[0], column=at[1], wrong=wrong, remedy=remedy))


def _plain(param: str, value: str) -> Iterator[tuple[str, Json]]:
    if param in _LISTS:
        yield param, [part.strip() for part in value.split(",") if part.strip()]
    elif param in _NUMBERS and value.isascii() and value.isdigit():
        yield param, int(value)
    else:
        yield param, 0 if (param, value) == ("keepalive", "off") else value


def _endpoint(param: str, value: str) -> Iterator[tuple[str, Json]]:
    """`host:port`; an IPv6 address stands in brackets (wg(8))."""
    host, _, port = value.rpartition(":")
    yield param, host.removeprefix("[").removesuffix("]")
    yield "port", int(port)


_READ: Mapping[str, Callable[[str, str], Iterator[tuple[str, Json]]]] = {"Endpoint": _endpoint}
