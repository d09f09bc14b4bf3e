"""`waygauge plan`: what a scenario would measure, whom it would contact and which files it rests on. Sends nothing."""

from __future__ import annotations

import argparse
import os
import pathlib
from collections.abc import Iterator

from harness import catalogue
from harness.catalogue import Loaded
from harness.model import Target, cell_name
from harness.redact import Redactor
from harness.vantage import state
from harness.vantage.cost import cost, lines
from harness.vantage.place import overlay


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", type=pathlib.Path, help="a scenario, *.reach.yaml")
    parser.add_argument("--world", metavar="NAME", help="as it would run in this world of the lab")
    parser.add_argument("--expect", metavar="FILE", type=pathlib.Path, help="with this expectation file laid over it")
    parser.add_argument("--record-addresses", action="store_true", help="show private hosts instead of pseudonyms")


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    world = overlay(args.world) if args.world else None
    root = pathlib.Path.cwd()
    loaded = catalogue.read(args.file.absolute(), root=root, env=os.environ, world=world, expect=args.expect)
    redactor = Redactor(loaded.secrets, loaded.private, state.key(args.world), record_addresses=args.record_addresses)
    print(redactor.text("\n".join(_description(loaded))))
    return 0


def _description(loaded: Loaded) -> Iterator[str]:
    plan = loaded.plan
    yield f"scenario   {plan.scenario} ({loaded.file})"
    for number, line in enumerate(lines(cost([plan]))):
        yield f"{'cost' if number == 0 else '':<10} {line}"
    retry = plan.retry
    yield f"retry      {retry.attempts} attempts, {retry.wait_min:g} to {retry.wait_max:g} s apart"
    yield "cells"
    for target in {cell.target.name: cell.target for cell in plan.cells}.values():
        yield f"  {_target(target)}"
        yield from (f"    {line}" for line in _cells(loaded, target))
    yield "files"
    yield from (f"  {used.what:<28} {used.file}" for used in loaded.used)


def _target(target: Target) -> str:
    """A target with what proves it: `telegram.messaging, 2 of 5 at E3: dc1 (mtproto), …`."""
    checks = ", ".join(f"{check.name} ({check.probe})" for check in target.checks)
    return f"{target.name}, {target.quorum} of {len(target.checks)} at {target.needs.name}: {checks}"


def _cells(loaded: Loaded, target: Target) -> Iterator[str]:
    for cell in loaded.plan.cells:
        if cell.target is target:
            expected = " or ".join(sorted(loaded.expectations.of(cell_name(cell))))
            told = f"not applicable: {cell.not_applicable}" if cell.not_applicable else f"expects {expected}"
            yield f"{cell_name(cell):<44} {told}"
