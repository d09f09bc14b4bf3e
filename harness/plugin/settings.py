"""What the user asked for. Imported only where an option of ours is set, or a scenario is collected."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

import pytest

from harness import shard
from harness.model import Vantage
from harness.plugin.options import value
from harness.shard import Shard

HERE = Vantage(name="here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user asked for, the command line before the ini file."""

    world: str | None = None
    live: bool = False
    vantage: Vantage = HERE
    expect: pathlib.Path | None = None
    record: pathlib.Path | None = None
    record_addresses: bool = False
    junit_narrow: bool = False
    pcap: pathlib.Path | None = None
    engine: str = "process"
    shard: Shard | None = None

    @property
    def sends(self) -> bool:
        """True where the user named a place to run in; nothing leaves otherwise."""
        return self.live or self.world is not None


def settings(config: pytest.Config) -> Settings:
    """Read the options. Raises UsageError for what cannot be meant."""
    world, live = value(config, "world"), bool(value(config, "live"))
    if world and config.getoption("waygauge_live"):
        if config.getoption("waygauge_world"):
            raise pytest.UsageError("--world and --live exclude each other: drop one of them")
        world = None
    return Settings(
        world=world or None,
        live=live and not world,
        vantage=vantage(value(config, "vantage") or HERE.name),
        expect=_file(config, "expect"),
        record=_file(config, "record"),
        record_addresses=bool(value(config, "record_addresses")),
        junit_narrow=bool(value(config, "junit_narrow")),
        pcap=_file(config, "pcap"),
        engine=value(config, "engine") or "process",
        shard=_shard(value(config, "shard")),
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


def _file(config: pytest.Config, name: str) -> pathlib.Path | None:
    """A file from the command line counts from where we stand, one from the ini file from where that file stands."""
    if given := config.getoption(f"waygauge_{name}"):
        return config.invocation_params.dir / str(given)
    written: str | None = config.getini(f"waygauge_{name}")
    return (config.inipath or config.rootpath / "-").parent / written if written else None


def refuse(asked: Settings) -> None:
    """Refuse what must not be begun. Raises UsageError with the remedy."""
    if asked.sends and asked.record:
        _writable(asked.record)
    if not asked.live:
        return
    if os.environ.get("WAYGAUGE_OFFLINE") == "1":
        raise pytest.UsageError("WAYGAUGE_OFFLINE=1 forbids --live: use --world NAME, or unset it")
    from harness.vantage import state

    if not state.consented():
        raise pytest.UsageError("--live needs your consent: run `waygauge consent`, or in CI set WAYGAUGE_CONSENT=yes")


def _writable(file: pathlib.Path) -> None:
    """Refuse a record that cannot be written, before anything is measured in vain."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise pytest.UsageError(f"--record: {exc.strerror or exc}; name a file in a folder of yours") from exc
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        wrong = "this is a folder" if file.is_dir() else "this folder takes no files of yours"
        raise pytest.UsageError(f"--record: {wrong}; name a file in a folder of yours")
