"""The probes: one row each. `harness.probes` explains what a probe is.

Traits that others ask for: `E0` to `E5` is the level that a check shows by itself when it goes through, `proof` says
that a declared proof lifts it to E3, `line` that it measures quality and shares the line with no other such check,
`alone` that it fills the line, so that even its own walks come one by one, and `udp` that it speaks in datagrams.
"""

from __future__ import annotations

from harness.kinds import Kind, Table

PROBES = Table(
    "probe",
    (
        Kind(
            name="dns",
            params="harness.probes.params:Dns",
            build="harness.probes.dns:run",
            summary="a name is resolved, by the path's resolver or by a server named in the check",
            traits=frozenset({"E0"}),
        ),
        Kind(
            name="tcp",
            params="harness.probes.params:Tcp",
            build="harness.probes.tcp:run",
            summary="a TCP connection opens",
            traits=frozenset({"E1"}),
        ),
        Kind(
            name="tls",
            params="harness.probes.params:Tls",
            build="harness.probes.tls:run",
            summary="a TLS handshake completes and the certificate verifies",
            traits=frozenset({"E2"}),
        ),
        Kind(
            name="http",
            params="harness.probes.params:Http",
            build="harness.probes.http:run",
            summary="an HTTP request is answered, and the answer shows the declared proof",
            secret=("credentials",),
            traits=frozenset({"E2", "proof"}),
        ),
        Kind(
            name="exit",
            params="harness.probes.params:Exit",
            build="harness.probes.exit:run",
            summary="a reflector says which source address it sees",
            traits=frozenset({"E2"}),
        ),
        Kind(
            name="websocket",
            params="harness.probes.params:Websocket",
            build="harness.probes.websocket:run",
            summary="a WebSocket opens, and a script of frames is answered as declared",
            secret=("credentials",),
            traits=frozenset({"E2", "proof"}),
        ),
        Kind(
            name="whatsapp_noise",
            params="harness.probes.params:WhatsappNoise",
            build="harness.probes.whatsapp_noise:run",
            summary="WhatsApp's Noise responder shows a certificate under the trusted issuer key",
            traits=frozenset({"E3"}),
        ),
        Kind(
            name="mtproto",
            params="harness.probes.params:Mtproto",
            build="harness.probes.mtproto:run",
            summary="Telegram echoes our nonce and names a known public key",
            traits=frozenset({"E3"}),
        ),
        Kind(
            name="transfer",
            params="harness.probes.params:Transfer",
            build="harness.probes.transfer:run",
            summary="at least 64 KiB move each way on one connection; how fast, and where it stops",
            traits=frozenset({"E4", "line", "alone"}),
        ),
        Kind(
            name="stun",
            params="harness.probes.params:Stun",
            build="harness.probes.stun:run",
            summary="a STUN server answers with the source that it saw",
            traits=frozenset({"E2", "udp"}),
        ),
        Kind(
            name="quic",
            params="harness.probes.params:Quic",
            build="harness.probes.quic:run",
            summary="a QUIC server answers our Initial",
            traits=frozenset({"E2", "udp"}),
        ),
        Kind(
            name="carriage",
            params="harness.probes.params:Stun",
            build="harness.probes.carriage:run",
            summary="where a path resolves names, and whether a STUN server answers over it; a part of `path.up`",
            traits=frozenset({"E1", "udp"}),
        ),
        Kind(
            name="media",
            params="harness.probes.params:Media",
            build="harness.probes.media:run",
            summary="a stream like that of a voice goes to an echo and comes back; what of it, and how evenly",
            private=("host",),
            traits=frozenset({"E5", "line", "udp"}),
        ),
    ),
)
