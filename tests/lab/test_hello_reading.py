"""What the censor reads off a ClientHello: lists, fingerprints with published values, and garbage without harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import fingerprint, hello
from harness.wire import tls
from tests.lab.conftest import hello as true_hello
from tests.lab.hellos import ALPN, CHROME_2023, CHROME_2025, CHROME_LONG, ECH, FIREFOX, GREASE, SNI, Made
from tests.lab.test_garbage import mangled

MADE = [CHROME_2023, CHROME_2025, CHROME_LONG, FIREFOX, Made(), Made(name=None), Made(kinds=())]


def read(made: Made) -> hello.Hello:
    return hello.read(made.record, join=False)


def test_every_list_is_read_in_its_order() -> None:
    seen = read(CHROME_2023)

    made = CHROME_2023
    assert (True, "www.example.org", 0x0303) == (seen.whole, seen.name, seen.version)
    assert (made.ciphers, made.kinds, made.groups) == (seen.ciphers, seen.extensions, seen.groups)
    assert (made.formats, made.signatures, made.versions) == (seen.formats, seen.signatures, seen.versions)
    assert made.alpn == seen.protocols


def test_a_name_is_known_as_it_was_written() -> None:
    seen = read(Made(name="WWW.Example.org"))

    assert ("www.example.org", "WWW.Example.org") == (seen.name, seen.spelled)


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        ((GREASE, 0x0304, 0x0303), 0x0304),
        ((0x0303,), 0x0303),
        ((), 0x0302),
        ((0xFEFD, 0xFEFC, 0xFEFF), 0xFEFC),
        ((0xFEFF, 0xFEFD, 0x0303), 0xFEFD),
    ],
)
def test_the_newest_version_is_the_one_that_counts(versions: tuple[int, ...], newest: int) -> None:
    assert newest == read(Made(version=0x0302, versions=versions)).newest


def test_the_published_fingerprint_of_chrome_is_found() -> None:
    assert "t13d1516h2_8daaf6152771_e5627efa2ab1" == fingerprint.ja4(read(CHROME_2023))


def test_the_fingerprint_that_telegrams_fake_tls_was_known_by_is_found() -> None:
    assert "t13d1516h2_8daaf6152771_d8a2da3f94cd" == fingerprint.ja4(read(CHROME_2025))


def test_ja3_lists_five_things_without_grease() -> None:
    # The worked example of github.com/salesforce/ja3, and GREASE among it.
    ciphers = (GREASE, 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4)
    seen = read(Made(version=769, ciphers=ciphers, kinds=(SNI, GREASE, 10, 11), groups=(GREASE, 23, 24, 25)))

    assert "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0" == fingerprint.ja3(seen)
    assert "ada70206e40642a3e4461f35503241d5" == fingerprint.ja3_digest(seen)


def test_the_order_of_extensions_changes_ja3_and_not_ja4() -> None:
    one, other = read(CHROME_2023), read(CHROME_2023.but(kinds=tuple(reversed(CHROME_2023.kinds))))

    assert fingerprint.ja3(one) != fingerprint.ja3(other)
    assert fingerprint.ja4(one) == fingerprint.ja4(other)


@pytest.mark.parametrize(
    ("changed", "head"),
    [
        ({"name": None}, "t13i0505h2"),
        ({"alpn": ()}, "t13d050600"),
        ({"alpn": (b"\xab\xcd",)}, "t13d0506ad"),
        ({"alpn": (b"dot",)}, "t13d0506dt"),
        ({"versions": (0x0303,)}, "t12d0506h2"),
        ({"kinds": ()}, "t12i050000"),
    ],
)
def test_the_head_of_ja4_says_version_name_counts_and_protocol(changed: dict[str, object], head: str) -> None:
    shown = fingerprint.ja4(read(Made().but(**changed)))

    assert head == shown.split("_")[0]


def test_an_empty_list_has_a_digest_of_zeros() -> None:
    assert "t12i000000_000000000000_000000000000" == fingerprint.ja4(read(Made(ciphers=(), kinds=())))


@pytest.mark.parametrize("made", MADE, ids=str)
def test_two_parsers_that_share_no_code_see_the_same_fingerprints(made: Made) -> None:
    ours, theirs = read(made), tls.client_hello(made.record)

    assert (theirs.ja3, theirs.ja4) == (fingerprint.ja3_digest(ours), fingerprint.ja4(ours))


def test_the_hello_of_this_python_is_read_whole() -> None:
    data = true_hello("www.facebook.com")
    ours, theirs = hello.read(data, join=True), tls.client_hello(data)

    assert (True, 0x0304, theirs.ja4) == (ours.whole, ours.newest, fingerprint.ja4(ours))


@pytest.mark.parametrize("made", [CHROME_LONG, FIREFOX, Made()], ids=["chrome", "firefox", "plain"])
def test_a_hello_cut_anywhere_shows_no_more_than_the_whole(made: Made) -> None:
    whole = read(made)
    for size in range(len(made.record)):
        part = hello.read(made.record[:size], join=False)
        assert not part.whole
        assert part.spelled in {None, whole.spelled}
        assert (part.ciphers, part.extensions) == (
            whole.ciphers[: len(part.ciphers)],
            whole.extensions[: len(part.extensions)],
        )


@given(st.one_of(*(mangled(made.message) for made in (CHROME_2025, Made())), st.binary(max_size=400)))
def test_a_mangled_message_is_read_or_refused_and_its_fingerprints_are_text(data: bytes) -> None:
    try:
        seen = hello.told(data)
    except hello.Other:
        return
    assert 36 == len(fingerprint.ja4(seen))
    assert 32 == len(fingerprint.ja3_digest(seen))
    assert seen.name is None or seen.name == seen.name.lower()


def test_lists_that_claim_more_than_there_is_show_what_there_is() -> None:
    made = Made(kinds=(ALPN, ECH), data={ALPN: b"\xff\xff\x02h2\xffx"})

    assert (b"h2", b"x") == read(made).protocols
