"""Facts in few words, for tests: a target, walks that end somewhere, and controls."""

from __future__ import annotations

import functools
import json
import pathlib
from dataclasses import dataclass

from pydantic import TypeAdapter

from harness.judge.named import name_elsewhere_check, other_name_check
from harness.model import (
    Attempt,
    Cell,
    CellFacts,
    Check,
    Control,
    Json,
    Level,
    Observation,
    Path,
    Role,
    Spec,
    Stage,
    Target,
    Walk,
)

CASES = pathlib.Path(__file__).parents[2] / "fixtures" / "observations"
ADDRESS, NEUTRAL = "157.240.205.60", "93.184.215.14"
WEB = Check(name="web", probe="http", params={"url": "https://app.example.com/"}, level=Level.E2)
ABROAD = Check(name="abroad", probe="http", params={"url": "https://neutral.example.org/"})
ABROAD_TOO = Check(name="abroad-too", probe="http", params={"url": "https://neutral.example.net/"})
HOME = Check(name="home", probe="http", params={"url": "https://neutral.example.ru/"})
TARGET = Target(name="app.web", checks=(WEB,), needs=Level.E2)
DIRECT = Path(name="direct")
OFFICE = Path(name="office", hops=(Spec(kind="socks5h"),))


def cell(target: Target = TARGET, path: Path = DIRECT) -> Cell:
    return Cell(key=f"s:{target.name}[{path.name}]", scenario="s", target=target, path=path)


def walk(stage: Stage | None = None, token: str = "", *, check: str = "web", address: str = ADDRESS) -> Walk:
    """A walk that went through, or ended at the stage with the token."""
    stages = (Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.RESPONSE, Stage.BODY)
    reached = stages if stage is None else stages[: stages.index(stage) + 1]
    seen = tuple(_observation(one, token if one is stage else None, address) for one in reached)
    return Walk(check=check, address=address, observations=seen, level=Level.E2 if stage is None else Level.E1)


def _observation(stage: Stage, token: str | None, address: str) -> Observation:
    details: dict[Stage, dict[str, Json]] = {
        Stage.RESOLVE: {"server": "udp:195.208.4.1:53", "addresses": [] if token else [address]},
        Stage.TLS: {"server_hello": token is None},
    }
    return Observation(stage=stage, failure=token, received=0 if token else 100, detail=details.get(stage, {}))


def control(role: Role, one: Walk, path: str = "direct", *, pinned: bool = False) -> Control:
    mark = f"#{one.address}" if pinned else ""
    return Control(id=f"{role}:{one.check}@{path}{mark}", role=role, path=path, check=one.check, at=0.0, walks=(one,))


def neutral(*, works: bool = True, path: str = "direct") -> tuple[Control, ...]:
    end = () if works else (Stage.CONNECT, "generic_timeout_error")
    return (
        control(Role.FOREIGN, walk(*end, check="abroad", address=NEUTRAL), path),
        control(Role.DOMESTIC, walk(*end, check="home", address=NEUTRAL), path),
    )


def known_good(one: Walk | None = None) -> tuple[Control, ...]:
    return (control(Role.KNOWN_GOOD, one or walk(), "office"), control(Role.FOREIGN, walk(check="abroad"), "office"))


def other_name() -> Control:
    return control(Role.OTHER_NAME, walk(check=other_name_check(ADDRESS, 443, "").name))


def elsewhere(token: str) -> Control:
    return control(
        Role.NAME_ELSEWHERE, walk(Stage.TLS, token, check=name_elsewhere_check("", 443, "app.example.com").name)
    )


def facts(*attempts: tuple[Walk, ...], controls: tuple[Control, ...] = ()) -> CellFacts:
    tries = tuple(Attempt(number=number, at=10.0 * number, walks=walks) for number, walks in enumerate(attempts, 1))
    return CellFacts(key="k", attempts=tries, controls=controls)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A recorded case: the facts of a cell, and the verdict that they must give."""

    story: str
    cell: Cell
    facts: CellFacts
    expected: dict[str, str | None]
    declare: str = ""


@functools.cache
def case(name: str) -> Case:
    found: Case = TypeAdapter(Case).validate_python(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")))
    return found


def names() -> list[str]:
    return sorted(path.stem for path in CASES.glob("*.json"))
