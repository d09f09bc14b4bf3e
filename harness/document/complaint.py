"""What is wrong with a file, where, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import ScenarioError

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Complaint:
    """One thing wrong at one place of one file; line and column count from 1."""

    file: str
    line: int
    column: int
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.wrong}; {self.remedy}"


class BadFile(ScenarioError):
    """Files that cannot be understood, with every complaint about them in order of place."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


def in_order(complaints: Iterable[Complaint]) -> tuple[Complaint, ...]:
    """Complaints by place, each once."""
    return tuple(sorted(set(complaints)))


def shown(word: str, otherwise: str) -> str:
    """The word in quotes where it is a plain name; what may be a link or a password is not repeated."""
    return f'"{word}"' if _WORD.fullmatch(word) else otherwise


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "paths"?` where a known name is close, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f'did you mean "{close[0]}"?' if close else f"one of {', '.join(names)}"
