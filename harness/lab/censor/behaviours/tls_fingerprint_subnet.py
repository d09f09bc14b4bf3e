"""Parallel handshakes of one fingerprint, into one suspicious prefix, under one name: all vanish from the last on.

RU since 2026-05-22, Siberia first: four are enough for a hello like Chrome's; a new name starts anew, no name never
triggers, and another client's hello passes to the same server (hyperion-cs/dpi-checkers, `webhost`; XTLS/Xray-core
issues 6181 and 6293). For how long is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import crowd, fingerprint, params
from harness.lab.censor.hello import Hello
from harness.lab.censor.scope import Prefixes

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(crowd.Params):
    """How many handshakes bring it about; the prefixes, and the fingerprints where not all are meant."""

    prefixes: tuple[params.Prefix, ...]
    connections: int = 4  # the last of these is the first that vanishes
    cooldown: params.Seconds = 600.0


class FingerprintSubnet(crowd.CrowdWatch[Params]):
    """Counts by prefix, fingerprint and name."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._subnet = next(one for one in self.params.prefixes if flow.far in Prefixes((one,)))

    def meant(self, hello: Hello) -> bool:
        """True where the flow is one too many; a hello is counted once it is whole, for a part has another print."""
        return hello.whole and super().meant(hello)

    @property
    def passing(self) -> int:
        """All but the last."""
        return self.params.connections - 1

    def kind(self, hello: Hello) -> bytes:
        """Who, into which prefix, as which client, and under which name."""
        return self.flow.client + f"{self._subnet} {fingerprint.ja4(hello)} {hello.name}".encode()
