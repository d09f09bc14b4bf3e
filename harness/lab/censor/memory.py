"""What a rule knows of several flows at once, where that is no sentence: how many stand, what came before.

It belongs to the engine, by rule and by what the flows have in common, so that a rule itself never changes and other
rules start from nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from harness.lab.censor.rule import CompiledRule


class Remembered(Protocol):
    """What is known of the flows of one kind."""

    def over(self, now: float) -> bool:
        """True where it makes no difference any more."""


R = TypeVar("R", bound=Remembered)


class Memory:
    """What all rules know, by rule and by key."""

    def __init__(self) -> None:
        self._known: dict[tuple[CompiledRule, bytes], Remembered] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, rule: CompiledRule, key: bytes, begin: Callable[[], R]) -> R:
        """What the rule knows of the flows with this key; `begin` makes it where there is nothing yet."""
        known = self._known.get((rule, key))
        if known is None:
            known = self._known[rule, key] = begin()
        return known  # type: ignore[return-value]  # a rule has one kind of these

    def sweep(self, now: float) -> None:
        """Forget what makes no difference any more."""
        self._known = {key: known for key, known in self._known.items() if not known.over(now)}

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
