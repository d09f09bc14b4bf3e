"""Runs kept: written line by line as cells finish, read again, judged again, merged, and set side by side."""

from harness.history.again import Changed, judge_again
from harness.history.lent import changed, judged
from harness.history.merging import Merged, groups, merge
from harness.history.runfile import Recorded, RunFile, read

__all__ = [
    "Changed",
    "Merged",
    "Recorded",
    "RunFile",
    "changed",
    "groups",
    "judge_again",
    "judged",
    "merge",
    "read",
]
