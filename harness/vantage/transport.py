"""httpx over connections that somebody else makes: httpcore's pool with a network of our own under it."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

Connect = Callable[[str, int, float | None], socket.socket]


class InsideTransport(httpx.BaseTransport):
    """Sends requests over sockets that `connect(host, port, timeout)` gives."""

    def __init__(self, connect: Connect, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=context, http2=True, network_backend=_Network(connect))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; failures are httpx's own."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx(request):
            answer = self._pool.handle_request(asked)
            answer.read()
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(answer.content),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close what is open."""
        self._pool.close()


@contextlib.contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """httpcore's failures as httpx's of the same name."""
    try:
        yield
    except Exception as exc:
        same = getattr(httpx, type(exc).__name__, None)
        if same is None or not issubclass(same, httpx.TransportError):
            raise
        raise same(str(exc), request=request) from exc


class _Network(httpcore.NetworkBackend):
    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            end = self._connect(host, port, timeout)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Stream(end)


class _Stream(httpcore.NetworkStream):
    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _told(httpcore.ReadTimeout, httpcore.ReadError):
            self._end.settimeout(timeout)
            return self._end.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _told(httpcore.WriteTimeout, httpcore.WriteError):
            self._end.settimeout(timeout)
            self._end.sendall(buffer)

    def close(self) -> None:
        self._end.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            self._end.settimeout(timeout)
            try:
                return _Stream(ssl_context.wrap_socket(self._end, server_hostname=server_hostname))
            except OSError:
                self._end.close()
                raise

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._end if isinstance(self._end, ssl.SSLSocket) else None
        return self._end if info == "socket" else None


@contextlib.contextmanager
def _told(late: type[Exception], failed: type[Exception]) -> Iterator[None]:
    """A failure of the socket's as one of httpcore's."""
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except OSError as exc:
        raise failed(str(exc)) from exc
