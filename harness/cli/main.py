"""Finds the subcommand, runs it, and says what went wrong in one line.

Exits 0 as expected, 1 where something surprised, 2 for usage, 3 where our own apparatus failed or nothing is known.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from harness import __version__
from harness.errors import ApparatusError, HarnessError
from harness.kinds import load

USAGE, BROKEN = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A subcommand: its name, what it gives, and the module with its `arguments` and its `run`."""

    name: str
    summary: str
    module: str


COMMANDS = (
    Command(name="try", summary="the shipped scenario in the lab: which way works there", module="harness.cli.try_out"),
    Command(name="plan", summary="explain a scenario and what it would send; sends nothing", module="harness.cli.plan"),
    Command(name="explain", summary="show how the verdict of one cell was reached", module="harness.cli.explain"),
    Command(name="judge", summary="judge a record again; it must agree", module="harness.cli.judge"),
    Command(name="compare", summary="what changed from one run to another", module="harness.cli.compare"),
    Command(name="merge", summary="make one record of the shards of a run", module="harness.cli.merge"),
    Command(name="expect", summary="write the expectation file that a record fulfils", module="harness.cli.expect"),
    Command(name="schema", summary="print the JSON Schema of a file of ours", module="harness.cli.schema"),
    Command(name="consent", summary="read what a live run means, and agree to it", module="harness.cli.consent"),
    Command(name="echo", summary="an echo on a server of your own, to measure calls to", module="harness.cli.echo"),
    Command(name="lab", summary="worlds: list, show, and run programs inside", module="harness.cli.lab"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    if argv is None:  # the process is ours, and so are its streams
        _fill_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows ASCII alone is told what it can show
    command = next((row for row in COMMANDS if words[:1] == [row.name]), None)
    if command is None:
        _parser().parse_args(words[:1] or ["--help"])
        return USAGE
    try:
        return _run(command, words[1:])
    except HarnessError as exc:
        print(f"waygauge: {exc}", file=sys.stderr)
        return BROKEN if isinstance(exc, ApparatusError) else USAGE
    except KeyboardInterrupt:
        return USAGE
    except BrokenPipeError:
        # Who read our output has seen enough; the interpreter must not try again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        if fault.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        print(f"waygauge: what is to be written finds no room: {fault.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN


def _fill_streams() -> None:
    """Puts nothing where a stream was closed, so that no file of ours is taken for it (open(2) gives the lowest)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays


def _run(command: Command, words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"waygauge {command.name}", description=command.summary)
    load(f"{command.module}:arguments")(parser)
    code: int = load(f"{command.module}:run")(parser.parse_args(words))
    sys.stdout.flush()  # a reader that has gone is met here, and not at exit
    return code


def _parser() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {row.name:<9} {row.summary}" for row in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="waygauge",
        usage="waygauge COMMAND ...",
        description="Which way still works, for what.",
        epilog=f"commands:\n{listing}\n\nScenarios are run by pytest: pytest --world NAME scenarios/",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"waygauge {__version__}")
    parser.add_argument("command", choices=[row.name for row in COMMANDS], help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
