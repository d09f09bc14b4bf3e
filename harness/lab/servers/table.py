"""The kinds of server that a host of a world can run."""

from __future__ import annotations

from harness.kinds import Kind, Table

_PARAMS = "harness.lab.servers.params:"
_SECRET = ("username", "password")

SERVERS = Table(
    "server",
    (
        Kind(
            name="dns",
            params=_PARAMS + "Dns",
            build="harness.lab.servers.dns:DnsServer",
            summary="a resolver over UDP and TCP, with names it denies or forges",
            traits=frozenset({"udp"}),
        ),
        Kind(
            name="dot",
            params=_PARAMS + "Dot",
            build="harness.lab.servers.dns:DnsServer",
            summary="the same over TLS",
        ),
        Kind(
            name="doh",
            params=_PARAMS + "Doh",
            build="harness.lab.servers.doh:DohServer",
            summary="the same over HTTPS",
        ),
        Kind(
            name="web",
            params=_PARAMS + "Web",
            build="harness.lab.servers.web:WebServer",
            summary="pages over HTTPS or HTTP",
        ),
        Kind(
            name="whatsapp_web",
            params=_PARAMS + "WhatsappWeb",
            build="harness.lab.servers.whatsapp:WebServer",
            summary="WhatsApp's Noise handshake over a web socket",
        ),
        Kind(
            name="whatsapp_raw",
            params=_PARAMS + "WhatsappRaw",
            build="harness.lab.servers.whatsapp:RawServer",
            summary="WhatsApp's Noise handshake over bare TCP",
        ),
        Kind(
            name="mtproto",
            params=_PARAMS + "Mtproto",
            build="harness.lab.servers.mtproto:MtprotoServer",
            summary="Telegram's obfuscated transport up to resPQ",
        ),
        Kind(
            name="max",
            params=_PARAMS + "Max",
            build="harness.lab.servers.max:MaxServer",
            summary="MAX's web socket up to its hello",
        ),
        Kind(
            name="reflector",
            params=_PARAMS + "Reflector",
            build="harness.lab.servers.web:ReflectorServer",
            summary="tells the source address that it saw",
        ),
        Kind(
            name="proxy_http",
            params=_PARAMS + "ProxyHttp",
            build="harness.lab.servers.proxy:Proxy",
            summary="an HTTP CONNECT proxy, by sing-box",
            secret=_SECRET,
            traits=frozenset({"sing-box"}),
        ),
        Kind(
            name="proxy_socks",
            params=_PARAMS + "ProxySocks",
            build="harness.lab.servers.socks:SocksProxy",
            summary="a SOCKS5 proxy, datagrams too, by sing-box",
            secret=_SECRET,
            traits=frozenset({"sing-box"}),
        ),
        Kind(
            name="shadowsocks",
            params=_PARAMS + "Shadowsocks",
            build="harness.lab.servers.proxy:Tunnel",
            summary="a Shadowsocks server, by sing-box",
            secret=("password",),
            traits=frozenset({"relay", "sing-box"}),
        ),
        Kind(
            name="trojan",
            params=_PARAMS + "Trojan",
            build="harness.lab.servers.proxy:Proxy",
            summary="a Trojan server, by sing-box",
            secret=("password",),
            traits=frozenset({"sing-box"}),
        ),
        Kind(
            name="wireguard",
            params=_PARAMS + "WireGuard",
            build="harness.lab.servers.proxy:Tunnel",
            summary="a WireGuard peer, by sing-box",
            secret=("private_key",),
            traits=frozenset({"relay", "datagrams", "sing-box"}),
        ),
        Kind(
            name="http3",
            params=_PARAMS + "Http3",
            build="harness.lab.servers.proxy:Tunnel",
            summary="an HTTP/3 server over QUIC, by sing-box",
            traits=frozenset({"relay", "datagrams", "sing-box"}),
        ),
        Kind(
            name="stun",
            params=_PARAMS + "Stun",
            build="harness.lab.servers.stun:StunServer",
            summary="tells over UDP, and over TCP, the source that it saw (RFC 8489)",
            traits=frozenset({"udp"}),
        ),
        Kind(
            name="echo",
            params=_PARAMS + "Echo",
            build="harness.lab.servers.echo:EchoServer",
            summary="sends streams of datagrams back, as `waygauge echo` does",
            traits=frozenset({"udp"}),
        ),
        Kind(
            name="ssh",
            params=_PARAMS + "Ssh",
            build="harness.lab.servers.ssh:SshServer",
            summary="an SSH server for everybody: sessions that say back what they are told, and forwarding",
        ),
        Kind(
            name="mitm",
            params=_PARAMS + "Mitm",
            build="harness.lab.servers.mitm:Middlebox",
            summary="a middlebox that shows certificates of its own for listed names; `tls_mitm` leads flows to it",
            traits=frozenset({"led"}),
        ),
        Kind(
            name="coturn",
            params=_PARAMS + "Coturn",
            build="harness.lab.servers.programs:Coturn",
            summary="coturn as a STUN server, where it is installed",
            traits=frozenset({"program"}),
        ),
        Kind(
            name="unbound",
            params=_PARAMS + "Unbound",
            build="harness.lab.servers.programs:Unbound",
            summary="the system's unbound",
            traits=frozenset({"program"}),
        ),
        Kind(
            name="nginx",
            params=_PARAMS + "Nginx",
            build="harness.lab.servers.programs:Nginx",
            summary="the system's nginx",
            traits=frozenset({"program"}),
        ),
        Kind(
            name="program",
            params=_PARAMS + "Program",
            build="harness.lab.servers.own:OwnProgram",
            summary="a program of one's own, with its files",
            traits=frozenset({"program"}),
        ),
    ),
)
