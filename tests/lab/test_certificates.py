"""Certificates that we write ourselves, read by somebody else's library and by OpenSSL."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from harness.lab.servers import certificate
from harness.lab.servers.certificate import Subject

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)


def subject(name: str, **more: object) -> Subject:
    return Subject(**{  # type: ignore[arg-type]
        "name": name, "key": ec.generate_private_key(ec.SECP256R1()), "begins": NOW - DAY, "ends": NOW + DAY, **more,
    })  # fmt: skip


ROOT = subject("Lab Root")
NAMES = tuple(f"{'long-' * 9}name-{number}.example.org" for number in range(40))  # lengths of two bytes and more
HOST = subject("www.example.org", names=("www.example.org", *NAMES), addresses=("192.0.2.7", "2001:db8::7"))


def read(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def verified(host: Subject, at: dt.datetime = NOW) -> list[x509.Certificate]:
    """The chain that a client that goes by the book (RFC 5280, CA/B Forum) accepts for the host's first name."""
    policy = PolicyBuilder().store(Store([read(certificate.root(ROOT))])).time(at)
    server = policy.build_server_verifier(x509.DNSName("www.example.org"))
    return server.verify(read(certificate.leaf(host, ROOT)), [])


def test_a_strict_client_accepts_the_chain() -> None:
    assert ["www.example.org", "Lab Root"] == [
        one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for one in verified(HOST)
    ]


def test_it_says_of_the_host_what_it_was_told() -> None:
    leaf = read(certificate.leaf(HOST, ROOT))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert list(HOST.names) == names.get_values_for_type(x509.DNSName)
    assert [ipaddress.ip_address(text) for text in HOST.addresses] == names.get_values_for_type(x509.IPAddress)
    assert (HOST.begins, HOST.ends) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    assert HOST.key.public_key() == leaf.public_key()
    assert [ExtendedKeyUsageOID.SERVER_AUTH] == list(
        leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )


def test_it_names_the_key_of_its_issuer() -> None:
    leaf, root = read(certificate.leaf(HOST, ROOT)), read(certificate.root(ROOT))
    wanted = x509.SubjectKeyIdentifier.from_public_key(ROOT.key.public_key())

    assert wanted == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert wanted.digest == leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def test_an_authority_may_sign_and_a_host_may_not() -> None:
    root, leaf = read(certificate.root(ROOT)), read(certificate.leaf(HOST, ROOT))
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)

    constraints = [one.extensions.get_extension_for_class(x509.BasicConstraints) for one in (root, leaf)]
    assert [(True, True), (False, True)] == [(each.value.ca, each.critical) for each in constraints]
    assert (True, True, True) == (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign)
    assert not usage.value.digital_signature


@pytest.mark.parametrize("off", [-2 * DAY, 2 * DAY])
def test_out_of_its_time_it_is_refused(off: dt.timedelta) -> None:
    with pytest.raises(VerificationError):
        verified(HOST, NOW + off)


def test_times_beyond_2049_are_written_with_four_digits_of_the_year() -> None:
    far = subject("www.example.org", ends=dt.datetime(2050, 1, 1, tzinfo=dt.UTC))

    assert far.ends == read(certificate.leaf(far, ROOT)).not_valid_after_utc


def test_a_key_is_read_back() -> None:
    found = serialization.load_pem_private_key(certificate.private_key(HOST.key), None)

    assert isinstance(found, ec.EllipticCurvePrivateKey)
    assert HOST.key.private_numbers() == found.private_numbers()


def test_openssl_takes_the_pair(tmp_path: pathlib.Path) -> None:
    pair, root = tmp_path / "pair.pem", tmp_path / "root.pem"
    pair.write_bytes(certificate.private_key(HOST.key) + certificate.leaf(HOST, ROOT))
    root.write_bytes(certificate.root(ROOT))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=root)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server.load_cert_chain(pair)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up, server_hostname="192.0.2.7"), server.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue

    assert "TLSv1.3" == ends[0].version()
