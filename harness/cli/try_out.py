"""`waygauge try`: the shipped scenario, through pytest, inside the lab's world of a known censor."""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib

from harness.catalogue import shipped

WORLD = "ru-2026-02"
SCENARIO = "messengers.reach.yaml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--world", default=WORLD, metavar="NAME", help=f"another world than {WORLD}")
    parser.add_argument("--out", default="out", metavar="DIR", type=pathlib.Path, help="where JUnit and record go")
    parser.add_argument("pytest", nargs="*", metavar="-- PYTEST", help="options for pytest, as in -- -k telegram")


def run(args: argparse.Namespace) -> int:
    """Run it; gives pytest's exit status."""
    args.out.mkdir(parents=True, exist_ok=True)
    record = (args.out / "run.jsonl").absolute()
    record.unlink(missing_ok=True)
    _possible()
    told = f"waygauge: the shipped scenario inside the world {args.world}; about 20 s, on a busy machine a minute"
    print(told, flush=True)
    code = _pytest([*_arguments(args, record), *args.pytest])
    print(f"\n{args.out / 'junit.xml'} and {args.out / 'run.jsonl'} are left for you")
    return code


def _arguments(args: argparse.Namespace, record: pathlib.Path) -> list[str]:
    scenarios = shipped()
    expectation = scenarios / "expect" / f"{args.world}.yaml"
    return [
        str(scenarios / SCENARIO),
        f"--rootdir={scenarios}",
        f"--config-file={os.devnull}",  # whoever tries us may stand in a project with options of its own
        *("-p", "no:cacheprovider", "-v"),
        "--assert=plain",  # we are imported already, and there is no test of ours to rewrite
        *("--world", args.world),
        *(["--expect", str(expectation)] if expectation.exists() else []),
        *("--record", str(record)),
        f"--junitxml={(args.out / 'junit.xml').absolute()}",
    ]


def _possible() -> None:
    """Say in one line, before anything else, what this machine lacks. Raises ApparatusError."""
    from harness.lab import detect
    from harness.lab.tiers import Missing, Unavailable

    found = detect()
    if isinstance(found, Missing):
        raise Unavailable(found)


def _pytest(words: list[str]) -> int:
    """Run pytest in this process: whatever ends us, by a signal too, ends it and leaves nothing behind."""
    import pytest

    here = pathlib.Path.cwd()
    # From a checkout the scenario is called as it stands there, from elsewhere by its name alone.
    with contextlib.chdir(here if shipped().is_relative_to(here) else shipped()):
        return int(pytest.main(words))
