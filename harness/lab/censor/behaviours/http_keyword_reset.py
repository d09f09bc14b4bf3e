"""Forged resets once a keyword is seen in the path or the Host line, for most requests and not for all.

The Great Firewall: about 75 % of the requests; then, for 90 s, 50 to 75 % of all connections between client, server and
port (Rambert 2021, "Chinese Wall or Swiss Cheese?").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.lab.censor import params, reliability
from harness.lab.censor.behaviours import http_reset
from harness.lab.censor.host import Request
from harness.lab.censor.packet import Packet

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

THREE = params.Reset(count=3)
NINETY = params.Residual(seconds=90)
_LATER = 0  # the draw for a flow that a residual finds


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_reset.Params):
    """The keywords, and how surely they are met."""

    names: tuple[params.Name, ...] = ("*",)  # hosts whose requests are looked at
    keywords: tuple[params.Keyword, ...]  # parts of the path or of the Host line, in any case
    hits: params.Share = 0.75  # of the requests with a keyword
    sure_after: int = 0  # such requests of a client at a server, behind which none is missed any more; 0: never so
    residual_hits: params.Share = 0.6  # of the later connections; 50 to 75 % were seen
    reset: params.Reset = THREE
    trigger: http_reset.Trigger = "pass"
    residual: params.Residual | None = NINETY


class KeywordReset(http_reset.HttpReset[Params]):
    """Draws for each request, and for each connection that a residual finds."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._guilty = False

    def meant(self, request: Request) -> bool:
        """True where there is a keyword, and chance lets it be seen."""
        text = f"{unquote(request.path)} {request.name}".lower()
        listed = any(keyword in text for keyword in self.params.keywords)
        if not listed or not super().meant(request):
            return False
        return reliability.answered(self, self.params.hits, self.params.sure_after, self.requests)

    def matched(self, packet: Packet, name: str) -> Packet | None:
        """Condemns the connection, whatever later ones may draw."""
        self._guilty = True
        return super().matched(packet, name)

    def enforce(self, packet: Packet) -> Packet | None:
        """Resets what is guilty itself, and its share of what comes after it."""
        if self._guilty or self.rule.chance(self.flow, _LATER) < self.params.residual_hits:
            return super().enforce(packet)
        return self.see(packet)
