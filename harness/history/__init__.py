"""Runs kept: written line by line as cells finish, and read again."""

from harness.history.again import Changed, judge_again
from harness.history.runfile import Recorded, RunFile, read

__all__ = ["Changed", "Recorded", "RunFile", "judge_again", "read"]
