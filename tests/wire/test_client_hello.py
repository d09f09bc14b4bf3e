import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import tls
from tests.wire.garbage import outcome


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number, 16) for number in text.split())


def hello(name: str | None = "www.example.org", alpn: tuple[str, ...] = ("h2", "http/1.1")) -> bytes:
    """The first bytes that OpenSSL sends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


def test_a_hello_shows_its_name_its_protocols_and_its_size() -> None:
    data = hello()

    read = tls.client_hello(data)

    assert ("www.example.org", ("h2", "http/1.1"), len(data)) == (read.sni, read.alpn, read.size)
    assert 0x0304 in read.versions


def test_a_hello_without_a_name_shows_none() -> None:
    read = tls.client_hello(hello(name=None, alpn=()))

    assert (None, ()) == (read.sni, read.alpn)


def test_a_hello_split_over_records_is_the_same_hello() -> None:
    data = hello()
    message = data[5:]
    cut = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (message[:40], message[40:]))

    assert tls.client_hello(data).ja4 == tls.client_hello(cut).ja4


def test_the_published_fingerprint_is_found() -> None:
    # FoxIO-LLC/ja4, technical_details/JA4.md: the lists of its worked example, and the fingerprint it gives.
    shown = tls.ClientHello(
        size=0,
        version=0x0303,
        ciphers=numbers("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"),
        extensions=numbers("001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"),
        sni="a.example",
        alpn=("h2",),
        groups=(),
        point_formats=(),
        signatures=numbers("0403 0804 0401 0503 0805 0501 0806 0601"),
        versions=(0x0A0A, 0x0304, 0x0303),
    )

    assert "t13d1516h2_8daaf6152771_e5627efa2ab1" == shown.ja4


@pytest.mark.parametrize(("number", "sprinkled"), [(0x0A0A, True), (0xFAFA, True), (0x0A1A, False), (0x1301, False)])
def test_grease_is_known_when_it_is_seen(number: int, sprinkled: bool) -> None:
    assert sprinkled is tls.grease(number)


def test_certificates_are_found_in_both_shapes_of_the_message() -> None:
    old = bytes.fromhex("0b00000a" + "000007" + "000004" + "deadbeef")
    new = bytes.fromhex("0b00000d" + "00" + "000009" + "000004" + "deadbeef" + "0000")

    assert (bytes.fromhex("deadbeef"),) == tls.certificates(old, tls13=False)
    assert (bytes.fromhex("deadbeef"),) == tls.certificates(new, tls13=True)


@given(st.binary(max_size=300))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    for parse in (
        tls.client_hello,
        lambda message: tls.certificates(message, tls13=True),
        lambda message: tls.certificates(message, tls13=False),
    ):
        assert outcome(parse, data)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_damaged_hello_is_malformed_or_read_and_nothing_else(at: int, byte: int) -> None:
    data = bytearray(hello())
    data[at % len(data)] = byte

    assert outcome(lambda damaged: tls.client_hello(damaged).ja4, bytes(data))
