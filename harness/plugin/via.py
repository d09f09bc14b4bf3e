"""httpx over a path, for plain Python tests: each request is made by the engine, wherever the engine runs."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from harness.model import Path
from harness.vantage import Fetched, Request

Fetch = Callable[[Path, Request, float], Fetched]

# Which of httpx's errors a token becomes; the token itself stands in the message.
ERRORS: dict[str, type[httpx.TransportError]] = {
    "resolve": httpx.ConnectError,
    "connect": httpx.ConnectError,
    "tls": httpx.ConnectError,
    "hop": httpx.ProxyError,
    "request": httpx.WriteError,
    "response": httpx.ReadError,
    "body": httpx.ReadError,
}
TIMEOUTS: dict[str, type[httpx.TimeoutException]] = {"response": httpx.ReadTimeout, "body": httpx.ReadTimeout}

# The engine has undone what these describe.
DROPPED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class PathTransport(httpx.BaseTransport):
    """Hands each request to the engine, to be made over one path."""

    def __init__(self, path: Path, fetch: Fetch) -> None:
        self._path, self._fetch = path, fetch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, or httpx's own kind of error with the failure token in its message."""
        asked = Request(
            method=request.method,
            url=str(request.url),
            headers=tuple(request.headers.multi_items()),
            body=request.read(),
        )
        found = self._fetch(self._path, asked, _timeout(request))
        if found.failure:
            raise _error(found, self._path.name, request)
        headers = [(name, value) for name, value in found.headers if name.lower() not in DROPPED]
        version = found.http_version.encode()
        return httpx.Response(
            found.status, headers=headers, content=found.body, extensions={"http_version": version}, request=request
        )


class Clients:
    """One client a path; they share the session's engine."""

    def __init__(self, paths: Callable[[str], Path], fetch: Fetch) -> None:
        self._paths, self._fetch = paths, fetch
        self._clients: dict[str, httpx.Client] = {}

    def client(self, name: str) -> httpx.Client:
        """The client over the path of that name."""
        if name not in self._clients:
            transport = PathTransport(self._paths(name), self._fetch)
            self._clients[name] = httpx.Client(transport=transport, trust_env=False)
        return self._clients[name]

    def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            client.close()


def _timeout(request: httpx.Request) -> float:
    """The sum of what the caller allows for each part; 30 s where it allows anything."""
    parts = request.extensions.get("timeout", {})
    return sum(parts[key] for key in ("connect", "read") if parts.get(key)) or 30.0


def _error(found: Fetched, path: str, request: httpx.Request) -> httpx.TransportError:
    stage = found.stage or "connect"
    kinds = TIMEOUTS if found.failure == "generic_timeout_error" else ERRORS
    kind = kinds.get(stage, httpx.ConnectTimeout if kinds is TIMEOUTS else httpx.ConnectError)
    return kind(f"{found.failure} at {stage}, over {path}", request=request)
