"""True datagrams, mangled, under all rules about datagrams and tunnels: nothing raises, what passes is what came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.lab import rules
from harness.lab.censor.packet import CLIENT
from harness.lab.censor.rule import CompiledRule, compiled
from tests.lab import dtls_packets, initial_packets
from tests.lab.conftest import query
from tests.lab.dtls_packets import CHROME_124, FIREFOX_127, flight, server_hello
from tests.lab.frames import Wire, datagram, rule, segment
from tests.lab.hellos import CHROME_2023
from tests.lab.test_call_rules import ASKED, NTP
from tests.lab.test_datagram_rules import DATA, INITIATION, REQUEST, RESPONSE
from tests.lab.test_garbage import mangled

QUIC = (initial_packets.VERSION_1, initial_packets.VERSION_2, initial_packets.GOOGLE)
OPENVPN = (b"\x38" + bytes(13), b"\x40" + bytes(25), b"\x28" + bytes(21), b"\0\x0e\x38" + bytes(13))
DTLS = (
    flight(dtls_packets.CLIENT_HELLO, CHROME_124),
    flight(dtls_packets.CLIENT_HELLO, FIREFOX_127),
    flight(dtls_packets.SERVER_HELLO, server_hello(10, 23)),
)
TRUE = (
    *QUIC,
    *OPENVPN,
    *DTLS,
    ASKED,
    NTP,
    REQUEST,
    INITIATION,
    RESPONSE,
    DATA,
    query("example.org"),
    CHROME_2023.record,
)

RULES = [
    rule("quic_v1_drop"),
    *(rule("quic_sni_drop", names=["*"], reassembly=how) for how in ("first", "none", "frames", "datagrams")),
    rule("quic_sni_residual", names=["*"], latency=0),
    rule("quic_midflow_drop"),
    rule("dtls_fingerprint", delay=0),
    rule("dtls_fingerprint", mark="server_groups", of="both", delay=0),
    rule("discord_discovery_drop"),
    rule("udp_unknown_drop", entropy=7.5),
    rule("udp_loss_bursts", loss=0.5),
    rule("stun_drop"),
    rule("wireguard_signature", drop="both"),
    rule("wireguard_late_kill", packets=1),
    rule("openvpn_opcode", scrambled=True, at="exchange"),
    rule("openvpn_acks", packets=10),
    rule("ipsec_ports"),
    rule("obfs4_cooldown"),
    rule("proxy_condemned", uses=1),
]
EACH = [compiled(rules.plain([one]), seed=1, generation=0) for one in RULES]


PORTS = st.sampled_from([443, 1194, 50000])
MESSAGES = st.lists(st.tuples(st.sampled_from(TRUE).flatmap(mangled), st.booleans(), st.booleans(), PORTS), max_size=8)


@given(st.sampled_from(EACH), MESSAGES, st.sampled_from([4, 6]))
def test_mangled_datagrams_and_segments_pass_as_they_came_or_not_at_all(
    only: list[CompiledRule], messages: list[tuple[bytes, bool, bool, int]], family: int
) -> None:
    wire = Wire()
    wire.engine.swap(only)
    for at, (data, tcp, back, port) in enumerate(messages):
        more = {"family": family, "dport": port, "back": back}
        frame = segment(data, at=1 + at, **more) if tcp else datagram(data, **more)

        assert wire.receive(frame, CLIENT + back) in ([], [(1 - back, frame)])
