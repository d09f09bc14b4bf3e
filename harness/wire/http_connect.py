"""HTTP CONNECT as bytes (RFC 9110, section 9.3.6); the parsing is h11's."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import h11

from harness.wire.malformed import Malformed

_KEPT = ("server", "via", "proxy-authenticate", "www-authenticate", "location", "content-type")
"""Headers of a refusal that tell who refuses, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the proxy said, and the bytes that came behind it: the target's first."""

    status: int
    reason: str
    headers: dict[str, str]
    rest: bytes = b""

    @property
    def open(self) -> bool:
        """Any 2xx opens the tunnel (RFC 9110, section 9.3.6)."""
        return 200 <= self.status < 300

    @property
    def wants_credentials(self) -> bool:
        """407, and the 401 that tinyproxy answers to a wrong password."""
        return self.status in {401, 407}


class Exchange:
    """One CONNECT: send `request`, then feed what comes until there is an answer."""

    def __init__(self, host: str, port: int, credentials: tuple[str, str] | None = None) -> None:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers = [("Host", where)]
        if credentials:
            # RFC 7617, section 2
            token = base64.b64encode(":".join(credentials).encode()).decode()
            headers.append(("Proxy-Authorization", f"Basic {token}"))
        self._h11 = h11.Connection(h11.CLIENT)
        try:
            sent = self._h11.send(h11.Request(method="CONNECT", target=where, headers=headers))
        except (h11.LocalProtocolError, UnicodeEncodeError) as exc:
            raise Malformed(f"a request that HTTP cannot carry: {exc}") from exc
        self.request = (sent or b"") + (self._h11.send(h11.EndOfMessage()) or b"")

    def feed(self, data: bytes) -> Answer | None:
        """The answer, None while more bytes are wanted. b"" is the proxy's end. Raises Malformed."""
        self._h11.receive_data(data)
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as exc:
                raise Malformed(f"no HTTP: {exc}", head=data[:64].decode("latin-1")) from exc
            if isinstance(event, h11.Response):
                return self._answer(event)
            if not isinstance(event, h11.InformationalResponse):
                return None

    def _answer(self, response: h11.Response) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(
            status=response.status_code,
            reason=response.reason.decode("latin-1"),
            headers={name: value[:200] for name, value in headers.items() if name in _KEPT},
            rest=self._h11.trailing_data[0],
        )
