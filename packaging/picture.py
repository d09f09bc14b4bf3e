"""Draw the matrix and the advice of a record as docs/matrix.svg: `python packaging/picture.py out/run.jsonl`."""

import html
import pathlib
import re
import sys
import textwrap
from collections.abc import Iterator

from harness.history.runfile import read
from harness.report import advice, matrix
from harness.report.sheet import Sheet
from harness.report.style import Style

WIDE, HIGH, EDGE, COLUMNS = 8.43, 19, 20, 112
INK = {"31": "#ff7b72", "32": "#56d364", "33": "#e3b341", "35": "#d2a8ff", "36": "#79c0ff", "2": "#8b949e"}
PIECE = re.compile(r"(?:\x1b\[([0-9;]*)m)?([^\x1b]*)(?:\x1b\[0m)?")


def pieces(line: str) -> Iterator[str]:
    """The line as SVG text spans, each at its own column: a viewer's font may be narrower than ours."""
    column = 0
    for codes, text in PIECE.findall(line):
        words = codes.split(";")
        ink = next((INK[word] for word in words if word in INK), "#e6edf3")
        weight = ' font-weight="bold"' if "1" in words else ""
        for found in re.finditer(r"\S+(?: \S+)*", text):
            x = EDGE + (column + found.start()) * WIDE
            length = f'textLength="{len(found[0]) * WIDE:.1f}"'
            yield f'<tspan x="{x:.1f}" {length} fill="{ink}"{weight}>{html.escape(found[0])}</tspan>'
        column += len(text)


def svg(lines: list[str]) -> str:
    """The picture, as wide as a page and as high as it must be."""
    width, height = 2 * EDGE + COLUMNS * WIDE, 2 * EDGE + len(lines) * HIGH
    rows = (
        f'<text y="{EDGE + (number + 0.75) * HIGH:.0f}">{"".join(pieces(line))}</text>'
        for number, line in enumerate(lines)
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            "<title>Which way works: services and capabilities down, paths across</title>",
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#0d1117"/>',
            '<g font-family="ui-monospace, \'DejaVu Sans Mono\', Menlo, Consolas, monospace" font-size="14">',
            *rows,
            "</g></svg>\n",
        )
    )


def main() -> None:
    """Read the record, write the picture."""
    recorded = read(pathlib.Path(sys.argv[1]))
    sheet = Sheet.of(recorded.planned.values(), recorded.verdicts)
    style = Style(width=COLUMNS, colour=True)
    told = [part for line in advice.lines(sheet) for part in textwrap.wrap(line, COLUMNS, subsequent_indent="    ")]
    lines = ["\x1b[2m$ make try\x1b[0m", "", *matrix.render(sheet, style).splitlines(), "", *told]
    pathlib.Path(__file__).parents[1].joinpath("docs", "matrix.svg").write_text(svg(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
