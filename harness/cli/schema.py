"""`waygauge schema`: the JSON Schema (draft-07) of the files that a user writes."""

from __future__ import annotations

import argparse
import pathlib

import harness

FOLDER = pathlib.Path(harness.__file__).parent / "schema"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    names = sorted(file.name.partition(".")[0] for file in FOLDER.glob("*.v1.json"))
    parser.add_argument("of", nargs="?", default="scenario", choices=names, help="whose schema (default: scenario)")


def run(args: argparse.Namespace) -> int:
    """Print it as it is shipped."""
    print((FOLDER / f"{args.of}.v1.json").read_text(encoding="utf-8"), end="")
    return 0
