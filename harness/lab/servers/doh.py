"""DNS over HTTPS (RFC 8484)."""

from __future__ import annotations

import base64
import urllib.parse

from harness.lab.servers import http
from harness.lab.servers.dns import Directory
from harness.lab.servers.params import Doh
from harness.lab.servers.seat import Seat, Stream

_TYPE = {"content-type": "application/dns-message"}


class DohServer:
    """GET and POST at one path, over HTTP/2 and HTTP/1.1."""

    def __init__(self, seat: Seat) -> None:
        params: Doh = seat.params
        self._path = params.path
        self._directory = Directory(seat)

    async def serve(self, stream: Stream) -> None:
        """Answer requests that carry queries."""
        await http.serve(stream, self._respond)

    async def _respond(self, request: http.Request) -> http.Response:
        if request.path != self._path:
            return http.Response(status=404, body=b"not found\n")
        answer = self._directory.answer(_query(request))
        return http.Response(body=answer, headers=_TYPE) if answer else http.Response(status=400, body=b"no query\n")


def _query(request: http.Request) -> bytes:
    if request.method == "POST":
        return request.body
    text = urllib.parse.parse_qs(request.target.partition("?")[2]).get("dns", [""])[0]
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:  # binascii.Error is one, and so is what has letters beyond ASCII
        return b""
