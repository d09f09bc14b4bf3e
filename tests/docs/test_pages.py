"""Every example in the pages runs as it stands there.

A page marks a fenced block with a comment on the line before it: `<!-- file: NAME -->` puts the block into a file,
`<!-- run -->` or `<!-- run: exit 1 -->` runs its lines, each begun with `$ `. The lines that follow a command up to the
next one must be found in what it printed, in order; `…` stands for anything. A page's blocks share one folder.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.docs import tables

ROOT = pathlib.Path(__file__).parents[2]
BLOCK = re.compile(r"^<!-- (file|run):? ?([^>]*?) ?-->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclasses.dataclass(frozen=True)
class Command:
    line: str
    exit: int
    shows: tuple[str, ...]


def commands(text: str, status: int) -> Iterator[Command]:
    """The commands of a block, each with what the page says that it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(line, status, tuple(piece.strip() for piece in shown.splitlines() if piece.strip()))


def missing(shows: tuple[str, ...], printed: str) -> list[str]:
    """What the page shows and the command did not print, in this order; runs of blanks count as one."""
    at, lost = 0, []
    printed = " ".join(printed.split())
    for shown in shows:
        pattern = ".*?".join(re.escape(" ".join(piece.split())) for piece in shown.split("…"))
        if found := re.compile(pattern).search(printed, at):
            at = found.end()
        else:
            lost.append(shown)
    return lost


def run(command: Command, folder: pathlib.Path) -> None:
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command.line, shell=True, cwd=folder, env={**os.environ, "PATH": path, "COLUMNS": "120"},
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    printed = done.stdout + done.stderr

    assert command.exit == done.returncode, printed
    assert [] == missing(command.shows, printed), printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_what_happens(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for kind, argument, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "file":
            (tmp_path / argument).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / argument).write_text(text, encoding="utf-8")
            continue
        status = int(argument.removeprefix("exit") or 0)
        for command in commands(text, status):
            run(command, tmp_path)


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [] == [page.name for page in PAGES[1:] if f"docs/{page.name}" not in readme]


def test_no_link_between_pages_is_dead() -> None:
    pages = [*PAGES, ROOT / "CONTRIBUTING.md"]
    links = [(page, link) for page in pages for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())]

    assert [] == [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", tables.TABLES)
def test_a_table_in_a_page_is_the_one_in_the_code(page: str) -> None:
    assert tables.written(page) == (ROOT / page).read_text(encoding="utf-8")
