"""Why a cell has its verdict: what was tried, what it was compared with, and how the rule was chosen."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping

from harness.judge import MECHANISMS, Seen, Tried, classify, seen_of, tried
from harness.judge.quality import measured
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
    Strength,
    Verdict,
    Walk,
)
from harness.report.figures import quality
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
    Role.OTHER_HELLO: "the same address and name by another ClientHello",
    Role.NAME_ELSEWHERE: "the target's name at a neutral host",
    Role.OTHER_TRANSPORT: "the same question to the same resolver, over TCP",
    Role.NEUTRAL_QUERY: "a neutral question to the same resolver",
    Role.PATIENT_QUERY: "the same question to the same resolver, waited for longer",
    Role.EXIT: "where a reflector saw us come from",
    Role.YARDSTICK: "a neutral host asked by the same probe",
    Role.ENCRYPTED: "the same page over TLS",
    Role.IN_THE_CLEAR: "a neutral host in the clear",
    Role.AGAIN: "the same check asked again",
    Role.WITHOUT_PATH: "the same check without the path",
}
_STRENGTHS: Mapping[Strength, str] = {
    Strength.CONFIRMED: "what was seen settles it by itself",
    Strength.LIKELY: "a clear pattern beside good controls",
    Strength.INSUFFICIENT: "too little to say",
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
        ("certainty", f"{verdict.strength}: {_STRENGTHS[verdict.strength]}"),
        ("steadiness", f"{verdict.steadiness}: {_steadiness(verdict)}"),
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
    return _wrapped(text, style, first=f"  {name:<14}", rest=" " * 16)


def _wrapped(text: str, style: Style, *, first: str, rest: str) -> list[str]:
    width = max(50, style.width)
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _steadiness(verdict: Verdict) -> str:
    kind, _, tries = verdict.steadiness.partition(" ")
    told = {"steady": "every try ended so", "residual": "once cut, the address took no more connections for a while"}
    return told.get(kind, f"{tries.replace('/', ' of ')} tries went through")


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
    if seen.stage == Stage.MEDIA:
        return quality(detail)
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
    pinned = ", sent to the address given out here" if "#" in control.id else ""
    named = "" if control.check.startswith(f"{control.role}:") else f": {control.check}"
    yield f"  {_ROLES[control.role]}{named}, over {control.path}{pinned}"
    for walk in control.walks:
        where = f"{walk.address}: " if walk.address else ""
        yield f"      {where}{_end(walk)}{_found(control, walk)}"


def _found(control: Control, walk: Walk) -> str:
    """What a control of names found, or where a reflector saw us."""
    if control.role in {Role.OTHER_TRANSPORT, Role.NEUTRAL_QUERY, Role.PATIENT_QUERY} and (
        seen := walk.at(Stage.RESOLVE)
    ):
        return f", {_dns(seen.detail)}"
    if control.role is Role.YARDSTICK:
        found = quality(measured(walk))
        return f": {found}" if found else ""
    body = walk.at(Stage.BODY)
    return f", seen as {body.detail['exit']}" if body and body.detail.get("exit") else ""


# How the rule was chosen.


def _choice(facts: CellFacts, verdict: Verdict, seen: Seen, style: Style) -> Iterator[str]:
    walk = _leading(facts, verdict, seen)
    if walk is None:
        yield from textwrap.wrap(verdict.why, style.width, initial_indent="  ", subsequent_indent="  ")
        return
    *others, winner = tried(walk, seen)
    spare = 1 if winner.statements else 2  # where nothing holds, it is worth knowing what nearly would have
    close = [one for one in others if one.applies and one.missing <= spare]
    yield f"  for {walk.check}{f' to {walk.address}' if walk.address else ''}"
    yield from _won(winner, style)
    yield from _came_close(close, style)
    yield from _listed([one for one in others if one not in close], style)


def _leading(facts: CellFacts, verdict: Verdict, seen: Seen) -> Walk | None:
    """The walk whose rule is the verdict's; the last one that failed where several were combined."""
    walks = [walk for attempt in facts.attempts for walk in attempt.walks]
    same = [walk for walk in walks if classify(walk, seen).rule == verdict.rule]
    return next(iter(same), None) or next((walk for walk in reversed(walks) if walk.failure), None)


def _won(winner: Tried, style: Style) -> Iterator[str]:
    said = f"{winner.rule.id} holds: {winner.rule.why}" if winner.statements else "no rule holds"
    yield from _wrapped(said, style, first=f"  {style.sign(Claim.USABLE)} ", rest="    ")
    yield from _statements(winner, style)


def _came_close(close: list[Tried], style: Style) -> Iterator[str]:
    """Rules of which nearly all holds, and what does not."""
    if close:
        yield "  Rules tried before that came close"
    for one in close:
        yield f"  {style.sign(Claim.BLOCKED)} {one.rule.id}"
        yield from _statements(one, style)


def _statements(one: Tried, style: Style) -> Iterator[str]:
    for text, held in one.statements:
        sign = style.sign(Claim.USABLE if held else Claim.BLOCKED)
        yield from _wrapped(text if held else f"not shown: {text}", style, first=f"      {sign} ", rest="        ")


def _listed(others: list[Tried], style: Style) -> Iterator[str]:
    """Every other rule that was tried, by family."""
    families: dict[str, list[str]] = {}
    for one in others:
        family, _, name = one.rule.id.partition(".")
        families.setdefault(family, []).append(name)
    if families:
        yield f"  {len(others)} other rules tried before do not apply"
    for family, names in families.items():
        yield from _wrapped(", ".join(names), style, first=f"      {family}: ", rest="        ")
