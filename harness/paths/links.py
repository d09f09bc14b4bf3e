"""Share links: what a user was sent, as parameters. A link is secret as a whole, and nothing of it is repeated."""

from __future__ import annotations

import base64
import binascii
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote

from pydantic import Field, model_validator

from harness.document.words import refused
from harness.model import Json
from harness.paths import url as urls
from harness.paths.params import Host, Params, Port
from harness.paths.url import BadUrl, Url

# SIP004 (AEAD) and SIP022 (2022); the stream ciphers before them are broken, and nobody should rely on one.
Method = Literal[
    "aes-128-gcm",
    "aes-192-gcm",
    "aes-256-gcm",
    "chacha20-ietf-poly1305",
    "xchacha20-ietf-poly1305",
    "2022-blake3-aes-128-gcm",
    "2022-blake3-aes-256-gcm",
    "2022-blake3-chacha20-poly1305",
]
METHODS: tuple[str, ...] = get_args(Method)
_KEY_BYTES = {  # SIP022, section 2.1
    "2022-blake3-aes-128-gcm": 16,
    "2022-blake3-aes-256-gcm": 32,
    "2022-blake3-chacha20-poly1305": 32,
}
_NO_BASE64 = "the part before @ is neither METHOD:PASSWORD nor its base64"


class Shadowsocks(Params):
    """A Shadowsocks server, its method and its password or key."""

    host: Host
    port: Port
    method: Method
    password: str = Field(min_length=1)

    @model_validator(mode="after")
    def _keyed(self) -> Shadowsocks:
        if size := _KEY_BYTES.get(self.method):
            for part in self.password.split(":"):  # keys of servers before it, then the user's own (SIP023)
                if len(_decoded(part) or b"") != size:
                    raise refused(f"{self.method} wants a key of {size} bytes in base64", "copy the key whole")
        return self

    @classmethod
    def from_link(cls, text: str) -> dict[str, Json]:
        """`ss://BASE64(method:password)@host:port` (SIP002), the same in plain, and the legacy form all in base64."""
        bare = text.partition("#")[0]
        if "@" not in bare:
            bare = "ss://" + _text(bare.removeprefix("ss://").rstrip("/"), "this is no Shadowsocks link")
            userinfo, _, rest = bare.removeprefix("ss://").rpartition("@")
        else:
            userinfo, _, rest = bare.removeprefix("ss://").rpartition("@")
            userinfo = unquote(userinfo) if ":" in unquote(userinfo) else _text(unquote(userinfo), _NO_BASE64)
        method, colon, password = userinfo.partition(":")
        if not colon:
            raise BadUrl(_NO_BASE64, "copy the link whole")
        if method.lower() not in METHODS:
            raise BadUrl("the link's method is none that can be used", f"ask for one with {METHODS[2]} or {METHODS[3]}")
        where = urls.parse(f"ss://{rest}")
        if parse_qs(urls.query(rest)).get("plugin"):
            raise BadUrl("the link asks for a plugin, and none can be run here", "ask for a link without a plugin")
        return _somewhere(where) | {"method": method.lower(), "password": password}


class Trojan(Params):
    """A Trojan server: a password, and the name that its certificate must show."""

    host: Host
    port: Port = 443
    password: str = Field(min_length=1)
    server_name: Host | None = None
    alpn: tuple[str, ...] = ()

    @classmethod
    def from_link(cls, text: str) -> dict[str, Json]:
        """`trojan://password@host:443?sni=name#tag`; over TCP, and verified."""
        bare = text.partition("#")[0]
        userinfo, at, rest = bare.removeprefix("trojan://").rpartition("@")
        if not at or not userinfo:
            raise BadUrl("the link has no password", "write trojan://PASSWORD@HOST:PORT")
        asked = {key: values[-1] for key, values in parse_qs(urls.query(rest)).items()}
        if asked.get("type", "tcp") not in {"tcp", "raw"}:
            raise BadUrl("the link asks for a transport other than TCP", "ask for a link with type=tcp")
        if asked.get("security", "tls") != "tls":
            raise BadUrl("the link asks for something other than TLS", "ask for a link with security=tls")
        if asked.get("allowInsecure", "0") not in {"0", "false"}:
            raise BadUrl(
                "the link asks for no verification", "remove allowInsecure; name the certificate's name by sni"
            )
        found = _somewhere(urls.parse(f"trojan://{rest}")) | {"password": unquote(userinfo)}
        if name := asked.get("sni") or asked.get("peer"):
            found["server_name"] = name
        if alpn := asked.get("alpn"):
            found["alpn"] = alpn.split(",")
        return found


def _somewhere(url: Url) -> dict[str, Json]:
    if url.path not in ("", "/"):
        raise BadUrl("the link has a path", "end it after the port, or with ?...")
    return {"host": url.host} | ({"port": url.port} if url.port else {})


def _text(encoded: str, wrong: str) -> str:
    raw = _decoded(encoded)
    try:
        return (raw or b"\xff").decode()
    except UnicodeDecodeError:
        raise BadUrl(wrong, "copy the link whole") from None


def _decoded(text: str) -> bytes | None:
    """Base64 in either alphabet, with or without its padding (RFC 4648, sections 4 and 5)."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
