"""The kinds of which a path is made, one literal row each. What a row builds is imported when it is first used.

Traits: `scheme:X` means that a URL with that scheme spells this kind, `file:X` that a file so named does, `names` that
a hop takes names and resolves them itself, `first` that it goes through no other hop, `udp` that a hop or base can
carry datagrams, or that a resolver needs them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.kinds import Kind, Table

RESOLVERS = Table(
    "resolver",
    (
        Kind(
            name="system",
            params="harness.paths.params:Nothing",
            build="harness.resolve.system:build",
            summary="the nameservers that this machine is configured with",
            traits=frozenset({"udp"}),
        ),
        Kind(
            name="udp",
            params="harness.paths.params:PlainDns",
            build="harness.resolve.udp:build",
            summary="DNS over UDP (RFC 1035); every answer is kept",
            private=("server",),
            traits=frozenset({"scheme:udp", "udp"}),
        ),
        Kind(
            name="tcp",
            params="harness.paths.params:PlainDns",
            build="harness.resolve.tcp:build",
            summary="DNS over TCP (RFC 7766)",
            private=("server",),
            traits=frozenset({"scheme:tcp"}),
        ),
        Kind(
            name="dot",
            params="harness.paths.params:Dot",
            build="harness.resolve.dot:build",
            summary="DNS over TLS (RFC 7858)",
            private=("server", "name", "bootstrap"),
            traits=frozenset({"scheme:tls"}),
        ),
        Kind(
            name="doh",
            params="harness.paths.params:Doh",
            build="harness.resolve.doh:build",
            summary="DNS over HTTPS (RFC 8484)",
            private=("url", "bootstrap"),
            traits=frozenset({"scheme:https"}),
        ),
    ),
)

HOPS = Table(
    "hop",
    (
        Kind(
            name="http_connect",
            params="harness.paths.params:HttpConnect",
            build="harness.dial.http_connect:build",
            summary="HTTP CONNECT (RFC 9110, section 9.3.6), over TLS where the URL says https; the proxy resolves",
            secret=("username", "password"),
            private=("host",),
            traits=frozenset({"scheme:http", "scheme:https", "names"}),
        ),
        Kind(
            name="socks5",
            params="harness.paths.params:Socks5",
            build="harness.dial.socks5:build",
            summary="SOCKS5 (RFC 1928, 1929); names are resolved here, the proxy is handed addresses",
            secret=("username", "password"),
            private=("host",),
            traits=frozenset({"scheme:socks5", "udp"}),
        ),
        Kind(
            name="socks5h",
            params="harness.paths.params:Socks5",
            build="harness.dial.socks5:build",
            summary="SOCKS5 (RFC 1928, 1929); the proxy is handed names and resolves them",
            secret=("username", "password"),
            private=("host",),
            traits=frozenset({"scheme:socks5h", "names", "udp"}),
        ),
        Kind(
            name="wireguard",
            params="harness.paths.wireguard:WireGuard",
            build="harness.tunnels.wireguard:build",
            summary="WireGuard in user space, without rights; from a wg-quick file by `{file: ...}`",
            secret=("private_key", "preshared_key"),
            private=("host",),
            known_by=("private_key", "public_key"),
            traits=frozenset({"file:conf", "first", "udp"}),
        ),
        Kind(
            name="shadowsocks",
            params="harness.paths.links:Shadowsocks",
            build="harness.tunnels.shadowsocks:build",
            summary="Shadowsocks, AEAD and 2022 (SIP002, SIP004, SIP022); the server resolves",
            secret=("password",),
            private=("host",),
            traits=frozenset({"scheme:ss", "first", "names", "udp"}),
        ),
        Kind(
            name="trojan",
            params="harness.paths.links:Trojan",
            build="harness.tunnels.trojan:build",
            summary="Trojan, a password inside TLS; the server resolves",
            secret=("password",),
            private=("host", "server_name"),
            traits=frozenset({"scheme:trojan", "first", "names", "udp"}),
        ),
    ),
)

BASES = Table(
    "base",
    (
        Kind(
            name="direct",
            params="harness.paths.params:Direct",
            build="harness.dial.direct:build",
            summary="the sockets of this machine; `family` keeps to IPv4 or IPv6",
            traits=frozenset({"udp"}),
        ),
    ),
)

HELLOS = Table(
    "hello",
    (
        Kind(
            name="plain",
            params="harness.paths.params:Nothing",
            build="harness.dial.tls:handshake",
            summary="the ClientHello of OpenSSL, as it comes",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables that a file is read against. Probes stand in a higher layer, so their table is handed in."""

    probes: Table
    resolvers: Table = field(default=RESOLVERS)
    hops: Table = field(default=HOPS)
    bases: Table = field(default=BASES)
    hellos: Table = field(default=HELLOS)
