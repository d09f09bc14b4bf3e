"""A small internet with a censor in the middle: real kernel stacks in namespaces, by an ordinary user's rights.

with open_lab(load_world("sni_reset")) as lab:
    lab.popen(["curl", "https://example.org/"]).wait(timeout=10)
    print(lab.log())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.lab.events import Event, Flow
    from harness.lab.opened import Lab, open_lab
    from harness.lab.program import LabProcess
    from harness.lab.tiers import Missing, Tier, Unavailable, detect
    from harness.lab.world import Hops, Host, Link, Rule, Service, World, load_world, worlds

__all__ = [
    "Event",
    "Flow",
    "Hops",
    "Host",
    "Lab",
    "LabProcess",
    "Link",
    "Missing",
    "Rule",
    "Service",
    "Tier",
    "Unavailable",
    "World",
    "detect",
    "load_world",
    "open_lab",
    "worlds",
]

_WHERE = {
    "events": ("Event", "Flow"),
    "opened": ("Lab", "open_lab"),
    "program": ("LabProcess",),
    "tiers": ("Missing", "Tier", "Unavailable", "detect"),
    "world": ("Hops", "Host", "Link", "Rule", "Service", "World", "load_world", "worlds"),
}


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for: the lab's own processes start without most of them."""
    for module, names in _WHERE.items():
        if name in names:
            return getattr(importlib.import_module(f"harness.lab.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
