"""How one of a world's vantages and times is chosen: `WORLD@VANTAGE`, `WORLD@TIME`, `WORLD@VANTAGE@TIME`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.document.complaint import nearest
from harness.errors import ScenarioError
from harness.lab.world import World

_SPELLED = re.compile(r"(.*?)((?:@[A-Za-z0-9_-]*){0,2})")  # a folder on the way to a file may hold an @ too


class Choice(NamedTuple):
    """What of a world was chosen; "" where nothing was."""

    vantage: str = ""
    time: str = ""

    @property
    def behind(self) -> str:
        """It as it stands behind a world's name."""
        return "".join(f"@{name}" for name in self if name)


def split(text: str) -> tuple[str, tuple[str, ...]]:
    """The world's name or file, and the words chosen behind it."""
    match = _SPELLED.fullmatch(text)
    assert match is not None
    return match[1], tuple(match[2].split("@")[1:])


def chosen(world: World, words: tuple[str, ...]) -> Choice:
    """Which vantage and which time the words are, in either order. ScenarioError where the world has no such."""
    choice = Choice()
    for word in words:
        if word in world.vantages and not choice.vantage:
            choice = choice._replace(vantage=word)
        elif word in world.timetable and not choice.time:
            choice = choice._replace(time=word)
        else:
            raise ScenarioError(_none(world, word))
    return choice


def _none(world: World, word: str) -> str:
    known = (*world.vantages, *world.timetable)
    if not known:
        return f'world "{world.name}" has no vantages and no timetable; write {world.name} alone'
    if word in known:
        return f'"@{word}" cannot stand beside another of its kind; choose a vantage, a time, or one of each'
    return f'world "{world.name}" has no vantage or time "{word}"; {nearest(word, known)}'


def variants(world: World) -> Iterator[str]:
    """Everything that can be chosen, as it stands behind the world's name."""
    for vantage in ("", *world.vantages):
        for time in ("", *world.timetable):
            if vantage or time:
                yield Choice(vantage, time).behind
