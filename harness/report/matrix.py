"""The matrix: capabilities by paths, each with its claim and the mechanism behind it."""

from __future__ import annotations

import itertools
import string
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.judge import INSUFFICIENT, MECHANISMS
from harness.model import PATH_TARGET, Claim, Verdict
from harness.report.sheet import Sheet
from harness.report.style import LOOKS, WAITING, Style, claim_of, confirmed

PATH_ROW = "the path itself"
_GAP = 2
_WORDS = {
    INSUFFICIENT.id: "what was seen does not settle the matter; `waygauge explain` says what is missing",
    "combine.mixed": "what was seen points in different directions",
    "level.not_shown": "it went through, and showed less than is needed",
    Claim.DOWN: "it fails the same way over a path known good",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One field of the matrix: its text, the claim that colours it, and whether it is certain."""

    text: str = ""
    claim: str = WAITING
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    rows: tuple[str, ...]
    paths: tuple[str, ...]
    boxes: Mapping[tuple[str, str], Box]
    widths: Sequence[int]  # of the boxes, by path
    label: int


def render(sheet: Sheet, style: Style | None = None) -> str:
    """The matrix as text, no wider than the style says wherever that is possible at all; no newline at its end.

    Three layouts, the first that fits: fields in words under the paths' names; fields in words under a staircase of
    names; signs and letters under the staircase, with the layer where it fits, and the letters explained below.
    """
    style = style or Style()
    parts: list[list[str]] = []
    letters: dict[str, str] = {}
    for name in sheet.scenarios:
        one = sheet.only(name)
        lines = _in_words(one, style) or _in_letters(one, letters, style)
        parts.append([style.strong(name), *lines] if len(sheet.scenarios) > 1 else lines)
    return "\n\n".join("\n".join(part) for part in [*parts, list(_legend(sheet, letters, style))] if part)


def _in_words(sheet: Sheet, style: Style) -> list[str]:
    """The matrix in words, empty where it does not fit."""
    table = _table(sheet, _word, style)
    named = [max(len(path), width) for path, width in zip(sheet.paths, table.widths, strict=True)]
    if table.label + sum(named) + _GAP * len(named) <= style.width:
        return [_names(sheet.paths, named, table.label, style), *_body(table, named, style)]
    if len(sheet.paths) > 1 and _across(table) <= style.width:
        return _under_staircase(table, table.widths, style)
    return []


def _in_letters(sheet: Sheet, letters: dict[str, str], style: Style) -> list[str]:
    """A sign and a letter a field, with the layer where it fits; new letters are taken note of."""
    alphabet = _alphabet(len(letters))
    for cell in sheet.cells:
        word = _word(sheet.verdicts.get(cell.key))
        if word not in {"", Claim.USABLE, *letters}:
            letters[word] = next(alphabet)
    table = _table(sheet, lambda verdict: f"{_family(verdict)} {letters.get(_word(verdict), '')}".strip(), style)
    if _across(table) > style.width:
        table = _table(sheet, lambda verdict: letters.get(_word(verdict), ""), style)
    even = [max(table.widths, default=0)] * len(table.widths)
    return _under_staircase(table, even if _across(table, even) <= style.width else table.widths, style)


def _across(table: _Table, widths: Sequence[int] | None = None) -> int:
    """How wide the matrix is, with its boxes that wide or as they are."""
    widths = table.widths if widths is None else widths
    return table.label + sum(widths) + _GAP * len(widths)


def _under_staircase(table: _Table, widths: Sequence[int], style: Style) -> list[str]:
    """The matrix under its paths' names, one a line: to the right of their columns, or left where that is too wide."""
    starts = [table.label + _GAP + sum(widths[:number]) + _GAP * number for number in range(len(widths))]
    if max((start + len(path) for start, path in zip(starts, table.paths, strict=True)), default=0) <= style.width:
        return [*_steps_down(table, widths, style), *_body(table, widths, style)]
    lacking = max(len(path) + 1 - start for start, path in zip(starts, table.paths, strict=True))
    moved = replace(table, label=table.label + max(0, lacking))
    return [*_steps_up(moved, widths, style), *_body(moved, widths, style)]


def _steps_down(table: _Table, widths: Sequence[int], style: Style) -> list[str]:
    """Each name above its column, with a rail down to it."""
    rails = _rails(widths, style)
    steps = ["".join(rails[:number]) + style.strong(path) for number, path in enumerate(table.paths)]
    return [" " * (table.label + _GAP) + step for step in (*steps, "".join(rails).rstrip())]


def _steps_up(table: _Table, widths: Sequence[int], style: Style) -> list[str]:
    """Each name to the left of its column, the last path's first, with a rail down to it."""
    rails, corner = _rails(widths, style), "┐" if style.unicode else "."
    steps = []
    for number, path in reversed(list(enumerate(table.paths))):
        start = table.label + _GAP + sum(map(len, rails[:number]))
        name = " " * (start - len(path) - 1) + style.strong(path)
        steps.append(f"{name} {corner}{rails[number][1:]}{''.join(rails[number + 1 :])}".rstrip())
    return steps


def _rails(widths: Sequence[int], style: Style) -> list[str]:
    return [("│" if style.unicode else "|").ljust(width + _GAP) for width in widths]


def _table(sheet: Sheet, say: Callable[[Verdict | None], str], style: Style) -> _Table:
    rows = tuple(_rows(sheet))
    boxes = {(row, path): _box(sheet, row, path, (say, style)) for row in rows for path in sheet.paths}
    widths = [max([len(boxes[row, path].text) for row in rows], default=0) for path in sheet.paths]
    label = max((len(_label(row)) for row in rows), default=0)
    return _Table(rows=rows, paths=sheet.paths, boxes=boxes, widths=widths, label=label)


def _box(sheet: Sheet, row: str, path: str, how: tuple[Callable[[Verdict | None], str], Style]) -> Box:
    say, style = how
    cell, verdict = sheet.at(row, path)
    if cell is None:
        return Box()
    claim = claim_of(verdict)
    return Box(text=f"{style.sign(claim)} {say(verdict)}".rstrip(), claim=claim, bold=confirmed(verdict))


def _body(table: _Table, widths: Sequence[int], style: Style) -> Iterator[str]:
    yield style.rule(table.label + sum(widths) + _GAP * len(widths))
    for row in table.rows:
        fields = [
            _painted(table.boxes[row, path], width, style) for path, width in zip(table.paths, widths, strict=True)
        ]
        yield (_label(row).ljust(table.label) + "".join(" " * _GAP + field for field in fields)).rstrip()


def _names(paths: Sequence[str], widths: Sequence[int], label: int, style: Style) -> str:
    fields = (path.ljust(width) for path, width in zip(paths, widths, strict=True))
    return style.strong((" " * (label + _GAP) + (" " * _GAP).join(fields)).rstrip())


def _painted(box: Box, width: int, style: Style) -> str:
    padding = " " * (width - len(box.text))
    return (style.paint(box.text, box.claim, bold=box.bold) if box.text else "") + padding


# What fields and rows say.


def _word(verdict: Verdict | None) -> str:
    """What a field says beside its sign: the mechanism where there is one, and how steadily."""
    if verdict is None:
        return ""
    return " ".join(part for part in (verdict.mechanism or _plain(verdict), _shaky(verdict)) if part)


def _family(verdict: Verdict | None) -> str:
    """The layer at which it fails: the first part of the mechanism."""
    return (verdict.mechanism or "").partition(".")[0] if verdict else ""


def _plain(verdict: Verdict) -> str:
    if verdict.claim is Claim.NOT_APPLICABLE:
        return ""
    return verdict.rule if verdict.claim is Claim.INCONCLUSIVE else str(verdict.claim)


def _shaky(verdict: Verdict) -> str:
    """`2/3` where only some tries went through."""
    return verdict.steadiness.partition(" ")[2] or ("residual" if verdict.steadiness == "residual" else "")


def _rows(sheet: Sheet) -> Iterator[str]:
    """Targets in their order, the paths' own first."""
    if any(cell.target.name == PATH_TARGET for cell in sheet.cells):
        yield PATH_TARGET
    yield from sheet.targets


def _label(row: str) -> str:
    return PATH_ROW if row == PATH_TARGET else row


def _alphabet(begin: int) -> Iterator[str]:
    """`a` to `z`, `aa` to `zz`, from that place on."""
    pairs = (first + second for first in string.ascii_lowercase for second in string.ascii_lowercase)
    return itertools.islice(itertools.chain(string.ascii_lowercase, pairs), begin, None)


# The legend.


def _legend(sheet: Sheet, letters: Mapping[str, str], style: Style) -> Iterator[str]:
    """The signs that occur, and what the words of the fields mean, each behind its letter where it has one."""
    yield from _signs(sheet, style)
    named = dict(_meanings(sheet, letters))
    width = max(map(len, named), default=0) + 3
    for name, meaning in named.items():
        room = max(width + 30, style.width)
        yield from textwrap.wrap(meaning, room, initial_indent=name.ljust(width), subsequent_indent=" " * width)


def _signs(sheet: Sheet, style: Style) -> Iterator[str]:
    """The signs that occur, as many a line as fit."""
    claims = {claim_of(sheet.verdicts.get(cell.key)) for cell in sheet.cells}
    shown = {claim: f"{style.sign(claim)} {look.meaning}" for claim, look in LOOKS.items() if claim in claims}
    room = max(map(len, shown.values()), default=0) + 3
    a_line = len(shown) if sum(map(len, shown.values())) + 3 * len(shown) <= style.width else style.width // room or 1
    painted = [
        text.replace(style.sign(claim), style.paint(style.sign(claim), claim), 1) for claim, text in shown.items()
    ]
    for begin in range(0, len(painted), a_line):
        yield "   ".join(painted[begin : begin + a_line])


def _meanings(sheet: Sheet, letters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names of what fields say, and in plain words what each means: in the order of the list, or of the letters."""
    if letters:
        for word, letter in letters.items():
            name, _, tries = word.partition(" ")
            yield f"{letter} {word}", MECHANISMS.get(name) or _tries(tries) or _WORDS.get(name, "")
        return
    found = {sheet.verdicts[cell.key].mechanism for cell in sheet.cells if cell.key in sheet.verdicts}
    yield from ((name, meaning) for name, meaning in MECHANISMS.items() if name in found)


def _tries(tries: str) -> str:
    return f"went through in {tries.replace('/', ' of ')} tries" if "/" in tries else ""
