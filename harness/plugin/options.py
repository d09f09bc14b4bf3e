"""The options of the plugin: one literal row each, a command line flag and an ini value of the same meaning."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from harness import shard
from harness.model import Vantage
from harness.shard import Shard

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
    Option(name="world", metavar="NAME", help="run the scenarios inside this world of the lab (a name or a file)"),
    Option(name="live", help="run the scenarios from this machine, over the network it stands in; asks consent once"),
    Option(name="vantage", metavar="TEXT", help='where this machine stands: "home-1 cc=RU asn=12389 network=home"'),
    Option(name="expect", metavar="FILE", help="lay this expectation file over the scenarios"),
    Option(name="shard", metavar="I/N", help="run part I of N of the cells; a cell keeps its part over nights"),
    Option(name="record", metavar="FILE", help="write what was seen to this file, one JSON line a fact"),
    Option(name="record_addresses", help="write private addresses as they are instead of pseudonyms"),
    Option(name="pcap", metavar="DIR", help="write packet captures of the lab into this folder"),
    Option(
        name="engine",
        metavar="HOW",
        choices=("process", "inline"),
        help="the engine in a process of its own (default), or in a thread of pytest's for debuggers",
    ),
)

HERE = Vantage(name="here")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user asked for, the command line before the ini file."""

    world: str | None = None
    live: bool = False
    vantage: Vantage = HERE
    expect: pathlib.Path | None = None
    record: pathlib.Path | None = None
    record_addresses: bool = False
    pcap: pathlib.Path | None = None
    engine: str = "process"
    shard: Shard | None = None

    @property
    def sends(self) -> bool:
        """True where the user named a place to run in; nothing leaves otherwise."""
        return self.live or self.world is not None


def settings(config: pytest.Config) -> Settings:
    """Read the options. Raises UsageError for what cannot be meant."""
    world, live = _value(config, "world"), bool(_value(config, "live"))
    if world and config.getoption("waygauge_live"):
        if config.getoption("waygauge_world"):
            raise pytest.UsageError("--world and --live exclude each other: drop one of them")
        world = None
    return Settings(
        world=world or None,
        live=live and not world,
        vantage=vantage(_value(config, "vantage") or HERE.name),
        expect=_file(config, "expect"),
        record=_file(config, "record"),
        record_addresses=bool(_value(config, "record_addresses")),
        pcap=_file(config, "pcap"),
        engine=_value(config, "engine") or "process",
        shard=_shard(_value(config, "shard")),
    )


def vantage(text: str) -> Vantage:
    """The declared vantage that `name key=value …` spells."""
    name, *pairs = text.replace(",", " ").split() or [HERE.name]
    given = dict(pair.partition("=")[::2] for pair in pairs)
    if unknown := set(given) - {"cc", "asn", "network"}:
        raise pytest.UsageError(f'--vantage: unknown {sorted(unknown)[0]!r}; write "NAME cc=RU asn=12389 network=home"')
    asn = given.get("asn", "").removeprefix("AS")
    if asn and not asn.isdigit():
        raise pytest.UsageError("--vantage: asn is a number, as in asn=12389")
    return Vantage(
        name=name.removeprefix("name="),
        cc=given.get("cc", "ZZ"),
        asn=int(asn) if asn else None,
        network=given.get("network", "unknown"),
    )


def _shard(text: str | None) -> Shard | None:
    try:
        return shard.parse(text) if text else None
    except ValueError as exc:
        raise pytest.UsageError(f"--shard: {exc}") from exc


def _value(config: pytest.Config, name: str) -> Any:
    """The command line's word, else the ini file's."""
    given = config.getoption(f"waygauge_{name}")
    return given if given is not None else config.getini(f"waygauge_{name}")


def _file(config: pytest.Config, name: str) -> pathlib.Path | None:
    """A file from the command line counts from where we stand, one from the ini file from where that file stands."""
    if given := config.getoption(f"waygauge_{name}"):
        return config.invocation_params.dir / str(given)
    written: str | None = config.getini(f"waygauge_{name}")
    return (config.inipath or config.rootpath / "-").parent / written if written else None


def refuse(asked: Settings) -> None:
    """Refuse what must not be begun. Raises UsageError with the remedy."""
    if not asked.live:
        return
    if os.environ.get("WAYGAUGE_OFFLINE") == "1":
        raise pytest.UsageError("WAYGAUGE_OFFLINE=1 forbids --live: use --world NAME, or unset it")
    from harness.vantage import state

    if not state.consented():
        raise pytest.UsageError("--live needs your consent: run `waygauge consent`, or in CI set WAYGAUGE_CONSENT=yes")
