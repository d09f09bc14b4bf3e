"""1,000 cells in the lab's open world through pytest: seconds, CPU a cell and peak memory of each process.

    python bench/thousand.py [CELLS]

Nothing is reused between cells: each resolves, connects, shakes hands and asks over a connection of its own.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HOSTS = ("news.example.org", "gazette.example.org", "recipes.example.org", "www.example.com", "vk.com", "max.ru")


def scenario(cells: int) -> str:
    """That many targets over one path; `path.up` comes on top."""
    rows = (
        f'  - {{name: t{number}, check: {{http: "https://{HOSTS[number % len(HOSTS)]}/page/{number}"}}}}'
        for number in range(cells)
    )
    controls = "controls: {foreign: [neutral-abroad], domestic: [neutral-home]}"
    return "\n".join(("scenario: thousand", "paths: [direct]", controls, "targets:", *rows, ""))


class Tree:
    """The processes below one, by their command: CPU seconds and peak resident memory, read while they live."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.cpu: dict[int, float] = {}
        self.peak: dict[int, int] = {}
        self.name: dict[int, str] = {}

    def look(self) -> None:
        import psutil

        try:
            family = [psutil.Process(self.root), *psutil.Process(self.root).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in family:
            try:
                times, memory = one.cpu_times(), one.memory_info().rss
                self.name[one.pid] = part(one.cmdline())
            except psutil.Error:
                continue
            self.cpu[one.pid] = times.user + times.system
            self.peak[one.pid] = max(self.peak.get(one.pid, 0), memory)


def part(command: list[str]) -> str:
    """Which part of waygauge a command line is."""
    text = " ".join(command)
    known = (("harness.engine", "engine"), ("harness.lab", "lab"), ("sing-box", "sing-box"))
    return next((name for word, name in known if word in text), "pytest")


def main() -> None:
    """Run once and print a table."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("cells", type=int, nargs="?", default=1000)
    cells = asked.parse_args().cells
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "thousand.reach.yaml").write_text(scenario(cells), encoding="utf-8")
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--world",
            "open",
            "--record",
            "r.jsonl",
        ]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
            tree = watch(run)
            seconds = time.monotonic() - began
            told = run.stdout.read() if run.stdout else ""
    show(cells, seconds, told, tree)


def watch(run: subprocess.Popen[str]) -> Tree:
    """Look at the processes until the run is over."""
    tree = Tree(run.pid)
    while run.poll() is None:
        tree.look()
        time.sleep(0.2)
    return tree


def show(cells: int, seconds: float, told: str, tree: Tree) -> None:
    """The table."""
    ended = re.findall(r"\d+ (?:passed|failed|skipped|error).*", told)
    print(f"{cells} cells in {seconds:.1f} s: {ended[-1] if ended else told[-400:]}")
    print(f"{'part':<10}{'processes':>10}{'CPU ms a cell':>15}{'peak MiB':>10}")
    for name in ("pytest", "engine", "lab", "sing-box"):
        pids = [pid for pid, known in tree.name.items() if known == name]
        cpu = 1000 * sum(tree.cpu[pid] for pid in pids if pid in tree.cpu) / cells
        peak = max((tree.peak.get(pid, 0) for pid in pids), default=0) / 2**20
        print(f"{name:<10}{len(pids):>10}{cpu:>15.2f}{peak:>10.0f}")


if __name__ == "__main__":
    main()
