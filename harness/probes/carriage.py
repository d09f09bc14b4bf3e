"""What a path is able to carry: where names are resolved on it, and whether datagrams come through.

It is the part of a path's own cell that proves no target: it shows E1 at most, and its failure is no fault of the path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Level, Stage
from harness.probes import stun
from harness.probes.route import Route


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """A `path` stage that says where names are resolved, then one question to a STUN server. E1 by its answer."""
    with tape.stage(Stage.PATH) as note:
        note.detail.update(names=_names(route), hops=[hop.kind for hop in route.open_path.path.hops])
    inner = replace(tape)
    await stun.run(params, route, inner, until)
    tape.reached(Level.E1)


def _names(route: Route) -> str:
    """`server` where the last hop resolves, `through` where our resolver is asked by way of the hops, else `here`."""
    if route.open_path.remote_names:
        return "server"
    return "through" if route.open_path.path.lookup == "hops" else "here"
