"""Two runs side by side for others than people at a terminal: Markdown, JSON, and annotations for a CI system."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

from harness.compare import MEANINGS, WORSE, Change, Compared, Comparison, Side, Standing
from harness.model import Json
from harness.report.changes import TITLES, doubt, heading, shown, totals, word

LARGEST = 900 * 1024
"""Bytes of Markdown. A job summary of GitHub holds 1024 KiB a step, and one that is larger is dropped whole."""

ANNOTATIONS = 10
"""Annotations of one step: GitHub shows ten errors and ten warnings, and drops the rest without a word."""

VERSION = 1
"""Of the JSON; raised when a field changes its meaning."""


def markdown(found: Sequence[Comparison], *, everything: bool = False, largest: int = LARGEST) -> str:
    """A table for each comparison. Rows that no longer fit are counted instead of shown, the least bad ones first."""
    fixed = [f"### {_escaped(one.now.name)}\n\n{_notes(one)}\n" for one in found]
    room = largest - sum(len(text.encode()) for text in fixed) - 200 * (len(fixed) + 1)
    parts = []
    for head, comparison in zip(fixed, found, strict=True):
        rows, left, room = _fitting(list(_rows(comparison, everything=everything)), room)
        table = ["| cell | then | now | |", "|---|---|---|---|", *rows] if rows else []
        more = [f"\n… and {left} more changes, in the record and in `waygauge compare`"] if left else []
        parts.append("\n".join([head, *table, *more, ""]))
    return "\n".join(parts)


def plain(found: Sequence[Comparison], *, everything: bool = False) -> str:
    """One JSON object: the comparisons, each with its sides, counts and changes."""
    told = [_plain(one, everything=everything) for one in found]
    return json.dumps({"version": VERSION, "comparisons": told}, ensure_ascii=False, indent=1)


def workflow_commands(found: Sequence[Comparison], fail_on: Collection[Change] = WORSE) -> str:
    """Annotations as workflow commands of GitHub, at most ten: errors for what fails, warnings for what is in doubt.

    Where there are more, the last one says how many.
    """
    news = [(one, comparison.now) for comparison in found for one in comparison.news]
    ranked = sorted(news, key=lambda row: _rank(row[0], fail_on))
    if len(ranked) <= ANNOTATIONS:
        return "\n".join(_annotation(one, side, fail_on) for one, side in ranked)
    first = [_annotation(one, side, fail_on) for one, side in ranked[: ANNOTATIONS - 1]]
    return "\n".join([*first, f"::warning title=more changes::{len(ranked) - len(first)} more, in the summary"])


def _notes(comparison: Comparison) -> str:
    return "\n".join([*(f"- {_escaped(line.strip())}" for line in heading(comparison)), f"- {totals(comparison)}"])


def _rows(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    for change, rows in shown(comparison, everything=everything).items():
        for one in rows:
            now = f"**{word(one.now)}**" if change in WORSE else word(one.now)
            note = doubt(one) or TITLES[change]
            told = f"{TITLES[change]}; {note}" if doubt(one) else note
            yield f"| {_code(one.key)} | {_escaped(word(one.then))} | {_escaped(now)} | {_escaped(told)} |"


def _fitting(rows: list[str], room: int) -> tuple[list[str], int, int]:
    """The rows that fit, how many do not, and the room that is left."""
    for number, row in enumerate(rows):
        room -= len(row.encode()) + 1
        if room < 0:
            return rows[:number], len(rows) - number, 0
    return rows, 0, room


def _code(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").replace("|", "\\|").split()) + "`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _plain(comparison: Comparison, *, everything: bool) -> dict[str, Json]:
    rows = [one for rows in shown(comparison, everything=everything).values() for one in rows]
    return {
        "then": _side(comparison.then),
        "now": _side(comparison.now),
        "shared": comparison.shared,
        "conclusive": comparison.conclusive,
        "counts": {str(change): count for change, count in comparison.counts.items()},
        "changes": [_change(one) for one in rows],
    }


def _side(side: Side) -> dict[str, Json]:
    return {"name": side.name, "about": side.about, "lacks": list(side.lacks)}


def _change(one: Compared) -> dict[str, Json]:
    return {
        "cell": one.key,
        "change": str(one.change),
        "meaning": MEANINGS[one.change],
        "confirmed": one.confirmed,
        "then": _standing(one.then),
        "now": _standing(one.now),
    }


def _standing(standing: Standing | None) -> dict[str, Json] | None:
    """None where the cell was not planned; without a claim where it was not run."""
    if standing is None:
        return None
    verdict = standing.verdict
    if verdict is None:
        return {"claim": None, "tries": 0}
    return {
        "claim": str(verdict.claim),
        "strength": str(verdict.strength),
        "steadiness": verdict.steadiness,
        "mechanism": verdict.mechanism,
        "stage": str(verdict.stage) if verdict.stage else None,
        "rule": verdict.rule,
        "tries": standing.tries,
    }


def _rank(one: Compared, fail_on: Collection[Change]) -> int:
    return ("error", "warning", "notice").index(_weight(one, fail_on))


def _weight(one: Compared, fail_on: Collection[Change]) -> str:
    if one.change in fail_on:
        return "error" if one.confirmed else "warning"
    return "warning" if one.change in WORSE else "notice"


def _annotation(one: Compared, side: Side, fail_on: Collection[Change]) -> str:
    note = doubt(one)
    text = f"{one.key}: {word(one.then)}, now {word(one.now)}{f' ({note})' if note else ''}"
    return f"::{_weight(one, fail_on)} title={_command(f'{TITLES[one.change]} ({side.name})', ':,')}::{_command(text)}"


def _command(text: str, also: str = "") -> str:
    """Text as a workflow command takes it, by percent escapes; in a property `:` and `,` too."""
    for letter in f"%\r\n{also}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
