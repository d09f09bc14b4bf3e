"""`waygauge judge`: a record is judged again; the same rules must come to the same verdicts."""

from __future__ import annotations

import argparse
import pathlib

from harness import history


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", type=pathlib.Path, help="the record of a run, run.jsonl")


def run(args: argparse.Namespace) -> int:
    """Print every cell that is judged otherwise. 0 where there is none."""
    recorded = history.read(args.run)
    changed = list(history.judge_again(recorded))
    for change in changed:
        print(change)
    agree = len(recorded.cells) - len(changed)
    cut = "" if recorded.end else "; the run was cut short"
    print(f"{agree} of {len(recorded.cells)} cells are judged as recorded{cut}")
    return 1 if changed else 0
