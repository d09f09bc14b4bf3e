"""The closed list of mechanisms: what a verdict can say about how a cell came to fail."""

from __future__ import annotations

from collections.abc import Mapping

MECHANISMS: Mapping[str, str] = {
    # names
    "dns.nxdomain": "the path's resolver says that the name does not exist; elsewhere it resolves",
    "dns.no_answer": "the path's resolver answers without an address; elsewhere the name resolves",
    "dns.refused": "the path's resolver refuses this name, and answers others",
    "dns.servfail": "the path's resolver fails for this name, and answers others",
    "dns.drop": "questions for this name get no answer; others do",
    "dns.reset": "connections that ask for this name are cut; others are answered",
    "dns.bogon": "the answer lies in address space that cannot be public",
    "dns.injection": "several answers that contradict each other came to one question",
    "dns.hijack": "over UDP somebody else answers in the resolver's name; over TCP it answers otherwise",
    "dns.forged": "the address given out does not belong to the target",
    # addresses
    "ip.blackhole": "connections to the address get no answer",
    "ip.refuse": "connections to the address are refused or reset at once",
    "ip.icmp_reject": "a router on the way answers that the address cannot be reached",
    # TLS
    "tls.reset_on_sni": "the connection is reset once the name is visible in the ClientHello",
    "tls.drop_on_sni": "everything falls silent once the name is visible in the ClientHello",
    "tls.close_on_sni": "the connection is closed once the name is visible in the ClientHello",
    "tls.reset": "the connection is reset during the TLS handshake",
    "tls.drop": "everything falls silent during the TLS handshake",
    "tls.close": "the connection is closed during the TLS handshake",
    "tls.alert": "the handshake is answered with an alert that the genuine server does not send",
    "tls.mitm": "another's certificate is shown in place of the target's",
    # HTTP in the clear
    "http.block_page": "another page is served in place of the target's",
    "http.reset": "the connection is reset once the request is visible",
    "http.drop": "everything falls silent once the request is visible",
    "http.close": "the connection is closed once the request is visible",
    # inside a connection
    "flow.reset": "an established connection is reset",
    "flow.drop": "an established connection falls silent before the first answer",
    "flow.close": "an established connection is closed without an answer",
    "flow.freeze": "a transfer stops without a word after its first bytes",
    "flow.policed": "what exceeds a rate is dropped: far slower than a neutral host, with losses, the round trip flat",
    "flow.shaped": "what exceeds a rate is queued: far slower than a neutral host, the round trip grows under load",
    "flow.slowed": "far slower than a neutral host over the same path, by means that were not seen",
    "flow.impostor": "somebody else answers in the target's place",
    # datagrams
    "stun.drop": "STUN is answered by nobody over this path, while TCP is",
    "quic.drop": "QUIC is answered by nobody over this path, while TCP is",
    "quic.drop_on_sni": "QUIC falls silent once the name is visible in its Initial",
    "udp.drop": "datagrams to the target get no answer over this path; elsewhere they do",
    "udp.freeze": "a stream of datagrams falls silent after its first ones",
    "media.loss": "a stream of datagrams loses more than its floor allows; another does not",
    "media.jitter": "a stream of datagrams arrives late or unevenly; another does not",
    # the proxy's side
    "hop.target_refused": "the proxy answers that it will not or cannot reach the target; others it reaches",
    "hop.target_silent": "the proxy hangs up or waits for this target; others it reaches",
    # the path itself
    "path.credentials_refused": "the path's server does not accept the credentials",
    "path.protocol": "what answers does not speak the protocol of the path's server",
    "path.server_unresolved": "the name of the path's server does not resolve",
    "path.server_refused": "the path's server refuses connections",
    "path.server_silent": "the path's server does not answer",
    "path.server_unreachable": "the path's server cannot be reached",
    "path.server_reset": "the connection to the path's server is cut during its handshake",
    "path.server_identity": "the path's server shows a certificate that does not verify",
    "path.resolver_unresolved": "the name of the path's resolver does not resolve",
    "path.resolver_refused": "the path's resolver refuses connections",
    "path.resolver_silent": "the path's resolver does not answer at all",
    "path.resolver_unreachable": "the path's resolver cannot be reached",
    "path.resolver_reset": "the connection to the path's resolver is cut, as a rule once its name is visible",
    "path.resolver_identity": "the path's resolver shows a certificate that does not verify",
    "path.resolver_misbehaving": "the path's resolver does not answer neutral questions either",
    "path.stale_pin": "the address that the path pins for the name does not serve the target any more",
    "path.no_passage": "the path stands, and carries nothing to neutral hosts",
    "net.slow": "a neutral host over this path fares no better: the line is poor",
    "path.engine_missing": "the outside program that carries the path is not installed here",
    "path.engine_failed": "the outside program that carries the path does not start, or has ended",
    "tunnel.wireguard_drop": "WireGuard's handshakes find no answer, though the server's host is there",
    "net.domestic_only": "hosts at home answer over this path, hosts abroad do not",
    # the service
    "service.refused": "the genuine server answers, and not with the proof; over another path it does",
    "service.no_such_name": "the name does not exist anywhere",
    "service.slow": "over a path known good the service is as slow",
    # ourselves
    "local.no_network": "nothing answers over any path: there is no network here",
    "local.no_resolver": "no resolver is configured on this machine",
    "local.ipv6": "IPv6 does not work here at all",
    "local.firewall": "this machine forbids the connection itself",
    "local.clock": "certificates of neutral hosts are out of date too: our clock is probably wrong",
    "local.interception": "neutral hosts too are shown with certificates or pages that are not theirs",
    "local.overload": "our own process was too late for the timing to mean anything",
    "local.interrupted": "the check was cut short by us",
}
