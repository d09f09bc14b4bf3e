"""What single datagrams are known by, byte by byte: a change within the sign lets one pass, one elsewhere does not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import dtls
from harness.lab.censor.behaviours.stun_drop import stun_class
from tests.lab import dtls_packets
from tests.lab.dtls_packets import CHROME_124, flight, server_hello
from tests.lab.frames import Wire, rule
from tests.lab.hellos import sized
from tests.lab.test_call_rules import ASKED
from tests.lab.test_datagram_rules import COOKIE, DATA, INITIATION, REQUEST, RESPONSE, quic, went

SIGNS: dict[str, tuple[str, dict[str, Any], bytes, int, Collection[int]]] = {
    "initiation": ("wireguard_signature", {"drop": "both"}, INITIATION, 51820, range(4)),
    "response": ("wireguard_signature", {"drop": "both"}, RESPONSE, 51820, range(4)),
    "quic": ("quic_v1_drop", {}, quic(1001), 443, range(1, 5)),
    "discovery": ("discord_discovery_drop", {}, ASKED, 50000, (*range(4), *range(8, 74))),
    "counter": ("wireguard_late_kill", {"mark": "counter", "packets": 0}, DATA, 51820, range(12, 16)),
    "openvpn": ("openvpn_opcode", {"at": "request"}, b"\x38" + bytes(13), 1194, (0,)),
}


@given(st.sampled_from(sorted(SIGNS)), st.data())
def test_a_change_matters_where_the_sign_is_and_nowhere_else(which: str, data: st.DataObject) -> None:
    behaviour, params, message, port, sign = SIGNS[which]
    at, change = data.draw(st.integers(0, len(message) - 1)), data.draw(st.integers(1, 255))
    changed = message[:at] + bytes([message[at] ^ change]) + message[at + 1 :]
    other_reset = which == "openvpn" and at == 0 and changed[0] == 0x50  # of tls-crypt-v2, which is known too

    assert "-" == went(Wire(rule(behaviour, **params)), message, dport=port)
    assert ("i" if at in sign and not other_reset else "-") == went(
        Wire(rule(behaviour, **params)), changed, dport=port
    )


@given(st.integers(0, 0xFFF), st.integers(0, 3), st.binary(max_size=60))
def test_the_class_of_a_message_lies_between_the_bits_of_its_method(method: int, kind: int, attributes: bytes) -> None:
    # RFC 8489 section 5, figure 3: the method's bits around those of the class
    type_ = (method & 0xF80) << 2 | (method & 0x70) << 1 | method & 0xF | (kind & 2) << 7 | (kind & 1) << 4
    message = type_.to_bytes(2, "big") + sized(2, attributes)[:2] + COOKIE + bytes(12) + attributes

    assert ("request", "indication", "response", "response")[kind] == stun_class(message)


@given(st.integers(0, 7), st.integers(1, 255))
def test_a_change_in_the_first_bits_or_the_cookie_makes_it_no_stun(at: int, change: int) -> None:
    changed = REQUEST[:at] + bytes([REQUEST[at] ^ change]) + REQUEST[at + 1 :]

    assert (stun_class(changed) == "") == (at >= 4 or (at == 0 and bool(change >> 6)))


def message(kind: int, body: bytes) -> bytes:
    """A handshake message without its record."""
    return flight(kind, body)[13:]


def record(*inside: bytes, kind: int = 22, epoch: int = 0) -> bytes:
    """A record with that in it."""
    return bytes([kind]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(6) + sized(2, b"".join(inside))


HELLO = message(dtls_packets.CLIENT_HELLO, CHROME_124)
ASK_AGAIN = message(0, b"")
PART = flight(11, bytes(40), start=40, of=200)[13:]
AROUND: list[Callable[[bytes], bytes]] = [
    record,
    lambda hello: record(ASK_AGAIN, hello),
    lambda hello: record(PART, hello, PART),
    lambda hello: record(b"\1\0", kind=21) + record(hello),
    lambda hello: record(PART) + record(hello) + record(bytes(30), kind=23, epoch=1),
    lambda hello: record(message(dtls_packets.SERVER_HELLO, server_hello(23)), hello),
]


@pytest.mark.parametrize("around", AROUND)
def test_a_hello_is_found_among_other_messages_and_records_of_its_datagram(around: Callable[[bytes], bytes]) -> None:
    data = around(HELLO)

    assert CHROME_124 in [body for kind, body in dtls.messages(data) if kind == dtls.CLIENT_HELLO]
    assert "-" == went(Wire(rule("dtls_fingerprint", delay=0)), data, dport=50000)
    assert "i" == went(Wire(rule("dtls_fingerprint", delay=0)), around(PART), dport=50000)


@given(st.sampled_from(AROUND), st.integers(0, 12), st.integers(1, 255))
def test_a_record_of_another_kind_or_epoch_shows_nothing_and_hides_nothing(
    around: Callable[[bytes], bytes], at: int, change: int
) -> None:
    data = around(HELLO)
    changed = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    found = [body for kind, body in dtls.messages(changed) if kind == dtls.CLIENT_HELLO]

    assert all(len(body) < len(changed) for body in found)
    assert (CHROME_124 in found) or at not in range(5, 11)  # its number in the sequence says nothing
