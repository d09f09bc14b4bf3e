"""Verdicts shown: the matrix, what works now, why a verdict came about, and what JUnit keeps."""

from harness.report.sheet import Sheet
from harness.report.style import Style

__all__ = ["Sheet", "Style"]
