"""The tables that the pages take from the code; `python -m tests.docs.tables` writes them anew."""

import pathlib
import re
from collections.abc import Iterator

from harness.compare import MEANINGS
from harness.judge.mechanisms import MECHANISMS
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.events import ACTIONS

ROOT = pathlib.Path(__file__).parents[2]


def mechanisms() -> Iterator[str]:
    yield from ("| mechanism | what it says |", "|---|---|")
    yield from (f"| `{name}` | {text} |" for name, text in MECHANISMS.items())


def behaviours() -> Iterator[str]:
    yield from ("| behaviour | what it does |", "|---|---|")
    yield from (f"| `{row.name}` | {row.summary} |" for row in BEHAVIOURS)


def actions() -> Iterator[str]:
    yield from ("| action | what the censor did |", "|---|---|")
    yield from (f"| `{action}` | {text} |" for action, text in ACTIONS.items())


def changes() -> Iterator[str]:
    yield from ("| change | what became of the cell |", "|---|---|")
    yield from (f"| `{change}` | {text} |" for change, text in MEANINGS.items())


TABLES = {
    "docs/verdicts.md": ("mechanisms", mechanisms),
    "docs/lab.md": ("behaviours", behaviours),
    "docs/inside.md": ("actions", actions),
    "docs/compare.md": ("changes", changes),
}


def written(page: str) -> str:
    """The page's text with its table as the code has it now."""
    name, rows = TABLES[page]
    whole = f"<!-- {name} -->\n" + "\n".join(rows()) + f"\n<!-- end of {name} -->"
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.sub(rf"<!-- {name} -->(.*<!-- end of {name} -->)?", lambda _: whole, text, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    for page in TABLES:
        (ROOT / page).write_text(written(page), encoding="utf-8")
