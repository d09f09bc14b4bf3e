"""Why a cell has its verdict: what was tried, what it was compared with, and how the rule was chosen."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping

from harness.judge import MECHANISMS, Seen, Tried, classify, seen_of, tried
from harness.model import (
    Attempt,
    Cell,
    CellFacts,
    Claim,
    Control,
    Json,
    Level,
    Observation,
    Role,
    Stage,
    Verdict,
    Walk,
)
from harness.report.junit import level
from harness.report.style import Style

_LEVELS: Mapping[Level, str] = {
    Level.NONE: "nothing",
    Level.E0: "the name resolved",
    Level.E1: "a connection",
    Level.E2: "an authenticated answer",
    Level.E3: "an answer that only the real service can make",
    Level.E4: "a sustained transfer",
    Level.E5: "a stream fit for calls",
}
_ROLES: Mapping[Role, str] = {
    Role.FOREIGN: "a neutral host abroad",
    Role.DOMESTIC: "a neutral host at home",
    Role.KNOWN_GOOD: "the same check over a path known good",
    Role.OTHER_NAME: "the same address under a neutral name",
    Role.NAME_ELSEWHERE: "the target's name at a neutral host",
    Role.OTHER_TRANSPORT: "the same question to the same resolver, over TCP",
    Role.NEUTRAL_QUERY: "a neutral question to the same resolver",
    Role.EXIT: "where a reflector saw us come from",
}
_CLAIMS: Mapping[Claim, str] = {
    Claim.USABLE: "it works over this path",
    Claim.DEGRADED: "it works over this path, and poorly",
    Claim.BLOCKED: "somebody on this path keeps it from working",
    Claim.DOWN: "the service does not work over any path that was compared",
    Claim.INCONCLUSIVE: "what was seen does not settle the matter",
    Claim.NOT_APPLICABLE: "it was not asked",
    Claim.PATH_DOWN: "the path itself does not carry anything, so nothing is said of the target",
}


def render(cell: Cell, facts: CellFacts, verdict: Verdict, style: Style | None = None) -> str:
    """The whole story of one cell, as text; no newline at its end."""
    style = style or Style()
    seen = seen_of(cell, facts)
    parts = [
        _head(cell, verdict, style),
        _section("What was tried", _tries(facts), style),
        _section("What it was compared with", _controls(facts), style),
        _section("How the rule was chosen", _choice(facts, verdict, seen, style), style),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _section(title: str, lines: Iterator[str], style: Style) -> list[str]:
    body = list(lines)
    return [style.strong(title), *body] if body else []


def _head(cell: Cell, verdict: Verdict, style: Style) -> list[str]:
    named = style.paint(f"{style.sign(verdict.claim)} {verdict.claim}", verdict.claim, bold=True)
    rows = [
        ("verdict", f"{named}: {_CLAIMS[verdict.claim]}"),
        ("certainty", f"{verdict.strength}, {verdict.steadiness}"),
        ("mechanism", _mechanism(verdict)),
        ("stage", str(verdict.stage or "")),
        ("because", verdict.why),
        ("shown", f"{level(verdict.level)}, {_LEVELS[verdict.level]}"),
        ("needed", f"{level(verdict.needs)}, {_LEVELS[verdict.needs]}; {_quorum(cell)}"),
        ("rule", verdict.rule),
        ("to know more", f"declare {verdict.declare} in the scenario" if verdict.declare else ""),
    ]
    return [style.strong(cell.key), *(line for name, text in rows if text for line in _row(name, text, style))]


def _row(name: str, text: str, style: Style) -> list[str]:
    hanging = " " * 16
    return textwrap.wrap(text, max(50, style.width), initial_indent=f"  {name:<14}", subsequent_indent=hanging)


def _mechanism(verdict: Verdict) -> str:
    return f"{verdict.mechanism}: {MECHANISMS.get(verdict.mechanism, '')}" if verdict.mechanism else ""


def _quorum(cell: Cell) -> str:
    count = len(cell.target.checks)
    return "by its one check" if count == 1 else f"by {cell.target.quorum} of {count} checks"


# What was tried.


def _tries(facts: CellFacts) -> Iterator[str]:
    for attempt in facts.attempts:
        yield f"  attempt {attempt.number} at {_clock(attempt.at)}{_before(attempt)}"
        for walk in attempt.walks:
            yield f"    {walk.check}{f' to {walk.address}' if walk.address else ''}: {_end(walk)}"
            yield from (f"      {_step(seen)}" for seen in walk.observations)


def _clock(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _before(attempt: Attempt) -> str:
    if attempt.gap is None or not attempt.before:
        return ""
    return f", {attempt.gap:.1f} s after {attempt.before[-1]} touched the same endpoint"


def _end(walk: Walk) -> str:
    return "went through" if walk.completed else f"ended at {walk.failed_at} with {walk.failure}"


def _step(seen: Observation) -> str:
    took = f"{max(0.0, seen.ended - seen.started) * 1000:.0f} ms"
    whose = "" if seen.of == "target" else f" of {seen.of}"
    amount = f"{seen.sent} B out, {seen.received} B in" if seen.sent or seen.received else ""
    notes = [note for note in (amount, _told(seen)) if note]
    return f"{seen.stage + whose:<18} {seen.failure or 'ok':<22} {took:>8}  {'; '.join(notes)}".rstrip()


def _told(seen: Observation) -> str:
    """What an observation is worth telling, by its stage."""
    detail = seen.detail
    if seen.stage == Stage.RESOLVE:
        return _dns(detail)
    if seen.stage == Stage.TLS:
        issuer = f", certificate by {detail['issuer']}" if seen.failure and detail.get("issuer") else ""
        return f"name {detail['server_name']}{issuer}" if detail.get("server_name") else ""
    if seen.stage == Stage.RESPONSE:
        parts = (f"status {detail['status']}" if "status" in detail else "", str(detail.get("title") or ""))
        return ", ".join(part for part in parts if part)
    return _named(detail, "code", "reply", "status", "proof", "exit")


def _dns(detail: Mapping[str, Json]) -> str:
    said = ", ".join(map(str, detail.get("addresses") or ())) or str(detail.get("rcode") or "nothing")
    answers = detail.get("answers") or ()
    more = f" ({len(answers)} answers came)" if len(answers) > 2 else ""  # one of each type is the rule
    return f"{detail.get('server', 'the resolver')} said {said}{more}"


def _named(detail: Mapping[str, Json], *names: str) -> str:
    return ", ".join(f"{name} {detail[name]}" for name in names if detail.get(name) not in (None, ""))


# What it was compared with.


def _controls(facts: CellFacts) -> Iterator[str]:
    for role in Role:
        for control in dict.fromkeys(one.id for one in facts.controls if one.role is role):
            yield from _control(next(one for one in facts.controls if one.id == control))


def _control(control: Control) -> Iterator[str]:
    pinned = " (sent to the address given out here)" if "#" in control.id else ""
    yield f"  {_ROLES[control.role]}{pinned}: {control.check} over {control.path}"
    for walk in control.walks:
        where = f"{walk.address}: " if walk.address else ""
        yield f"      {where}{_end(walk)}{_found(control, walk)}"


def _found(control: Control, walk: Walk) -> str:
    """What a control of names found, or where a reflector saw us."""
    if control.role in {Role.OTHER_TRANSPORT, Role.NEUTRAL_QUERY} and (seen := walk.at(Stage.RESOLVE)):
        return f", {_dns(seen.detail)}"
    body = walk.at(Stage.BODY)
    return f", seen as {body.detail['exit']}" if body and body.detail.get("exit") else ""


# How the rule was chosen.


def _choice(facts: CellFacts, verdict: Verdict, seen: Seen, style: Style) -> Iterator[str]:
    walk = _leading(facts, verdict, seen)
    if walk is None:
        yield from textwrap.wrap(verdict.why, style.width, initial_indent="  ", subsequent_indent="  ")
        return
    *others, winner = tried(walk, seen)
    yield f"  for {walk.check}{f' to {walk.address}' if walk.address else ''}"
    yield from _won(winner, style)
    yield from _came_close(others, style)
    plainly = [one.rule.id for one in others if not one.held]
    listed = f"{len(plainly)} rules before it did not apply at all: {', '.join(plainly)}"
    yield from textwrap.wrap(listed, style.width, initial_indent="  ", subsequent_indent="    ") if plainly else ()


def _leading(facts: CellFacts, verdict: Verdict, seen: Seen) -> Walk | None:
    """The walk whose rule is the verdict's; the last one that failed where several were combined."""
    walks = [walk for attempt in facts.attempts for walk in attempt.walks]
    same = [walk for walk in walks if classify(walk, seen).rule == verdict.rule]
    return next(iter(same), None) or next((walk for walk in reversed(walks) if walk.failure), None)


def _won(winner: Tried, style: Style) -> Iterator[str]:
    yield f"  {style.sign(Claim.USABLE)} {winner.rule.id} holds: {winner.rule.why}"
    for text in winner.held:
        yield from _statement(style.sign(Claim.USABLE), text, style)
    if not winner.held:
        yield from _statement(style.sign(Claim.USABLE), "no other rule holds", style)


def _came_close(others: list[Tried], style: Style) -> Iterator[str]:
    """Rules of which at least one statement held, and the one that did not."""
    close = [one for one in others if one.held]
    if close:
        yield "  Rules before it that came close"
    for one in close:
        yield f"  {style.sign(Claim.BLOCKED)} {one.rule.id}"
        for text in one.held:
            yield from _statement(style.sign(Claim.USABLE), text, style)
        yield from _statement(style.sign(Claim.BLOCKED), f"not shown: {one.missing}", style)


def _statement(sign: str, text: str, style: Style) -> list[str]:
    return textwrap.wrap(text, max(50, style.width), initial_indent=f"      {sign} ", subsequent_indent="        ")
