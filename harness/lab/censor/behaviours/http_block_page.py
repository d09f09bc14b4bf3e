"""A forged HTTP answer in place of the page, by the name in the Host line.

Pages at 200 (Raman 2020), redirects at 302 (RU providers), 403 with an iframe (IR, Tai 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.lab.censor import forge, host, params
from harness.lab.censor.packet import CLIENT, Packet
from harness.lab.censor.watch import HostWatch

TO_SERVER = params.Reset(to="server")
PAGE = "<html><head><title>Access denied</title></head><body><h1>Access to this resource is denied</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Hosted):
    """The names, and the forged answer."""

    status: params.Status = 200
    reason: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str = ""  # of a redirect
    body: str = PAGE
    trigger: Literal["pass", "drop"] = "drop"  # passed on, the true answer follows the forged one
    ip_ttl: params.Ttl = 64  # of the forged answer, as it leaves the censor
    ip_id: params.Word = 0
    ports: tuple[params.Port, ...] = (80,)


class BlockPage(HostWatch[Params]):
    """Answers in the server's place."""

    def matched(self, packet: Packet, name: str) -> Packet | None:
        """Sends the page; in the path, the server hears of a reset instead of the request."""
        headers = dict(self.params.headers) | ({"Location": self.params.location} if self.params.location else {})
        page = host.page((self.params.status, self.params.reason), headers, self.params.body)
        look = forge.Look(ttl=self.params.ip_ttl, ident=self.params.ip_id)
        self.send_back(packet, forge.tcp_answer(packet, page, look))
        self.log("page", name, status=self.params.status)
        if self.params.trigger == "pass":
            return packet
        self.condemn()
        self.reset(packet, self._to_called, taken=False)
        return None

    def enforce(self, packet: Packet) -> Packet | None:
        """Resets the client of a flow that has had its page, or that a residual holds against it."""
        return self.cut(packet, (self._to_opener,), taken=False)

    @property
    def _to_called(self) -> params.Reset:
        return TO_SERVER if self.flow.opener == CLIENT else params.TO_CLIENT

    @property
    def _to_opener(self) -> params.Reset:
        return params.TO_CLIENT if self.flow.opener == CLIENT else TO_SERVER
