"""What a path's own cell says beside its claim: whether datagrams came through, and where names are resolved."""

from __future__ import annotations

from harness.model import CellFacts, Stage, Target, Walk

CARRIAGE = "carriage"
"""The name of the check, and of its probe; no verdict rests on it."""

_NAMES = {
    "server": "names are resolved by the path's server",
    "through": "names are asked of a resolver through the path",
    "here": "names are resolved outside the path",
}


def bearing(target: Target) -> frozenset[str]:
    """The checks on which the verdict rests: all but the carriage."""
    return frozenset(check.name for check in target.checks if check.probe != CARRIAGE)


def carriage(facts: CellFacts) -> str:
    """`It carries datagrams; names are resolved by the path's server.`, empty where none of that was looked at."""
    walks = [walk for attempt in facts.attempts for walk in attempt.walks if walk.check == CARRIAGE]
    if not walks:
        return ""
    names = next(filter(None, map(_resolved, walks)), "")
    return f"{_datagrams(walks)}{f'; {names}' if names else ''}."


def _datagrams(walks: list[Walk]) -> str:
    if any(walk.completed for walk in walks):
        return "It carries datagrams"
    if any(walk.failure == "not_supported" for walk in walks):
        return "It cannot carry datagrams"
    return "No datagram came back over it"


def _resolved(walk: Walk) -> str:
    seen = walk.at(Stage.PATH)
    return _NAMES.get(str(seen.detail.get("names")), "") if seen else ""
