"""What a worker asks the broker, and what it is answered: one JSON object a line, one question a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.model import Path, ScenarioPlan
from harness.vantage import Fetched, Outcome, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Cells to run, and what must not be seen of them."""

    type: Literal["submit"] = "submit"
    plans: tuple[ScenarioPlan, ...]
    secrets: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    catalogue: str = ""
    whole: tuple[str, ...] = ()  # of a shard: the keys of the whole plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Is this cell finished? Wait at most so many seconds."""

    type: Literal["result"] = "result"
    key: str
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Make one HTTP request over a path."""

    type: Literal["fetch"] = "fetch"
    path: Path
    request: Request
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrub:
    """Take out of a text what must not be seen."""

    type: Literal["scrub"] = "scrub"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it; `fault` says why nothing will."""

    outcome: Outcome | None = None
    fetched: Fetched | None = None
    text: str = ""
    fault: str | None = None


Ask = Annotated[Submit | Result | Fetch | Scrub, Field(discriminator="type")]

_asks: TypeAdapter[Ask] = TypeAdapter(Ask)
_answers: TypeAdapter[Answer] = TypeAdapter(Answer)


def read_ask(line: bytes) -> Ask:
    """A worker's question; raises ValueError where the line cannot be read."""
    return _asks.validate_json(line)


def ask_line(ask: Ask) -> bytes:
    """The question as one line."""
    return _asks.dump_json(ask) + b"\n"


def read_answer(line: bytes) -> Answer:
    """The broker's answer; raises ValueError where the line cannot be read."""
    return _answers.validate_json(line)


def answer_line(answer: Answer) -> bytes:
    """The answer as one line."""
    return _answers.dump_json(answer) + b"\n"
