"""From facts to verdicts. Pure: no sockets, clock, environment or files."""

from harness.judge.controls import Wanted, wanted

__all__ = ["Wanted", "wanted"]
