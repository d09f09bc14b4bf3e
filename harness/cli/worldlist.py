"""The worlds that come with waygauge, and what a censor can do: found by words, for people or for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import World, load_world
from harness.lab.world import worlds as names

COLUMN = 24  # where titles begin
ELSEWHERE = "ZZ"  # the country of worlds that are of none (ISO 3166-1, user-assigned)
GROUPS = ("lines of a country, as documented", "one behaviour of a censor each", "without a rule of a censor")


def worlds(words: Sequence[str], *, plain: bool, wide: int | None) -> Iterator[str]:
    """The worlds that hold all words: JSON where `plain`, in groups where there is a width, else one a line."""
    found = [world for world in map(load_world, names()) if _holds(words, _said(world))]
    if plain:
        yield from (json.dumps(_facts(world), ensure_ascii=False) for world in found)
    elif wide is None:
        yield from (_line(world.name, _titled(world)) for world in found)
    else:
        for group in GROUPS:
            inside = [world for world in found if _group(world) == group]
            yield from _grouped(group, ((world.name, _titled(world)) for world in inside), wide)


def behaviours(words: Sequence[str], *, plain: bool, wide: int | None) -> Iterator[str]:
    """The behaviours whose name or summary holds all words."""
    found = [row for row in BEHAVIOURS if _holds(words, (row.name, row.summary))]
    if plain:
        yield from (json.dumps({"behaviour": row.name, "summary": row.summary}) for row in found)
    elif wide is None:
        yield from (_line(row.name, row.summary) for row in found)
    else:
        yield from _grouped("what a censor can do", ((row.name, row.summary) for row in found), wide)


def _group(world: World) -> str:
    if world.name.startswith(f"{world.vantage.cc.lower()}-"):
        return GROUPS[0]
    return GROUPS[1] if _behaviours(world) else GROUPS[2]


def _behaviours(world: World) -> tuple[str, ...]:
    """What the censor does at any of the world's vantages, each once."""
    seen = (world, *(load_world(f"{world.name}@{name}") for name in world.vantages))
    return tuple(dict.fromkeys(rule.behaviour for each in seen for rule in each.censor))


def _said(world: World) -> Iterable[str]:
    return (world.name, world.title, world.vantage.cc, *_behaviours(world), *world.sources)


def _holds(words: Sequence[str], said: Iterable[str]) -> bool:
    text = "\n".join(said).casefold()
    return all(word.casefold() in text for word in words)


def _titled(world: World) -> str:
    return " ".join([world.title, *(f"@{name}" for name in (*world.vantages, *world.timetable))])


def _facts(world: World) -> dict[str, object]:
    return {
        "world": world.name,
        "title": world.title,
        "country": None if world.vantage.cc == ELSEWHERE else world.vantage.cc,
        "behaviours": _behaviours(world),
        "vantages": world.vantages,
        "times": tuple(world.timetable),
        "sources": world.sources,
    }


def _grouped(title: str, entries: Iterable[tuple[str, str]], wide: int) -> Iterator[str]:
    lines = [
        line
        for name, text in entries
        for line in textwrap.wrap(_line(name, text), wide, subsequent_indent=" " * (COLUMN + 1), break_long_words=False)
    ]
    if lines:
        yield from (title, *lines, "")


def _line(name: str, text: str) -> str:
    return f"{name:<{COLUMN}} {text}"
