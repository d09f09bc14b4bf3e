import asyncio
from dataclasses import replace
from typing import cast

import dns.message
import dns.rrset

from harness.model import Level, Path, Spec, Stage, Trust, Walk
from harness.probes.dns import _asked_path
from tests.engine.loopback import Authority, answering, see, silent, walked


def test_a_connection_is_all_that_a_tcp_probe_shows() -> None:
    walk = see(silent, "tcp", {"host": "site.example"})

    assert ([Stage.RESOLVE, Stage.CONNECT], Level.E1) == ([seen.stage for seen in walk.observations], walk.level)


def test_a_closed_port_is_a_refusal() -> None:
    walk = asyncio.run(walked("tcp", {"host": "127.0.0.1", "port": 1}, trust=Trust(), path=Path(name="direct")))

    assert (Stage.CONNECT, "connection_refused", Level.NONE) == (walk.failed_at, walk.failure, walk.level)


def test_a_verified_handshake_is_authenticated_transport(vouched: Authority) -> None:
    assert Level.E2 == see(silent, "tls", {"host": "site.example"}, vouched).level


def test_an_unverified_handshake_shows_only_that_somebody_shook_hands(vouched: Authority) -> None:
    walk = see(silent, "tls", {"host": "site.example", "server_name": "other.example", "verify": False}, vouched)

    assert (True, Level.E1) == (walk.completed, walk.level)


def test_the_name_that_is_sent_is_the_name_that_is_verified(vouched: Authority) -> None:
    walk = see(silent, "tls", {"host": "site.example", "server_name": "other.example"}, vouched)

    assert (Stage.TLS, "ssl_invalid_hostname") == (walk.failed_at, walk.failure)


def test_an_uncommon_hello_is_answered_as_well_and_looks_otherwise(vouched: Authority) -> None:
    seen = [
        see(silent, "tls", {"host": "site.example", "uncommon": uncommon}, vouched).at(Stage.TLS)
        for uncommon in (False, True)
    ]

    heads, ciphers, others = zip(*(str(one and one.detail["ja4"]).split("_") for one in seen), strict=True)
    assert heads[0][:4] == heads[1][:4] == "t13d"
    assert 2 == len(set(heads)) == len(set(ciphers)) == len(set(others))


def test_a_server_that_speaks_no_tls_fails_the_handshake() -> None:
    walk = see(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls", {"host": "site.example"}, seconds=0.5)

    assert Stage.TLS == walk.failed_at


class Zone(asyncio.DatagramProtocol):
    """Answers A with one address, and anything else with no record."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        if query.question[0].rdtype.name == "A":
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.7"))
        self.transport.sendto(answer.to_wire(), addr)


BEHIND_A_TUNNEL = Path(
    name="vpn",
    resolver=Spec(kind="udp", params={"server": "9.9.9.9", "port": 53}),
    lookup="hops",
    hops=(Spec(kind="wireguard", params={"host": "nl.example.net"}),),
)


def asked(server: bool) -> Walk:
    """A name asked of the zone: named in the check, or as the path's own resolver."""

    async def world() -> Walk:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Zone, ("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        resolver = Spec(kind="udp", params={"server": "127.0.0.1", "port": 1 if server else port})
        named = {"server": f"udp://127.0.0.1:{port}"} if server else {}
        path = Path(name="mine", resolver=resolver)
        walk = await walked("dns", {"name": "a.example", "types": ["A"], **named}, trust=Trust(), path=path)
        transport.close()
        return walk

    return asyncio.run(world())


def test_a_name_is_asked_of_the_paths_own_resolver() -> None:
    walk = asked(server=False)

    assert walk.last is not None
    assert (["192.0.2.7"], Level.E0) == (walk.last.detail["addresses"], walk.level)


def test_a_question_for_one_type_leaves_the_family_of_the_paths_own_servers_alone() -> None:
    path = replace(BEHIND_A_TUNNEL, base=Spec(kind="direct", params={"family": 4}))
    asked = _asked_path({"name": "a.example", "types": ["AAAA"]}, path)

    assert (path.hops, path.base) == (asked.hops, asked.base)
    assert {"server": "9.9.9.9", "port": 53, "family": 6} == asked.resolver.params


def test_a_name_is_asked_of_the_server_that_the_check_names() -> None:
    walk = asked(server=True)

    assert walk.last is not None
    assert ["192.0.2.7"] == walk.last.detail["addresses"]
