"""`waygauge expect`: the expectation file that a record fulfils, to be laid over the next run by --expect."""

from __future__ import annotations

import argparse
import pathlib

from harness import history
from harness.model import cell_name
from harness.scenario.expect import expect_text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", type=pathlib.Path, help="the record of a run, run.jsonl")


def run(args: argparse.Namespace) -> int:
    """Print the file."""
    recorded = history.read(args.run)
    known = {cell_name(cell): recorded.verdicts[key] for key, cell in recorded.planned.items() if key in recorded.cells}
    print(expect_text(known), end="")
    return 0
