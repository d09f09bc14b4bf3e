"""What the plugin costs: bare pytest and pytest with the plugin side by side, as ratios. A script, never a test.

    python bench/plugin_cost.py [ROUNDS]

Three projects: one without any scenario (what every other project in the environment pays), 1,000 collected cells
that are all skipped, and the same number of Python tests that are skipped. Times are CPU seconds (user and system) of
whole processes, medians of rounds that alternate between the two, so that a busy machine slows both alike.
"""

from __future__ import annotations

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

CELLS = 1000
PLUGIN = "harness.plugin.hooks"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        empty, cells, tests = (pathlib.Path(folder) / name for name in ("empty", "cells", "tests"))
        write(empty / "test_one.py", "def test_one(): pass\n")
        write(cells / "many.reach.yaml", scenario(CELLS))
        write(tests / "test_many.py", python_tests(CELLS))
        print(f"medians of {rounds} rounds, CPU time of whole processes")
        compare("a project without scenarios", (empty, False), (empty, True), rounds)
        compare(f"{CELLS} skipped cells against {CELLS} skipped tests", (tests, False), (cells, True), rounds)


def write(file: pathlib.Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")


def scenario(count: int) -> str:
    """A scenario of so many cells, one path's own among them."""
    targets = "\n".join(
        f"  - {{name: t{number}, check: {{tcp: {{host: 127.0.0.1, port: 1}}}}}}" for number in range(count - 1)
    )
    return f"scenario: many\ntargets:\n{targets}\npaths: [direct]\n"


def python_tests(count: int) -> str:
    return f"import pytest\n\n@pytest.mark.skip\n@pytest.mark.parametrize('n', range({count}))\ndef test_n(n): pass\n"


def spent(folder: pathlib.Path, plugin: bool) -> float:
    """The CPU seconds of one pytest in a folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN if plugin else "no:waygauge"],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(what: str, bare: tuple[pathlib.Path, bool], ours: tuple[pathlib.Path, bool], rounds: int) -> None:
    pairs = [(spent(*bare), spent(*ours)) for _ in range(rounds + 1)][1:]  # the first round warms the caches
    less, more = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    print(f"{what}: {less:.0f} ms bare, {more:.0f} ms with it: {more - less:+.0f} ms, {more / less:.2f} x")


if __name__ == "__main__":
    main()
