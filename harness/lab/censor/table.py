"""The behaviours of the censor: one file and one row each."""

from __future__ import annotations

from harness.kinds import Kind, Table

_HERE = "harness.lab.censor.behaviours."


def _row(name: str, watch: str, summary: str, *traits: str, of: str = "") -> Kind:
    """A behaviour whose parameters are in its own file; `of` names the file of its watch where that is another's."""
    return Kind(
        name=name,
        params=f"{_HERE}{name}:Params",
        build=f"{_HERE}{of or name}:{watch}",
        summary=summary,
        traits=frozenset(traits),
    )


BEHAVIOURS = Table(
    "behaviour",
    (
        _row("address_blackhole", "Blackhole", "Silence towards listed addresses", "address", "takes-all"),
        _row(
            "address_refuse",
            "Refuse",
            "A SYN to a listed address is answered by RST+ACK",
            "address",
            "tcp",
            "takes-all",
        ),
        _row(
            "icmp_reject",
            "Reject",
            "ICMP unreachable, administratively prohibited, for listed addresses",
            "address",
            "packets",
        ),
        _row("blackout", "Blackout", "Nothing passes at all", "address", "takes-all"),
        _row("dns_hijack", "Hijack", "UDP/53 to any foreign resolver is answered by the national one", "dns"),
        _row("dns_inject_race", "Race", "Forged DNS answers arrive first, the true one later", "dns", "name"),
        _row("dns_forge", "Forge", "The DNS answer is replaced on the way", "dns", "name"),
        _row("dns_bogon", "Forge", "The DNS answer is replaced by a bogon", "dns", "name", of="dns_forge"),
        _row("sni_reset", "SniReset", "Forged resets once a name is seen in the ClientHello", "tls", "name"),
        _row("sni_drop", "SniDrop", "Silence from the ClientHello on", "tls", "name"),
        _row(
            "resolver_name_reset",
            "SniReset",
            "Resets for the names of DoH and DoT resolvers",
            "tls",
            "name",
            of="sni_reset",
        ),
        _row("tspu_rewrite", "Rewrite", "The server's packets after a listed name become resets", "tls", "name"),
        _row("tspu_delayed_drop", "DelayedDrop", "A few packets after a listed name, silence", "tls", "name"),
        _row("tspu_crawl", "Police", "A listed name is policed to some 650 bytes a second", "tls", "name", of="police"),
        _row("tspu_full_drop", "SniDrop", "All packets of a listed name vanish for 40 s", "tls", "name", of="sni_drop"),
        _row("gfw_reset", "GfwReset", "Resets of three kinds race the answer to both ends", "tls", "name"),
        _row("henan_reset", "HenanReset", "One reset with a payload, for bare TCP headers", "tls", "http", "name"),
        _row("tls_fingerprint", "Fingerprint", "A client known by JA3 or JA4 is dropped or reset", "tls", "name"),
        _row("tls_version", "Fingerprint", "Clients of an old TLS are cut off", "tls", of="tls_fingerprint"),
        _row("mtproxy_fake_tls", "Fingerprint", "Telegram's fake TLS, by its JA4", "tls", of="tls_fingerprint"),
        _row(
            "tls_fingerprint_subnet",
            "FingerprintSubnet",
            "Parallel handshakes of one fingerprint into a prefix vanish from the fourth on",
            "tls",
            "name",
        ),
        _row(
            "tls_connection_count",
            "ConnectionCount",
            "New handshakes vanish beyond a number of connections to one name",
            "tls",
            "name",
        ),
        _row("ech_drop", "SniDrop", "Encrypted ClientHello to Cloudflare's public name vanishes", "tls", of="sni_drop"),
        _row("esni_drop", "EsniDrop", "Encrypted SNI vanishes, and with it its server's port", "tls"),
        _row("port_443_reset", "PortReset", "Every connection to port 443 is reset as it begins", "tcp"),
        _row("http_block_page", "BlockPage", "A forged HTTP answer in place of the page", "http", "name"),
        _row(
            "http_302_stub",
            "BlockPage",
            "A redirect to the provider's page races the true answer",
            "http",
            "name",
            of="http_block_page",
        ),
        _row(
            "http_403_iran",
            "BlockPage",
            "Iran's page with an iframe, by name and path, on any port",
            "http",
            "name",
            of="http_block_page",
        ),
        _row(
            "http_first_only",
            "BlockPage",
            "A forged page for the first request of a connection alone",
            "http",
            "name",
            of="http_block_page",
        ),
        _row("http_reset", "HttpReset", "Forged resets once a name is seen in the Host line", "http", "name"),
        _row("http_rst_payload", "RstPayload", "Resets with a payload of zeros, by the Host line", "http", "name"),
        _row(
            "http_keyword_reset",
            "KeywordReset",
            "Resets for most requests with a keyword, then for a while for others",
            "http",
            "name",
        ),
        _row("http_race_redirect", "RaceRedirect", "Requests to listed addresses are redirected now and then", "http"),
        _row(
            "freeze", "Freeze", "A flow goes silent after so many packets or bytes, both ways counted", "flow", "name"
        ),
        _row("udp_first_n", "Freeze", "The first datagrams of a UDP flow pass, then silence", "flow", of="freeze"),
        _row("police", "Police", "Packets beyond a rate are dropped; round trips stay short", "flow", "name", "rate"),
        _row("shape", "Shape", "Packets beyond a rate wait in a queue; round trips grow", "flow", "name", "rate"),
        _row(
            "subnet_loss",
            "SubnetLoss",
            "A share of the client's packets to listed prefixes is lost",
            "address",
            "packets",
        ),
        _row("udp_loss", "UdpLoss", "Datagrams are lost in bursts, and come late: calls crackle", "udp"),
        _row("stun_drop", "StunDrop", "STUN requests or answers vanish: calls ring and never connect", "udp"),
        _row("quic_v1_drop", "QuicV1Drop", "QUIC version 1 vanishes, by port, size and version alone", "udp"),
        _row("quic_sni_drop", "QuicSniDrop", "Silence from the Initial on that shows a name", "udp", "name"),
        _row(
            "quic_sni_residual",
            "QuicSniResidual",
            "Datagrams to a server vanish for a time once an Initial has shown a name",
            "udp",
            "name",
        ),
        _row("quic_midflow_drop", "QuicMidflowDrop", "QUIC shakes hands, and its data vanishes", "udp"),
        _row(
            "udp_endpoint",
            "Blackhole",
            "Datagrams to listed addresses on one port vanish, TCP passes",
            "address",
            of="address_blackhole",
        ),
        _row("udp_unknown_drop", "UdpUnknownDrop", "UDP that is no known protocol vanishes", "udp"),
        _row(
            "udp_loss_bursts",
            "UdpLoss",
            "Datagrams are lost in spells, one in each cycle of ten seconds",
            "udp",
            of="udp_loss",
        ),
        _row(
            "discord_discovery_drop",
            "DiscordDiscoveryDrop",
            "Discord's question for one's own address vanishes: calls never connect",
            "udp",
        ),
        _row(
            "dtls_fingerprint",
            "DtlsFingerprint",
            "A flow dies shortly after a DTLS handshake that a library is known by",
            "udp",
        ),
        _row("wireguard_signature", "WireguardSignature", "WireGuard's handshake vanishes", "udp", "tunnel"),
        _row(
            "wireguard_late_kill", "WireguardLateKill", "A WireGuard tunnel dies after a few packets", "udp", "tunnel"
        ),
        _row("openvpn_opcode", "OpenvpnOpcode", "OpenVPN is known by its first bytes and lost", "tunnel"),
        _row("ipsec_ports", "IpsecPorts", "IPsec, L2TP and PPTP vanish by port and protocol number", "tunnel"),
        _row(
            "tor_directory_drop",
            "Blackhole",
            "Silence towards Tor's directory authorities, and bridges that are listed",
            "address",
            "tunnel",
            of="address_blackhole",
        ),
        _row(
            "obfs4_cooldown",
            "Obfs4Cooldown",
            "A connection that begins with random bytes is lost, and its server for a minute",
            "tcp",
            "tunnel",
        ),
        _row(
            "front_block",
            "SniDrop",
            "The names of domain fronts are dropped, now and then",
            "tls",
            "name",
            "tunnel",
            of="sni_drop",
        ),
        _row(
            "proxy_condemned",
            "ProxyCondemned",
            "A proxy inside TLS loses its port after so many connections, then its address",
            "tls",
            "tunnel",
        ),
    ),
)
