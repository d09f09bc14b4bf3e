"""Requests to listed addresses are answered by a redirect now and then, before the true answer.

CN 2023-10, 1.1.1.1 port 80: a forged 301 for 9 % of the requests, a forged 302 for 28.5 %, their TTL 251; the server's
own 301 comes later (gfw.report 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import forge, host, params
from harness.lab.censor.host import Request
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HostWatch

REASONS = {301: "Moved Permanently", 302: "Found"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Hosted):
    """The addresses, how often which redirect is sent, and what it looks like."""

    location: str
    names: tuple[params.Name, ...] = ("*",)
    prefixes: tuple[params.Prefix, ...] = ("1.1.1.1/32",)
    ports: tuple[params.Port, ...] = (80,)
    permanent: params.Share = 0.09  # of the requests: 301
    found: params.Share = 0.285  # of the requests: 302
    ip_ttl: params.Ttl = 251


class RaceRedirect(HostWatch[Params]):
    """Draws for each request; the request itself always passes."""

    def meant(self, request: Request) -> bool:
        """True where chance has it."""
        return super().meant(request) and self._drawn() is not None

    def _drawn(self) -> int | None:
        drawn = self.rule.chance(self.flow, self.requests)
        if drawn < self.params.permanent:
            return 301
        return 302 if drawn < self.params.permanent + self.params.found else None

    def matched(self, packet: Packet, name: str) -> Packet | None:
        """Sends the redirect ahead of the true answer."""
        status = self._drawn() or 302
        page = host.page((status, REASONS[status]), {"Location": self.params.location}, "")
        self.send_back(packet, forge.tcp_answer(packet, page, forge.Look(ttl=self.params.ip_ttl)))
        self.log("page", name, status=status)
        return packet
