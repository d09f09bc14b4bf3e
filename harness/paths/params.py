"""The models of what a path is made of: what may be written, made into plain JSON.

`from_url` says which parameters a URL stands for; a kind whose model has none is given host, port and user info.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from harness.document.words import refused
from harness.literals import is_address
from harness.model import Json
from harness.paths import url as urls
from harness.paths.url import BadUrl, Url


def _checked(check: Callable[[str], str]) -> AfterValidator:
    def run(text: str) -> str:
        try:
            return check(text)
        except BadUrl as exc:
            raise refused(exc.wrong, exc.remedy) from None

    return AfterValidator(run)


def _host(text: str) -> str:
    return urls.address(text) if ":" in text else urls.host(text)


def _listed(value: Json) -> Json:
    return [value] if isinstance(value, str) else value


Host = Annotated[str, _checked(_host)]
Ip = Annotated[str, _checked(urls.address)]
Ips = Annotated[tuple[Ip, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
Port = Annotated[int, Field(ge=1, le=65535)]
P = TypeVar("P", bound=BaseModel)


class Params(BaseModel):
    """Parameters as a file writes them; what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Nothing(Params):
    """No parameters."""


class Direct(Params):
    """The family to keep to, or both."""

    family: Literal[4, 6] | None = None


class PlainDns(Params):
    """A name server, by its address."""

    server: Ip
    port: Port = 53

    @classmethod
    def from_url(cls, url: Url) -> dict[str, Json]:
        """`udp://9.9.9.9` and `tcp://9.9.9.9:5353`."""
        _bare(url, "a resolver")
        if not is_address(url.host):
            raise BadUrl("a plain resolver is named by its address", "write one such as udp://9.9.9.9")
        return _given(server=url.host, port=url.port)


class Dot(Params):
    """A DNS over TLS server; `name` is the one its certificate must show (RFC 8310, section 5)."""

    server: Host
    port: Port = 853
    name: Host
    bootstrap: Ips = ()

    @model_validator(mode="after")
    def _addressed(self) -> Dot:
        return _reachable(self, self.server)

    @classmethod
    def from_url(cls, url: Url) -> dict[str, Json]:
        """`tls://dns.quad9.net` and `tls://9.9.9.9`."""
        _bare(url, "a resolver")
        return _given(server=url.host, port=url.port, name=url.host)


class Doh(Params):
    """A DNS over HTTPS server; its own name is never asked of anybody, so `bootstrap` holds its addresses."""

    url: str
    bootstrap: Ips = ()

    @model_validator(mode="after")
    def _addressed(self) -> Doh:
        try:
            url = urls.parse(self.url)
        except BadUrl as exc:
            raise refused(exc.wrong, exc.remedy) from None
        if url.scheme != "https" or url.username is not None or "{" in url.text or "#" in url.text:
            raise refused(
                "this is no address of a DNS over HTTPS server",
                "write https://NAME/dns-query, without user info and {?dns}",
            )
        return _reachable(self, url.host)

    @classmethod
    def from_url(cls, url: Url) -> dict[str, Json]:
        """`https://dns.quad9.net/dns-query`."""
        return {"url": url.text}


class Proxy(Params):
    """A proxy and what it asks of its users."""

    host: Host
    port: Port
    username: str | None = None
    password: str | None = None

    @model_validator(mode="after")
    def _with_a_name(self) -> Proxy:
        if self.password is not None and not self.username:
            raise refused("a password without a user name", "write USER:PASSWORD@HOST")
        return self


class HttpConnect(Proxy):
    """An HTTP proxy that answers CONNECT; with `tls` it is spoken to over TLS."""

    tls: bool = False

    @model_validator(mode="after")
    def _basic(self) -> HttpConnect:
        if self.username is not None and ":" in self.username:  # RFC 7617, section 2
            raise refused("a user name for basic authentication holds a colon", "use another one")
        return self

    @classmethod
    def from_url(cls, url: Url) -> dict[str, Json]:
        """`http://user:password@host:port`, and the same with https; the ports are those of the schemes."""
        _bare(url, "a proxy")
        tls = url.scheme == "https"
        return _login(url) | {"port": url.port or (443 if tls else 80), "tls": tls}


class Socks5(Proxy):
    """A SOCKS5 proxy."""

    port: Port = 1080

    @model_validator(mode="after")
    def _short(self) -> Socks5:
        if any(text is not None and not 1 <= len(text.encode()) <= 255 for text in (self.username, self.password)):
            raise refused("user name and password have 1 to 255 bytes each (RFC 1929)", "write others")
        return self

    @classmethod
    def from_url(cls, url: Url) -> dict[str, Json]:
        """`socks5://user:password@host:port`; the port is 1080 where none is written (RFC 1928)."""
        _bare(url, "a proxy")
        return _login(url) | _given(port=url.port)


def login(url: Url) -> dict[str, Json]:
    """Host, port and user info: what a URL stands for where its kind does not say otherwise."""
    return _login(url) | _given(port=url.port)


def _login(url: Url) -> dict[str, Json]:
    return _given(host=url.host, username=url.username, password=url.password)


def _given(**params: Json) -> dict[str, Json]:
    return {key: value for key, value in params.items() if value is not None}


def _bare(url: Url, what: str) -> None:
    if url.path not in ("", "/") or url.extra:
        hint = "end the URL after the port"
        if url.scheme == "https":
            hint += '; DNS over HTTPS is {dns: "https://...", bootstrap: [...]}'
        raise BadUrl(f"the URL of {what} has no path", hint)
    if what == "a resolver" and url.username is not None:
        raise BadUrl("a resolver takes no user info", "write the host right after://")


def _reachable(params: P, host: str) -> P:
    if not is_address(host) and not getattr(params, "bootstrap", ()):
        raise refused("the resolver has a name, and nothing says its address", "write bootstrap: [9.9.9.9] beside dns")
    return params
