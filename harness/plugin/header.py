"""The line at the head of a run: from where, by what means, with how old a catalogue."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.model import Vantage
from harness.plugin.settings import Settings, settings


def header(config: pytest.Config) -> list[str]:
    """`waygauge: vantage home-1 (RU, AS12389, home), live, catalogue 2026-11-02`."""
    asked = settings(config)
    try:
        where = _world(asked) if asked.world else f"vantage {place(asked.vantage)}, tier live"
    except HarnessError as exc:
        raise pytest.UsageError(str(exc)) from exc
    return [f"waygauge: {where}, catalogue {_date()}", *_skipped(asked)]


def place(vantage: Vantage) -> str:
    """A declared vantage in words."""
    known = [vantage.cc, f"AS{vantage.asn}" if vantage.asn else "", vantage.network]
    told = [word for word in known if word not in {"", "ZZ", "unknown"}]
    return f"{vantage.name} ({', '.join(told)})" if told else vantage.name


def _world(asked: Settings) -> str:
    from harness.vantage.place import overlay, tier

    assert asked.world
    found = overlay(asked.world)
    return f"vantage {place(found.vantage or asked.vantage)}, tier {tier()}, world {found.name}"


def _skipped(asked: Settings) -> list[str]:
    """Why the whole world will be skipped, where this machine cannot show it."""
    from harness.vantage.place import lacking

    told = lacking(asked.world) if asked.world else ""
    return [f"waygauge: skipped: {told}"] if told else []


def _date() -> str:
    from harness.catalogue import shipped_date

    return shipped_date() or "undated"
