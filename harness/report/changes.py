"""Two runs side by side, as text for a terminal: the worst change first, what is as before only on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.compare import MEANINGS, Change, Compared, Comparison, Standing
from harness.report.style import WAITING, Style

TITLES: Mapping[Change, str] = {change: change.replace("_", " ") for change in Change} | {Change.SAME: "as before"}


def render(found: Sequence[Comparison], style: Style | None = None, *, everything: bool = False) -> str:
    """The comparisons as text; no newline at its end."""
    style = style or Style()
    return "\n\n".join("\n".join(_one(comparison, style, everything=everything)) for comparison in found)


def shown(comparison: Comparison, *, everything: bool) -> dict[Change, list[Compared]]:
    """The cells to show, by kind of change, the worst first."""
    kinds: dict[Change, list[Compared]] = {}
    for one in comparison.cells if everything else comparison.news:
        kinds.setdefault(one.change, []).append(one)
    return kinds


def word(standing: Standing | None) -> str:
    """What a run says of a cell: `blocked: tls.reset_on_sni`, `usable 2/3`, `not run`, `not planned`."""
    if standing is None:
        return "not planned"
    if standing.verdict is None:
        return "not run"
    verdict = standing.verdict
    what = f"{verdict.claim}: {verdict.mechanism}" if verdict.mechanism else verdict.claim.replace("_", " ")
    shaky = verdict.steadiness.partition(" ")[2] or verdict.steadiness.replace("steady", "")
    return f"{what} {shaky}".rstrip()


def doubt(one: Compared) -> str:
    """Why a change is not confirmed, empty where it is."""
    if one.confirmed:
        return ""
    weak = [name for name, side in (("then", one.then), ("now", one.now)) if side and not side.firm]
    return f"unconfirmed, {' and '.join(_tries(name, one) for name in weak)}"


def totals(comparison: Comparison) -> str:
    """`8 cells in both; 3 newly blocked, 5 as before`."""
    counts = comparison.counts
    told = [f"{counts[change]} {TITLES[change]}" for change in Change if counts.get(change) and change != Change.SAME]
    same = counts.get(Change.SAME, 0)
    return f"{_cells(comparison.shared)} in both; {', '.join([*told, f'{same} as before'])}"


def heading(comparison: Comparison) -> Iterator[str]:
    """What is compared with what, and what either cannot say."""
    sides = (("then", comparison.then), ("now", comparison.now))
    for name, side in sides:
        yield f"{name:<5} {side.name}{f' ({side.about})' if side.about else ''}"
        yield from (f"      {lack}" for lack in side.lacks)


def _one(comparison: Comparison, style: Style, *, everything: bool) -> Iterator[str]:
    yield from heading(comparison)
    kinds = shown(comparison, everything=everything)
    width = max((len(one.key) for rows in kinds.values() for one in rows), default=0)
    for change, rows in kinds.items():
        yield ""
        yield f"{style.strong(TITLES[change])}: {MEANINGS[change]}"
        yield from (f"  {_row(one, width, style)}" for one in rows)
    yield ""
    yield totals(comparison)


def _row(one: Compared, width: int, style: Style) -> str:
    arrow = "→" if style.unicode else "->"
    now = style.paint(f"{_sign(one.now, style)} {word(one.now)}", _claim(one.now))
    note = doubt(one)
    told = now if one.change is Change.SAME else f"{word(one.then)} {arrow} {now}"
    return f"{one.key:<{width}}  {told}{f' ({note})' if note else ''}"


def _sign(standing: Standing | None, style: Style) -> str:
    return style.sign(_claim(standing))


def _claim(standing: Standing | None) -> str:
    return (standing.claim if standing else None) or WAITING


def _tries(name: str, one: Compared) -> str:
    """`now by 1 try`, `then by 2/3 tries`."""
    side = one.then if name == "then" else one.now
    assert side is not None
    through = side.verdict.steadiness.partition(" ")[2] if side.verdict else ""
    amount = through or str(side.tries)
    return f"{name} by {amount} {'try' if amount == '1' else 'tries'}"


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"
