"""A rule made ready: its parameters as an object, its scope compiled, its watch at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.kinds import load
from harness.lab.censor.draw import draw
from harness.lab.censor.flows import Flow
from harness.lab.censor.hours import Hours
from harness.lab.censor.params import Named, Residual, Telling, known
from harness.lab.censor.scope import Names, Scope
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.censor.traits import Traits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledRule:
    """One rule of a world, the same as itself alone. It never changes: what happens is remembered by flows, by
    residuals, and by the engine's memory.
    """

    index: int
    generation: int
    behaviour: str
    params: Any
    watch: Any  # the class of its watches
    scope: Scope
    names: Names | None
    traits: Traits | None
    residual: Residual | None
    hours: Hours | None  # None means always
    seed: int

    def draws(self, flow: Flow) -> bool:
        """True where chance lets the rule watch this flow; the same flow draws the same in each run."""
        share: float = self.params.probability
        if share >= 1:
            return True
        return self.chance(flow) < share

    def chance(self, flow: Flow, *parts: int) -> float:
        """A number from 0 up to 1 for this rule and flow, and for whatever of the flow the parts name."""
        end = int.from_bytes(flow.far + flow.fport.to_bytes(2, "big") + bytes((flow.proto,)), "big")
        return draw(self.seed, self.index, end, flow.ordinal, *parts)


def compiled(plain: Iterable[Mapping[str, Any]], *, seed: int, generation: int) -> list[CompiledRule]:
    """The rules that were checked and made into plain JSON by their owner."""
    return [_compiled(index, one, seed, generation) for index, one in enumerate(plain)]


def _compiled(index: int, plain: Mapping[str, Any], seed: int, generation: int) -> CompiledRule:
    row = BEHAVIOURS[plain["behaviour"]]
    params = known(plain["params"], load(row.params))
    watch = load(row.build)
    names = Names(params) if isinstance(params, Named) else None
    return CompiledRule(
        index=index,
        generation=generation,
        behaviour=row.name,
        params=params,
        watch=watch,
        scope=Scope(params, watch.PROTOCOLS or getattr(params, "protocols", ())),
        names=names,
        traits=Traits(params, names) if names and isinstance(params, Telling) else None,
        residual=getattr(params, "residual", None),
        hours=Hours(params.hours) if params.hours else None,
        seed=seed,
    )
