"""What each server takes: plain dataclasses, so that the servers' process need not load pydantic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, TypeAlias, TypeVar

from harness.lab.censor.params import Address, Prefix, Rate, Seconds, Share, Status, Within
from harness.lab.servers.written import FieldValue, Header, Inside, Interface, PagePath, Spell, WireGuardKey, holds
from harness.model import Json

T = TypeVar("T")

Listens: TypeAlias = Annotated[int, Within(1, 65535)]  # a port on which a server listens


HTTP = ("h2", "http/1.1")  # by preference (RFC 9113, 3.1)
HTTP_1 = ("http/1.1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """What every server takes: the port that it listens on."""

    __pydantic_config__: ClassVar[Mapping[str, Json]] = {"extra": "forbid"}

    port: Listens

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as data: a body of text, of JSON, or none; padded to `size` where it is shorter."""

    __pydantic_config__: ClassVar[Mapping[str, Json]] = {"extra": "forbid"}

    status: Status = 200
    headers: Mapping[Header, FieldValue] = field(default_factory=dict)
    body: str = ""
    json: Json = None
    size: Annotated[int, Within(0, 1 << 28)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Whom a server turns away, and how: by a page, a reset, an end, or by saying nothing."""

    __pydantic_config__: ClassVar[Mapping[str, Json]] = {"extra": "forbid"}

    sources: tuple[Prefix, ...] = ()  # whence those come who are turned away; none means from anywhere
    exempt_sources: tuple[Prefix, ...] = ()
    share: Share = 1.0  # of those connections
    how: Literal["page", "reset", "close", "silence"] = "page"
    page: Page = field(default_factory=lambda: Page(status=403))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flap:
    """A server that is up and down by turns, from the lab's start on; while it is down connections are refused."""

    __pydantic_config__: ClassVar[Mapping[str, Json]] = {"extra": "forbid"}

    up: Spell
    down: Spell


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(Params):
    """What every server of the lab's own takes besides: all that ails a server without any censor."""

    delay: Seconds = 0.0  # before it says anything on a connection, TLS apart
    rate: Rate = 0.0  # bits a second that it sends on one connection; 0 means as fast as it can
    refuse: Refusal | None = None
    flap: Flap | None = None

    @property
    def ails(self) -> bool:
        """True where anything is wrong with it."""
        return bool(self.delay or self.rate or self.refuse or self.flap)


def filled(cls: type[T], plain: Json) -> T:
    """Parameters within parameters, from plain JSON where they have come over from another process."""
    return plain if isinstance(plain, cls) else cls(**plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns(Served):
    """A resolver over UDP and TCP. It knows the true names of the world, and these exceptions."""

    port: Listens = 53
    nxdomain: tuple[str, ...] = ()  # names, with all below them, that are said not to exist
    forge: Mapping[str, tuple[Address, ...]] = field(
        default_factory=dict
    )  # names, `*` all, with addresses of its making
    answers: Literal["names", "servfail", "refused", "nothing"] = "names"  # all but the first: to every question


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Dns):
    """The same resolver over TLS (RFC 7858)."""

    port: Listens = 853

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return ("dot",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doh(Dns):
    """The same resolver over HTTPS (RFC 8484), HTTP/2 and HTTP/1.1."""

    port: Listens = 443
    path: str = "/dns-query"

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Web(Served):
    """A web server: HTTP/2 and HTTP/1.1 over TLS, or plain HTTP/1.1. Pages by path; `*` answers all others."""

    port: Listens = 443
    tls: bool = True
    pages: Mapping[PagePath, Page] = field(default_factory=dict)

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP if self.tls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsappWeb(Served):
    """WhatsApp's web socket, and an ordinary page beside it."""

    port: Listens = 443
    path: str = "/ws/chat"

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP_1


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsappRaw(Served):
    """WhatsApp's phone port: the same handshake over bare TCP."""

    port: Listens = 5222


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtproto(Served):
    """A Telegram data centre: the obfuscated transport up to `resPQ`."""

    port: Listens = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Max(Served):
    """MAX's web socket, up to the answer to its hello."""

    port: Listens = 443
    path: str = "/websocket"

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP_1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflector(Served):
    """Answers with the address that it saw as our source."""

    port: Listens = 443
    tls: bool = True

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP if self.tls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHttp(Served):
    """An HTTP CONNECT proxy, by sing-box."""

    port: Listens = 3128
    tls: bool = False
    username: str = ""
    password: str = ""

    @property
    def alpn(self) -> tuple[str, ...] | None:
        """What TLS offers on the port (RFC 7301), None where there is no TLS."""
        return HTTP_1 if self.tls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySocks(Served):
    """A SOCKS5 proxy, by sing-box."""

    port: Listens = 1080
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowsocks(Served):
    """A Shadowsocks server, over TCP and UDP, by sing-box."""

    port: Listens = 8388
    method: Literal[
        "2022-blake3-aes-128-gcm",
        "2022-blake3-aes-256-gcm",
        "2022-blake3-chacha20-poly1305",
        "aes-128-gcm",
        "aes-192-gcm",
        "aes-256-gcm",
        "chacha20-ietf-poly1305",
        "xchacha20-ietf-poly1305",
    ]
    password: str  # of the 2022 methods: a key in base64

    @staticmethod
    def amiss(plain: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
        """What its parameters say against each other: the key, what is wrong, what to write."""
        size = 16 if "aes-128" in plain["method"] else 32
        if plain["method"].startswith("2022-") and not holds(plain["password"], size):
            yield (
                "password",
                f"this method has a key of {size} bytes",
                f"write what `openssl rand -base64 {size}` prints",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trojan(Served):
    """A Trojan server inside TLS, by sing-box, with the certificate of its host."""

    port: Listens = 443
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WireGuard(Params):
    """A WireGuard peer, by sing-box; `address` is its own, `peers` are public keys with the addresses they may use."""

    port: Listens = 51820
    private_key: WireGuardKey
    address: tuple[Interface, ...]
    peers: Mapping[WireGuardKey, tuple[Interface, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Http3(Params):
    """An HTTP/3 server, by sing-box: the face that its Hysteria2 shows to those without its password."""

    port: Listens = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Stun(Served):
    """A STUN server, over UDP and TCP."""

    port: Listens = 3478


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(Served):
    """An echo for streams like that of a voice."""

    port: Listens = 3478


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh(Served):
    """An SSH server that lets everybody in."""

    port: Listens = 22


# The names that were read, each found by itself (Raman 2020, table 2; https://censoredplanet.org/kazakhstan).
QAZNET = (
    *("android.com", "messages.android.com", "goo.gl", "google.com", "www.google.com", "allo.google.com"),
    *("dns.google.com", "docs.google.com", "encrypted.google.com", "mail.google.com", "news.google.com"),
    *("picasa.google.com", "plus.google.com", "sites.google.com", "translate.google.com", "video.google.com"),
    *("groups.google.com", "hangouts.google.com", "youtube.com", "www.youtube.com"),
    *("facebook.com", "www.facebook.com", "messenger.com", "www.messenger.com"),
    *("instagram.com", "www.instagram.com", "cdninstagram.com", "twitter.com"),
    *("vk.com", "vk.me", "vkuseraudio.net", "vkuservideo.net"),
    *("mail.ru", "ok.ru", "tamtam.chat", "rukoeb.com", "sosalkino.tv"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitm(Served):
    """A middlebox that reads the TLS of listed names; without any, those that were found in Kazakhstan."""

    port: Listens = 443
    names: tuple[str, ...] = QAZNET
    match: Literal["exact", "suffix"] = "exact"  # suffix: the name itself and all below it
    issuer: str = "Qaznet Trust Network"  # the root that signs what it shows; no client of the world trusts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Coturn(Params):
    """The STUN server coturn, over UDP and TCP."""

    port: Listens = 3478


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbound(Params):
    """The resolver unbound, over UDP and TCP."""

    port: Listens = 53
    nxdomain: tuple[str, ...] = ()
    forge: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx(Params):
    """The web server nginx, HTTP/2 and HTTP/1.1 over TLS."""

    port: Listens = 443
    body: str = "<!doctype html><title>nginx</title>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Params):
    """A program of one's own. It starts in a folder of its own with its files, `chain.pem` (the host's key and
    certificate) and `ca.pem` (the world's authority).

    In arguments and files, {address} stands for the host's first address, {address6} for its first of IPv6, {port}
    for the port, and {here} for the folder that the lab was started in.
    """

    argv: tuple[str, ...]
    files: Mapping[Inside, str] = field(default_factory=dict)  # by their paths in that folder
    transport: Literal["tcp", "udp"] = "tcp"  # over TCP, clients wait until it listens
