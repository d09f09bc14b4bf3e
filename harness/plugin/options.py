"""The options of the plugin: one literal row each, a command line flag and an ini value of the same meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

IniType = Literal["string", "bool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting: `--flag VALUE` on the command line, `waygauge_<name>` in the ini file."""

    name: str
    help: str
    metavar: str = ""  # empty for a flag without a value
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def ini(self) -> str:
        """How it is written in the ini file."""
        return f"waygauge_{self.name}"

    @property
    def dest(self) -> str:
        """Under which name pytest keeps it."""
        return f"waygauge_{self.name}"


OPTIONS = (
    Option(
        name="world",
        metavar="NAME",
        help="run the scenarios inside this world of the lab: a name or a file, @VANTAGE or @TIME behind it",
    ),
    Option(name="live", help="run the scenarios from this machine, over the network it stands in; asks consent once"),
    Option(name="vantage", metavar="TEXT", help='where this machine stands: "home-1 cc=RU asn=12389 network=home"'),
    Option(name="expect", metavar="FILE", help="lay this expectation file over the scenarios"),
    Option(name="shard", metavar="I/N", help="run part I of N of the cells; a cell keeps its part over nights"),
    Option(name="record", metavar="FILE", help="write what was seen to this file, one JSON line a fact"),
    Option(name="record_addresses", help="write private addresses as they are instead of pseudonyms"),
    Option(
        name="junit_narrow",
        help="write --junitxml as strict readers want it (Jenkins' xunit plugin, Maven Surefire): properties of a case "
        "stand in its system-out",
    ),
    Option(name="pcap", metavar="DIR", help="write packet captures of the lab into this folder"),
    Option(
        name="engine",
        metavar="HOW",
        choices=("process", "inline"),
        help="the engine in a process of its own (default), or in a thread of pytest's for debuggers",
    ),
)

IDLE = "nothing is sent without --world NAME or --live"

MARKS = (
    "service(name): the catalogue's service that a cell measures; also service_<name>",
    "capability(name): the service's capability that a cell measures; also capability_<name>",
    "path(name): the path that a cell goes over; also path_<name>",
)


def add(parser: pytest.Parser) -> None:
    """Declare every option to pytest."""
    group = parser.getgroup("waygauge", "waygauge: reachability scenarios (*.reach.yaml)")
    for option in OPTIONS:
        extra: dict[str, Any] = {"metavar": option.metavar} if option.metavar else {"action": "store_true"}
        if option.choices:
            extra["choices"] = option.choices
        group.addoption(option.flag, dest=option.dest, default=None, help=option.help, **extra)
        kind: IniType = "string" if option.metavar else "bool"
        parser.addini(option.ini, option.help, type=kind, default=None)


def value(config: pytest.Config, name: str) -> Any:
    """The command line's word, else the ini file's."""
    given = config.getoption(f"waygauge_{name}")
    return given if given is not None else config.getini(f"waygauge_{name}")


def asked(config: pytest.Config) -> bool:
    """True where any option is set; the projects that know nothing of us set none."""
    return any(value(config, option.name) for option in OPTIONS)


def sends(config: pytest.Config) -> bool:
    """True where the user named a place to run in; nothing leaves otherwise."""
    return bool(value(config, "world") or value(config, "live"))
