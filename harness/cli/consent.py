"""`waygauge consent`: what a live run means, and the user's word that it may be made."""

from __future__ import annotations

import argparse
import sys

from harness.vantage import state


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="agree without being asked")
    how.add_argument("--withdraw", action="store_true", help="forget that you agreed")


def run(args: argparse.Namespace) -> int:
    """Ask, and remember the answer. 0 where live runs are agreed to afterwards."""
    if args.withdraw:
        state.withdraw()
        print("Forgotten: --live asks again.")
        return 0
    print(state.CONSENT)
    if not (args.yes or _asked()):
        print("Not agreed: --live stays refused.")
        return 1
    state.consent()
    print("Agreed: --live may run. `waygauge consent --withdraw` takes it back.")
    return 0


def _asked() -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    return input("Do you agree? Write yes: ").strip().lower() == "yes"
