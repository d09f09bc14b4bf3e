"""Rules about datagrams, tunnels, guesses and whole networks, each by what sets it off: a flow that is lost."""

from __future__ import annotations

from tests.lab import initial_packets, quic_client
from tests.lab.conftest import hello
from tests.lab.dtls_packets import CHROME_124, FIREFOX_127, flight
from tests.lab.each import BOTH, NEXT, Case, out
from tests.lab.hellos import CHROME_2025, FIREFOX, Made
from tests.lab.test_bridge_rules import GO, RANDOM, known
from tests.lab.test_call_rules import ASKED
from tests.lab.test_datagram_rules import DATA, INITIATION, REQUEST, RESPONSE, VOICE, quic
from tests.lab.test_heuristics import BANNER, GET, NEIGHBOUR, NOISE, OTHER_NOISE, TEXT
from tests.lab.test_quic_rules import ECH_HELLO
from tests.lab.test_tunnel_rules import session

INNOCENT = hello("www.example.org")
EXAMPLE, GOOGLE = initial_packets.VERSION_1, initial_packets.GOOGLE
SHORT = b"\x40" + bytes(60)
PAIR = [(True, VOICE), (False, VOICE)]
RULES: dict[str, Case] = {
    "quic_v1_drop": Case(bad=[*out(quic(), b"x"), (False, b"y")], went="- - -", good=[*out(quic(1000)), (False, b"y")]),
    "quic_sni_drop": Case(
        params={"names": ["example.com"]}, bad=[*out(EXAMPLE), (False, b"y")], went="- -", good=out(GOOGLE)
    ),
    "quic_sni_residual": Case(
        params={"names": ["example.com"], "latency": 0},
        bad=[*out(EXAMPLE, b"x"), (False, b"y")],
        went="i - c",
        good=out(GOOGLE, b"x"),
    ),
    "quic_ech_drop": Case(
        bad=out(quic_client.initial(quic_client.crypto(0, ECH_HELLO.message)), b"x"), went="- -",
        good=out(EXAMPLE, b"x"),
    ),
    "quic_midflow_drop": Case(
        bad=[*out(EXAMPLE), (False, EXAMPLE), *out(SHORT), (False, SHORT)], went="i c - -", good=out(EXAMPLE, SHORT)
    ),
    "udp_endpoint": Case(
        params={"prefixes": BOTH}, bad=PAIR, went="- -", good=PAIR, elsewhere={"port": 8443}, actions=("drop",)
    ),
    "stun_drop": Case(port=3478, bad=out(REQUEST, VOICE, REQUEST), went="- i -", good=PAIR),
    "udp_loss": Case(
        params={"loss": 1, "ports": [3478]}, port=3478, bad=PAIR, went="- -", good=PAIR, elsewhere={"port": 3479},
        actions=("lose",),
    ),
    "udp_loss_bursts": Case(
        params={"loss": 1, "prefixes": BOTH}, port=50000, bad=PAIR, went="- -", good=PAIR,
        elsewhere={"to": NEIGHBOUR}, actions=("lose",),
    ),
    "udp_first_n": Case(
        params={"packets": 3, "ports": [3478]}, port=3478, bad=PAIR * 2, went="i c i -", good=PAIR * 2,
        elsewhere={"port": 3479}, actions=("freeze",),
    ),
    "udp_unknown_drop": Case(bad=[*out(INITIATION), (False, RESPONSE)], went="- -", good=out(REQUEST, VOICE)),
    "discord_discovery_drop": Case(port=50050, bad=out(ASKED, VOICE, ASKED), went="- i -", good=PAIR),
    "dtls_fingerprint": Case(
        params={"delay": 0}, port=50000, bad=[*out(flight(1, CHROME_124)), (False, VOICE)], went="- -",
        good=[*out(flight(1, FIREFOX_127)), (False, VOICE)],
    ),
    "wireguard_signature": Case(
        port=51820, bad=[*out(INITIATION), (False, RESPONSE), *out(DATA)], went="- c i", good=out(INITIATION[:-1], DATA)
    ),
    "wireguard_late_kill": Case(
        port=51820, params={"packets": 2}, went="i c i c i - -",
        bad=[*out(INITIATION), (False, RESPONSE), (True, DATA), (False, DATA), *out(INITIATION, DATA, INITIATION)],
        good=out(DATA, DATA, DATA),
    ),
    "openvpn_opcode": Case(
        port=1194, bad=[*out(b"\x38" + bytes(13)), (False, b"\x40" + bytes(25)), *out(b"\x28" + bytes(21))],
        went="i - -", good=[*out(b"\x30" + bytes(13)), (False, b"\x40" + bytes(25))],
    ),
    "openvpn_acks": Case(
        params={"packets": 10}, port=1194, bad=list(session()[:11]), went="i c i c i i c i i - -",
        good=list(session(ack=bytes(21))[:12]),
    ),
    "ipsec_ports": Case(port=500, bad=PAIR, went="- -", good=PAIR, elsewhere={"port": 501}, actions=("drop",)),
    "tor_directory_drop": Case(
        params={"prefixes": BOTH}, tcp=True, bad=out(TEXT), went="- - -", good=out(TEXT), elsewhere={"to": NEIGHBOUR},
        actions=("drop",),
    ),
    "obfs4_cooldown": Case(
        tcp=True, bad=[*out(RANDOM), (False, RANDOM)], went="i c - -", good=out(RANDOM[:140], RANDOM)
    ),
    "front_block": Case(
        params={"probability": 1}, tcp=True, bad=[*out(Made(name="www.cdn77.com").record), (False, VOICE)],
        went="i c - -", good=out(INNOCENT, b"x"),
    ),
    "allow_names": Case(
        params={"names": ["example.org"]}, tcp=True, bad=[*out(hello("www.example.com")), (False, b"y")],
        went="i c - -", good=[*out(INNOCENT), (False, b"y")],
    ),
    "allow_prefixes": Case(
        params={"allow": NEXT}, tcp=True, bad=out(INNOCENT), went="- - -", good=out(INNOCENT),
        elsewhere={"to": NEIGHBOUR}, actions=("drop",),
    ),
    "mobile_crawl": Case(
        params={"prefixes": BOTH}, bad=out(VOICE, VOICE), went="- -", good=PAIR, elsewhere={"to": NEIGHBOUR},
        later="ii", actions=("queue",),  # nothing is lost, and all comes later
    ),
    "domestic_only": Case(
        params={"allow": NEXT, "probability": 1}, bad=PAIR, went="- -", good=PAIR, elsewhere={"to": NEIGHBOUR},
        actions=("drop",),
    ),
    "blackout": Case(
        params={"prefixes": BOTH}, bad=PAIR, went="- -", good=PAIR, elsewhere={"to": NEIGHBOUR}, actions=("drop",)
    ),
    "fully_encrypted": Case(
        params={"probability": 1}, tcp=True, bad=[*out(NOISE, NOISE), (False, b"y")], went="i c i - c",
        good=out(TEXT, NOISE),
    ),
    "protocol_allow_list": Case(
        tcp=True, bad=[*out(NOISE, NOISE), (False, b"y"), *out(NOISE)], went="i c i - c -", good=out(GET, NOISE, NOISE)
    ),
    "encapsulated_tls": Case(
        tcp=True, bad=[*out(NOISE * 2), (False, NOISE * 4), *out(NOISE)], went="i c i c -",
        good=[*out(TEXT), (False, NOISE * 4), *out(NOISE)],
    ),
    "tls_connection_count": Case(
        params={"connections": 0}, tcp=True, bad=out(FIREFOX.record, b"x"), went="i c - -",
        good=out(FIREFOX.but(name=None).record, b"x"),
    ),
    "tls_fingerprint_subnet": Case(
        params={"connections": 1, "prefixes": BOTH, "ja4": [known(CHROME_2025)]}, tcp=True,
        bad=out(CHROME_2025.record, b"x"), went="i c - -", good=out(FIREFOX.record, b"x"),
    ),
    "freeze": Case(
        params={"packets": 4, "ports": [443]}, tcp=True, bad=PAIR * 2, went="i c i c - -", good=PAIR * 2,
        elsewhere={"port": 8443}, actions=("freeze",),
    ),
    "ssh_rate": Case(
        params={"rate": 8000, "over": 1}, tcp=True, port=22, bad=[*out(BANNER, NOISE * 4), (False, b"y")],
        went="i c i - -", good=out(GET, NOISE * 4),
    ),
    "ssh_collateral": Case(
        params={"struck": [443], "ports": [22, 443]}, tcp=True, port=22, bad=out(OTHER_NOISE, b"x"), went="i c i i",
        good=out(GET, NOISE), actions=("match",),
    ),
    "proxy_condemned": Case(
        params={"ja4": [known(GO)], "uses": 1}, tcp=True, bad=out(GO.record, b"x"), went="i c i -",
        good=out(CHROME_2025.record, b"x"), actions=("match", "condemn", "drop"),
    ),
    "active_probe": Case(
        tcp=True, bad=out(NOISE, b"x"), went="i c i i", later="i", good=out(TEXT, NOISE), actions=("match",)
    ),
}  # fmt: skip
