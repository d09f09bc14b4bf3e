"""Beyond a number of TLS connections at once to one address and name, new handshakes fall silent for a while.

RU home lines, 2025-11 and later: 12 or 24 were reported, by browsers that open them in sixes, so that the true number
is not known; another port, no name, or fewer connections that carry more each pass (net4people/bbs issue 546;
XTLS/Xray-core issue 5332).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import crowd, params
from harness.lab.censor.hello import Hello


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(crowd.Params):
    """The number that passes, and the port."""

    connections: int = 12
    ports: tuple[params.Port, ...] = (443,)


class ConnectionCount(crowd.CrowdWatch[Params]):
    """Counts by client, address and name."""

    def kind(self, hello: Hello) -> bytes:
        """Who, where to, and under which name."""
        return self.flow.client + self.flow.far + (hello.name or "").encode()
