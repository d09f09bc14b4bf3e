"""`waygauge judge`: a record is judged again; the same rules must come to the same verdicts."""

from __future__ import annotations

import argparse
import pathlib

from harness import history
from harness.history import Recorded


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", type=pathlib.Path, help="the record of a run, run.jsonl")
    parser.add_argument(
        "--control", metavar="RUN", type=pathlib.Path, help="with what this free vantage's record saw as controls"
    )


def run(args: argparse.Namespace) -> int:
    """Print every cell that is judged otherwise. 0 where there is none; with --control that is what was asked for."""
    recorded = history.read(args.run)
    if args.control:
        return _with_controls(recorded, history.read(args.control))
    changed = list(history.judge_again(recorded))
    for change in changed:
        print(change)
    agree = len(recorded.cells) - len(changed)
    cut = "" if recorded.end else "; the run was cut short"
    print(f"{agree} of {len(recorded.cells)} cells are judged as recorded{cut}")
    return 1 if changed else 0


def _with_controls(recorded: Recorded, lender: Recorded) -> int:
    changed = list(history.changed(recorded, history.judged(recorded, lender)))
    for one in changed:
        print(f"{one.key}: {one.recorded.claim} by {one.recorded.rule}; now {one.now.claim} by {one.now.rule}")
    apart = abs(recorded.run.started - lender.run.started) / 3600
    name = lender.run.vantage.name
    print(f"{len(changed)} of {len(recorded.cells)} cells are judged otherwise with {name}, {apart:.1f} h apart")
    return 0
