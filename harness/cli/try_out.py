"""`waygauge try`: the shipped scenario, through pytest, inside the lab's world of a known censor."""

from __future__ import annotations

import argparse
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
    import pytest

    args.out.mkdir(parents=True, exist_ok=True)
    record = (args.out / "run.jsonl").absolute()
    record.unlink(missing_ok=True)
    _possible()
    code = pytest.main([*_arguments(args, record), *args.pytest])
    print(f"\n{_shown(args.out / 'junit.xml')} and {_shown(record)} are left for you")
    return int(code)


def _arguments(args: argparse.Namespace, record: pathlib.Path) -> list[str]:
    scenarios = shipped()
    expectation = scenarios / "expect" / f"{args.world}.yaml"
    return [
        str(scenarios / SCENARIO),
        f"--rootdir={scenarios}",
        f"--config-file={os.devnull}",  # whoever tries us may stand in a project with options of its own
        *("-p", "no:cacheprovider", "-v"),
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


def _shown(file: pathlib.Path) -> str:
    return os.path.relpath(file)
