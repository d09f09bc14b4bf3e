"""Iran's page in place of listed names and paths: 403, an iframe, and the server never hears of the request.

In the path, on every port, for connections of either side whose handshake was seen. The path is compared to the
letter; a request is understood within one segment, or behind a first one of less than 8 bytes: cut behind its eighth
byte it passes (Tai 2025; Lange 2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.behaviours import http_block_page

FRAME = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1256"><title>M1-6</title></head>'
    '<body><iframe src="http://10.10.34.36?type=Invalid Site&policy=MainPolicy" style="width: 100%; height: 100%">'
    "</iframe></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_block_page.Params):
    """As `http_block_page`, with Iran's page."""

    status: params.Status = 403
    reason: str = "Forbidden"
    body: str = FRAME
    ports: tuple[params.Port, ...] = ()
    direction: params.Direction = "both"
    stateful: bool = True
    reassembly: Literal["none", "tcp", "short"] = "short"
