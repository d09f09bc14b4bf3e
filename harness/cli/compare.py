"""`waygauge compare`: what changed from one run to another, cell by cell."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

from harness import history
from harness.compare import REGRESSIONS, UNKNOWN, UNREADABLE, WORSE, Change, Comparison, compare, status
from harness.document.complaint import nearest
from harness.history.sides import pairs
from harness.report import changes, changes_for
from harness.report.style import Style

WORDS = {
    UNREADABLE: "the two have no cell in common; compare runs of the same scenario",
    UNKNOWN: "no cell is conclusive in both, so nothing is known; `waygauge explain` says what to declare",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("then", metavar="A", type=pathlib.Path, help="a record, a JUnit file of ours, or a folder")
    parser.add_argument("now", metavar="B", type=pathlib.Path, help="what is compared with it")
    parser.add_argument("--all", action="store_true", help="show what is as before, too")
    parser.add_argument("--format", choices=sorted(FORMATS), default="terminal", help="(default: terminal)")
    default = ",".join(WORSE)
    parser.add_argument(
        "--fail-on", metavar="CHANGE,…", type=kinds, default=WORSE, help=f"exit 1 on these (default: {default})"
    )
    parser.add_argument("--unconfirmed", action="store_true", help="exit 1 on unconfirmed changes of these kinds, too")
    parser.add_argument(
        "--control", metavar="RUN", type=pathlib.Path, help="judge with what this free vantage's record saw as controls"
    )


def run(args: argparse.Namespace) -> int:
    """Print the comparison. 0 as expected, 1 on changes of --fail-on, 2 nothing in common, 3 nothing conclusive."""
    lender = history.read(args.control) if args.control else None
    found = [compare(then, now) for then, now in pairs(args.then, args.now, lender)]
    code = status(found, args.fail_on, unconfirmed=args.unconfirmed)
    if code in (0, REGRESSIONS, UNKNOWN):
        print(FORMATS[args.format](found, args))
    if code in WORDS:
        print(f"waygauge: {WORDS[code]}", file=sys.stderr)
    return code


def kinds(text: str) -> tuple[Change, ...]:
    """The kinds of change that `newly_blocked,degraded` names; `none` names none."""
    words = [word.strip() for word in text.split(",") if word.strip() not in {"", "none"}]
    for word in words:
        if word not in list(Change):
            raise argparse.ArgumentTypeError(f'no change "{word}"; {nearest(word, list(Change))}')
    return tuple(Change(word) for word in words)


def _terminal(found: Sequence[Comparison], args: argparse.Namespace) -> str:
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    style = Style(width=shutil.get_terminal_size().columns, colour=sys.stdout.isatty(), unicode=unicode)
    return changes.render(found, style, everything=args.all)


def _markdown(found: Sequence[Comparison], args: argparse.Namespace) -> str:
    return changes_for.markdown(found, everything=args.all)


def _json(found: Sequence[Comparison], args: argparse.Namespace) -> str:
    return changes_for.plain(found, everything=args.all)


def _github(found: Sequence[Comparison], args: argparse.Namespace) -> str:
    return changes_for.workflow_commands(found, args.fail_on)


FORMATS: Mapping[str, Callable[[Sequence[Comparison], argparse.Namespace], str]] = {
    "terminal": _terminal,
    "markdown": _markdown,
    "json": _json,
    "github": _github,
}
