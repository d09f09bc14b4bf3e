"""The matrix: capabilities by paths, each with its claim and the mechanism behind it."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.judge import MECHANISMS
from harness.model import PATH_TARGET, Claim, Verdict
from harness.report.sheet import Sheet
from harness.report.style import LOOKS, WAITING, Style, claim_of, confirmed

PATH_ROW = "the path itself"
_GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One field of the matrix: its text, the claim that colours it, and whether it is certain."""

    text: str = ""
    claim: str = WAITING
    bold: bool = False


def render(sheet: Sheet, style: Style | None = None) -> str:
    """The matrix as text, no wider than the style says wherever that is possible at all; no newline at its end."""
    style = style or Style()
    parts = [_scenario(sheet.only(name), style, titled=len(sheet.scenarios) > 1) for name in sheet.scenarios]
    return "\n\n".join(["\n".join(part) for part in parts] + ["\n".join(_legend(sheet, style))])


def _scenario(sheet: Sheet, style: Style, *, titled: bool) -> list[str]:
    lines = [style.strong(sheet.scenarios[0])] if titled else []
    wide = _wide(sheet, style)
    fits = max((_visible(line, style) for line in wide), default=0) <= style.width
    return lines + (wide if fits else _narrow(sheet, style))


def _visible(line: str, style: Style) -> int:
    return len(line) if not style.colour else len(_uncoloured(line))


def _uncoloured(line: str) -> str:
    return "".join(part.partition("m")[2] if number else part for number, part in enumerate(line.split("\x1b[")))


# Wide: every field says its mechanism.


def _wide(sheet: Sheet, style: Style) -> list[str]:
    paths, rows = sheet.paths, list(_rows(sheet))
    boxes = {(row, path): _box(sheet, row, path, style) for row in rows for path in paths}
    widths = [max(len(path), *(len(boxes[row, path].text) for row in rows)) for path in paths]
    label = _label_width(rows)
    head = " " * label + "".join(" " * _GAP + path.ljust(width) for path, width in zip(paths, widths, strict=True))
    line = style.rule(label + sum(widths) + _GAP * len(widths))
    body = []
    for row in rows:
        fields = [_painted(boxes[row, path], width, style) for path, width in zip(paths, widths, strict=True)]
        body.append((_label(row).ljust(label) + "".join(" " * _GAP + field for field in fields)).rstrip())
    return [style.strong(head.rstrip()), line, *body]


def _box(sheet: Sheet, row: str, path: str, style: Style) -> Box:
    cell, verdict = sheet.at(row, path)
    if cell is None:
        return Box()
    claim = claim_of(verdict)
    return Box(text=f"{style.sign(claim)} {_word(verdict)}".rstrip(), claim=claim, bold=confirmed(verdict))


def _word(verdict: Verdict | None) -> str:
    """What a field says beside its sign: the mechanism where there is one, and how steadily."""
    if verdict is None:
        return ""
    name = (verdict.mechanism or _plain(verdict)).removeprefix("path.")
    return " ".join(part for part in (name, _shaky(verdict)) if part)


def _plain(verdict: Verdict) -> str:
    if verdict.claim is Claim.NOT_APPLICABLE:
        return ""
    return verdict.rule if verdict.claim is Claim.INCONCLUSIVE else str(verdict.claim)


def _shaky(verdict: Verdict) -> str:
    """`2/3` where only some tries went through."""
    return verdict.steadiness.partition(" ")[2] or ("residual" if verdict.steadiness == "residual" else "")


# Narrow: a sign and a letter a field, explained below; the paths' names stand on a staircase.


def _narrow(sheet: Sheet, style: Style) -> list[str]:
    paths, rows = sheet.paths, list(_rows(sheet))
    letters = _letters(sheet)
    width = max((len(_short(sheet, row, path, letters, style)) for row in rows for path in paths), default=1) + 1
    label = _label_width(rows)
    body = []
    for row in rows:
        fields = []
        for path in paths:
            _, verdict = sheet.at(row, path)
            box = Box(text=_short(sheet, row, path, letters, style), claim=claim_of(verdict), bold=confirmed(verdict))
            fields.append(_painted(box, width, style))
        body.append((_label(row).ljust(label) + " " * _GAP + "".join(fields)).rstrip())
    steps = [" " * (label + _GAP) + step for step in _staircase(paths, width, style)]
    return [*steps, style.rule(label + _GAP + width * len(paths)), *body, "", *_notes(letters, style)]


def _staircase(paths: Sequence[str], width: int, style: Style) -> list[str]:
    """Each path's name above its column, one a line, with a rail down to the column."""
    rail = ("│" if style.unicode else "|").ljust(width)
    return [rail * number + path for number, path in enumerate(paths)] + [(rail * len(paths)).rstrip()]


def _short(sheet: Sheet, row: str, path: str, letters: dict[str, str], style: Style) -> str:
    cell, verdict = sheet.at(row, path)
    if cell is None:
        return ""
    return style.sign(claim_of(verdict)) + letters.get(_word(verdict), "")


def _letters(sheet: Sheet) -> dict[str, str]:
    """A letter for each thing that fields say beside a plain `usable`."""
    words = [_word(sheet.verdicts.get(cell.key)) for cell in sheet.cells]
    named = [word for word in dict.fromkeys(words) if word and word != Claim.USABLE]
    return dict(zip(named, _alphabet(), strict=False))


def _alphabet() -> Iterator[str]:
    yield from string.ascii_lowercase
    for first in string.ascii_lowercase:
        yield from (first + second for second in string.ascii_lowercase)


def _notes(letters: dict[str, str], style: Style) -> list[str]:
    """What the letters stand for, in as many columns as fit."""
    notes = [f"{letter} {word}" for word, letter in letters.items()]
    if not notes:
        return []
    width = max(map(len, notes)) + 3
    count = max(1, (style.width - 2) // width)
    depth = -(-len(notes) // count)
    return [("  " + "".join(note.ljust(width) for note in notes[row::depth])).rstrip() for row in range(depth)]


# Both.


def _rows(sheet: Sheet) -> Iterator[str]:
    """Targets in their order, the paths' own first."""
    if any(cell.target.name == PATH_TARGET for cell in sheet.cells):
        yield PATH_TARGET
    yield from sheet.targets


def _label(row: str) -> str:
    return PATH_ROW if row == PATH_TARGET else row


def _label_width(rows: Sequence[str]) -> int:
    return max((len(_label(row)) for row in rows), default=0)


def _painted(box: Box, width: int, style: Style) -> str:
    padded = box.text.ljust(width)
    return style.paint(box.text, box.claim, bold=box.bold) + padded[len(box.text) :] if box.text else padded


def _legend(sheet: Sheet, style: Style) -> Iterator[str]:
    """The signs that occur, and what each mechanism that occurs means."""
    claims = {claim_of(sheet.verdicts.get(cell.key)) for cell in sheet.cells}
    signs = [
        f"{style.paint(style.sign(claim), claim)} {look.meaning}" for claim, look in LOOKS.items() if claim in claims
    ]
    yield "   ".join(signs)
    found = {verdict.mechanism for verdict in sheet.verdicts.values() if verdict.mechanism}
    names = [name for name in MECHANISMS if name in found]
    width = max(map(len, names), default=0) + 3
    for name in names:
        text = textwrap.fill(MECHANISMS[name], max(40, style.width - width), subsequent_indent=" " * width)
        yield f"{name.ljust(width)}{text}"
