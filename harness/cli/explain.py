"""`waygauge explain`: how the verdict of one cell was reached: walks, controls, rules tried, and why one held."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
from collections.abc import Iterable

from harness import history
from harness.document.complaint import nearest
from harness.errors import ScenarioError
from harness.report import explain
from harness.report.style import Style

LAST = pathlib.Path("out/run.jsonl")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("cell", metavar="CELL", help='its key or its name: "whatsapp.messaging[direct]"')
    parser.add_argument("--run", metavar="RUN", type=pathlib.Path, default=LAST, help=f"the record (default: {LAST})")


def run(args: argparse.Namespace) -> int:
    """Print the story of the cell."""
    recorded = history.read(args.run)
    key = find(args.cell, recorded.cells)
    line = recorded.cells[key]
    style = Style(width=shutil.get_terminal_size().columns, colour=sys.stdout.isatty(), unicode=_unicode())
    print(explain.render(recorded.planned[key], line.facts, line.verdict, style))
    return 0


def find(asked: str, keys: Iterable[str]) -> str:
    """The key that was asked for, whole or without its scenario. Raises ScenarioError with the nearest one."""
    keys = list(keys)
    for key in keys:
        if asked in {key, key.partition(":")[2]}:
            return key
    names = [key.partition(":")[2] for key in keys]
    raise ScenarioError(f'no finished cell "{asked}" in this record; {nearest(asked, names)}')


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
