"""Web servers whose pages are data, and the reflector."""

from __future__ import annotations

import json

from harness.lab.servers import http
from harness.lab.servers.params import Page, Web, filled
from harness.lab.servers.seat import Seat, Stream
from harness.lab.servers.written import PAGE
from harness.model import Json

# A page at least this long trips every rule that counts the first kilobytes of a flow.
_DEFAULT_SIZE = 66_000


class WebServer:
    """Serves the pages of its parameters; a host that declares none has a front page of some length."""

    def __init__(self, seat: Seat) -> None:
        params: Web = seat.params
        title = (seat.host.names or (seat.host.name,))[0]
        pages = params.pages or {"/": Page(body=front_page(title), size=_DEFAULT_SIZE)}
        self._pages = {path: page_of(page) for path, page in pages.items()}

    async def serve(self, stream: Stream) -> None:
        """Answer requests for pages."""
        await http.serve(stream, self._respond)

    async def _respond(self, request: http.Request) -> http.Response:
        page = self._pages.get(request.path) or self._pages.get(PAGE)
        return response_of(page) if page else http.Response(status=404, body=b"not found\n")


class ReflectorServer:
    """Answers every request with the source address that it saw."""

    def __init__(self, _seat: Seat) -> None:
        """Any seat will do."""

    async def serve(self, stream: Stream) -> None:
        """Tell every request where it came from."""
        await http.serve(stream, self._respond)

    async def _respond(self, request: http.Request) -> http.Response:
        return response_of(Page(json={"source": request.source}))


def front_page(title: str) -> str:
    """A page that says whose it is."""
    return f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>\n"


def page_of(plain: Json) -> Page:
    """A page, from plain JSON where it has come over from another process."""
    return filled(Page, plain)


def response_of(page: Page) -> http.Response:
    """The answer that a page is."""
    kind = "text/html; charset=utf-8" if page.json is None else "application/json"
    body = (page.body if page.json is None else json.dumps(page.json)).encode()
    body += b"." * (page.size - len(body))
    return http.Response(status=page.status, body=body, headers={"content-type": kind, **page.headers})
