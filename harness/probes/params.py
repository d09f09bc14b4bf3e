"""The models of the probes' parameters: what a scenario may write, made into plain JSON.

Only the loader imports this module; the engine is handed the JSON and never pays for pydantic's models of it.
`http: "https://..."` reaches a model as `{"url": "https://..."}`, and `proof:` beside it as `"proof"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_serializer, model_validator

from harness.model import Json
from harness.paths import url as urls
from harness.scenario.fields import Duration, Size

LEAST = 65536
"""Bytes that a transfer moves each way at least: `harness.probes.transfer` says why."""


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"no regular expression: {exc}") from None
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            parts = urlsplit(text)
            good = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good:
            raise ValueError(f"write {' or '.join(f'{scheme}://host...' for scheme in schemes)}")
        return _as_sent(text)

    return check


def _as_sent(text: str) -> str:
    """A URL as it goes on the wire: its host as `_host` says, and what else is no ASCII in escapes (RFC 3986)."""
    parts = urlsplit(text)
    named, host = parts.hostname or "", _host(parts.hostname or "")
    if host == named and text.isascii() and " " not in text:
        return text
    before, at, _ = parts.netloc.rpartition("@")
    where = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    path, query = (quote(part, safe=_LEFT) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, f"{before}{at}{where}", path, query, ""))


def _host(text: str) -> str:
    """A name in A-labels (RFC 5890), and without the dot of the root, which certificates do not hold."""
    name = text.rstrip(".")
    return name if name.isascii() else urls.host(name)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (int, str)) else value


_LEFT = "%/:=&?~+!$,;'@()*[]"
"""What stands in a path or a query as it is (RFC 3986, section 3.3), and the sign of what is escaped already."""

Regex = Annotated[str, AfterValidator(_regex)]
Port = Annotated[int, Field(ge=1, le=65535)]
Status = Annotated[int, Field(ge=100, le=599)]
HttpUrl = Annotated[str, AfterValidator(_url("http", "https"))]
SocketUrl = Annotated[str, AfterValidator(_url("ws", "wss"))]
AnyUrl = Annotated[str, AfterValidator(_url("tcp", "ws", "wss"))]
Name = Annotated[str, Field(min_length=1, max_length=253)]
Host = Annotated[Name, AfterValidator(_host)]


class Params(BaseModel):
    """Parameters as a scenario writes them; what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Json(Params):
    """Holds `json`, a name that pydantic keeps for itself."""

    json_: dict[str, Json] = Field(
        default_factory=dict, alias="json", description="values by dotted path, each equal to what is written"
    )

    @model_serializer(mode="wrap")
    def _plain(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        shown = handler(self)
        return {"json" if key == "json_" else key: value for key, value in shown.items()}


class HttpProof(_Json):
    """What an answer must show so that only the real service can have made it."""

    status: Annotated[
        tuple[Status, ...], BeforeValidator(_listed, json_schema_input_type=Status | tuple[Status, ...])
    ] = Field(default=(), description="the status, or a list of those allowed")
    headers: dict[str, Regex] = Field(default_factory=dict, description="a regular expression for each header")
    body: Regex | None = Field(default=None, description="a regular expression found somewhere in the body")
    has: tuple[str, ...] = Field(default=(), description="dotted paths that the JSON body must hold")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(default=None, description="of the body")
    min_bytes: int = Field(default=0, ge=0, description="the least length of the body")
    redirect: Regex | None = Field(default=None, description="a redirect, whose target this expression matches")


class Http(Params):
    """One HTTP request and its answer; a redirect is an answer and is not followed."""

    url: HttpUrl
    method: Literal["GET", "HEAD", "POST", "PUT", "OPTIONS"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    credentials: dict[str, str] = Field(default_factory=dict, description="headers whose values are secret")
    body: str | None = None
    max_bytes: int = Field(default=1 << 20, ge=1, description="the body is read so far and no further")
    roots: str | None = Field(
        default=None, description="anchors of trust.yaml that hold certificates: the service has its own authority"
    )
    proof: HttpProof | None = None


class Exit(Params):
    """A reflector: an HTTP address that answers `{"source": "<the address it saw>"}`."""

    url: HttpUrl


class Expect(_Json):
    """What one frame of the reply must show."""

    text: Regex | None = Field(default=None, description="a regular expression found in the frame")


class Step(Params):
    """A frame sent, a frame awaited, or both.

    `<uuid>`, `<int>` and `<now>` stand for values that are fresh in every run, and the same throughout it.
    """

    send: Json = Field(default=None, description="a text frame; a mapping is sent as JSON")
    expect: Expect | None = None


def _or_one_step(schema: dict[str, Any]) -> None:
    """A single step may stand without `steps` around it."""
    alone = {"send": {}, "expect": {"type": "object"}}
    schema["properties"].update(alone)
    schema.pop("required", None)


class SocketProof(Params):
    """Frames in order; frames that do not fit an `expect` are passed over until its stage's limit."""

    model_config = ConfigDict(json_schema_extra=_or_one_step)

    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _one_step(cls, value: Any) -> Any:
        if isinstance(value, dict) and value and not set(value) - {"send", "expect"}:
            return {"steps": [value]}
        return value


class Websocket(Params):
    """A WebSocket upgrade, and a script of frames over it."""

    url: SocketUrl
    headers: dict[str, str] = Field(default_factory=dict)
    credentials: dict[str, str] = Field(default_factory=dict, description="headers whose values are secret")
    subprotocols: tuple[str, ...] = ()
    proof: SocketProof | None = None


class WhatsappNoise(Params):
    """WhatsApp's opening up to the server's certificate, over a WebSocket or over TCP."""

    url: AnyUrl
    headers: dict[str, str] = Field(default_factory=dict, description="of the WebSocket upgrade")


class Mtproto(Params):
    """Telegram's `req_pq_multi` in the obfuscated transport, over TCP or over a WebSocket."""

    url: AnyUrl
    dc: int = Field(default=2, ge=-32768, le=32767, description="the data centre's number")


class Endpoint(Params):
    """A host and a port; `host:port` and `tcp://host:port` say the same."""

    host: Host
    port: Port

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("url"), str):
            return value
        return _host_and_port(value["url"]) | {key: kept for key, kept in value.items() if key != "url"}


class Tcp(Endpoint):
    """A TCP connection and nothing more."""


class Tls(Endpoint):
    """A TLS handshake; `server_name` is sent and verified in place of the host."""

    port: Port = 443
    server_name: Host | None = None
    verify: bool = True
    alpn: tuple[str, ...] = ()
    uncommon: bool = Field(default=False, description="a ClientHello with other ciphers and extensions than usual")


class Transfer(Params):
    """A document fetched as often as is needed, and padded requests sent, on one connection."""

    url: HttpUrl
    down: Size = Field(default=LEAST, ge=LEAST, le=1 << 28, description="bytes to fetch, 64 KiB at least")
    up: Size = Field(default=LEAST, ge=LEAST, le=1 << 28, description="bytes to send, 64 KiB at least")
    seconds: Duration = Field(default=10.0, description="each way ends after these, once 64 KiB have moved")
    stall: Duration = Field(default=10.0, description="as long as this nothing may stand still")


class Stun(Endpoint):
    """A binding request over UDP (RFC 8489), sent again until it is answered."""

    port: Port = 3478
    seconds: Duration = Field(default=8.0, description="an answer is waited for so long, and 8 s at most")


class Quic(Endpoint):
    """An Initial of QUIC version 1 (RFC 9000), sent again until it is answered; the handshake goes no further."""

    port: Port = 443
    server_name: Host | None = None
    seconds: Duration = Field(default=8.0, description="an answer is waited for so long, and 8 s at most")


class Media(Endpoint):
    """A stream like that of a voice, to an echo (`waygauge echo`); an empty host means that none is declared."""

    host: Annotated[str, Field(max_length=253), AfterValidator(_host)]
    port: Port = 3478
    seconds: Duration = 10.0
    interval: Duration = 0.02
    size: Annotated[int, Field(ge=40, le=1200)] = Field(default=172, description="bytes of a datagram")


class Dns(Params):
    """A question to the path's resolver, or to a server named here."""

    name: Name
    types: tuple[Literal["A", "AAAA"], ...] = ("A", "AAAA")
    server: Annotated[str, Field(pattern=r"^(udp|tcp|tls)://")] | None = Field(
        default=None, description="udp://9.9.9.9, tcp://9.9.9.9 or tls://9.9.9.9; none means the path's own resolver"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("url"), str) and "name" not in value:
            return {"name": value["url"]} | {key: kept for key, kept in value.items() if key != "url"}
        return value


def _host_and_port(text: str) -> dict[str, Any]:
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        found = {"host": parts.hostname, "port": parts.port}
    except ValueError:
        found = {}
    if not found.get("host"):
        raise ValueError("write host:port")
    return {key: value for key, value in found.items() if value is not None}
