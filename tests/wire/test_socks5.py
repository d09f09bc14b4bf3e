import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import socks5
from harness.wire.malformed import Malformed
from tests.wire.garbage import outcome


@pytest.mark.parametrize(("password", "said"), [(False, "050100"), (True, "05020002")])
def test_a_password_is_offered_only_where_there_is_one(password: bool, said: str) -> None:
    assert bytes.fromhex(said) == socks5.greeting(password=password)


def test_a_login_is_two_fields_behind_their_lengths() -> None:
    assert b"\x01\x05alice\x06secret" == socks5.login("alice", "secret")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "05010001c000020101bb"),
        ("2001:db8::1", "0501000420010db800000000000000000000000101bb"),
        ("a.example", "0501000309612e6578616d706c6501bb"),
    ],
)
def test_an_address_travels_as_an_address_and_a_name_as_a_name(host: str, said: str) -> None:
    assert bytes.fromhex(said) == socks5.request(host, 443)


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        ("05000001c00002010438", socks5.Reply(code=0, host="192.0.2.1", port=1080)),
        ("050500010000000000 00", socks5.Reply(code=5, host="0.0.0.0", port=0)),
        ("050400030161 0001", socks5.Reply(code=4, host="a", port=1)),
        ("0500000400000000000000000000000000000001 0050", socks5.Reply(code=0, host="::1", port=80)),
        ("0500000400000000000000000000ffffc0000201 0050", socks5.Reply(code=0, host="192.0.2.1", port=80)),
    ],
)
def test_a_reply_is_read_whatever_address_it_names(data: str, reply: socks5.Reply) -> None:
    whole = bytes.fromhex(data)

    assert len(whole) == 5 + socks5.rest_of_reply(whole[:5])
    assert reply == socks5.reply(whole)


@pytest.mark.parametrize(("head", "code"), [("0500", None), ("0501", 1), ("05f0", 0xF0)])
def test_two_bytes_tell_a_refusal(head: str, code: int | None) -> None:
    refused = socks5.refusal(bytes.fromhex(head))

    assert code == (refused.code if refused else None)


def test_an_answer_from_ipv4_inside_ipv6_is_from_that_address() -> None:
    parcel = socks5.unpacked(bytes.fromhex("000000 04 00000000000000000000ffffc0000201 0050") + b"data")

    assert ("192.0.2.1", 80, b"data") == (parcel.host, parcel.port, parcel.data)


def test_reply_codes_have_the_words_of_the_rfc() -> None:
    assert "connection refused" == socks5.Reply(code=5, host="", port=0).meaning
    assert "unassigned" == socks5.Reply(code=200, host="", port=0).meaning


@pytest.mark.parametrize("answer", [b"HT", b"\x04\x00", b"\x05", b""])
def test_what_answers_otherwise_is_no_socks5_server(answer: bytes) -> None:
    with pytest.raises(Malformed):
        socks5.method(answer)


@pytest.mark.parametrize("username", ["", "x" * 256])
def test_a_user_name_that_the_protocol_cannot_carry_is_refused(username: str) -> None:
    with pytest.raises(Malformed):
        socks5.login(username, "secret")


@given(st.binary(max_size=40))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    for parse in (socks5.method, socks5.accepted, socks5.rest_of_reply, socks5.reply):
        assert outcome(parse, data) is not None
    assert data[:1] == b"\x05" or outcome(socks5.refusal, data) is Malformed
