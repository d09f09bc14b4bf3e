"""Facts first, judgement later: what observes holds no word of opinion, and nothing is left undone."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
OBSERVERS = ("engine", "probes", "dial", "resolve", "wire", "failures.py")
OPINION = re.compile(r"\b(blocked|blocking|censor\w*|throttl\w*|anomal\w*)\b", re.IGNORECASE)
UNDONE = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError")


def texts(*tops: str) -> list[pathlib.Path]:
    found = [ROOT / "harness" / top for top in tops]
    return sorted(file for top in found for file in (top.rglob("*.py") if top.is_dir() else [top]))


@pytest.mark.parametrize("path", texts(*OBSERVERS), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_observes_has_no_opinion(path: pathlib.Path) -> None:
    assert [] == OPINION.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", texts("."), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_undone(path: pathlib.Path) -> None:
    assert [] == UNDONE.findall(path.read_text(encoding="utf-8"))
