from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import vocabulary
from harness.model import Attempt, CellFacts, Observation, Stage, Walk
from harness.probes.table import PROBES
from harness.redact import SECRET, Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=24).filter(
    lambda text: text.strip() == text and text not in SECRET and text not in vocabulary.words()
)


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_no_alignment_of_base64_hides_a_secret(secret: str, before: bytes, after: bytes) -> None:
    coded = base64.b64encode(before + secret.encode() + after).decode()

    hidden = Redactor([secret]).text(coded)

    filled = hidden.replace(SECRET, "A" * (len(coded) - len(hidden) + len(SECRET)), 1)

    assert SECRET in hidden
    assert secret.encode() not in base64.b64decode(filled)


@given(SECRETS, st.sampled_from(["raw", "quote", "quote_plus", "json", "ascii", "repr", "hex", "HEX", "bytes"]))
def test_every_form_of_a_secret_is_replaced(secret: str, form: str) -> None:
    written = {
        "raw": secret,
        "quote": urllib.parse.quote(secret, safe=""),
        "quote_plus": urllib.parse.quote_plus(secret),
        "json": json.dumps(secret, ensure_ascii=False)[1:-1],
        "ascii": json.dumps(secret)[1:-1],
        "repr": repr(secret)[1:-1],
        "hex": secret.encode().hex(),
        "HEX": secret.encode().hex().upper(),
        "bytes": repr(secret.encode())[2:-1],
    }[form]

    assert f"a={SECRET};" == Redactor([secret]).text(f"a={written};")


@given(st.lists(SECRETS, max_size=3), st.text(max_size=80))
def test_redacting_twice_changes_nothing_more(secrets: list[str], text: str) -> None:
    redactor = Redactor(secrets, ["proxy.example.org", "198.51.100.7"], b"key")

    once = redactor.text(f"{text}{''.join(secrets)} proxy.example.org")

    assert once == redactor.text(once)


@given(SECRETS)
def test_what_was_redacted_shows_no_leak(secret: str) -> None:
    redactor = Redactor([secret], ["proxy.example.org"])
    text = f"{secret} via proxy.example.org"

    assert ("a secret", "a private name") == redactor.leaks(text)
    assert () == redactor.leaks(redactor.text(text))


def test_a_short_secret_is_replaced_only_where_it_stands_alone() -> None:
    assert f"abcde pw={SECRET}" == Redactor(["abc"]).text("abcde pw=abc")


def test_a_secret_that_is_a_word_of_the_record_leaves_it_readable() -> None:
    redactor = Redactor(secrets=["target", "connect", "target:connect"], private=["resolver"])
    line = {"target": {"stage": "connect"}, "of": "resolver", "said": "socks5h://target:connect@192.0.2.1"}

    assert line | {"said": f"socks5h://{SECRET}@192.0.2.1"} == redactor.json(line)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("path.no_passage at path", "path.no_passage at path"),
        ("path.no_passage1", f"path.no_{SECRET}age1"),
        ("my pass is pass", f"my {SECRET} is {SECRET}"),
    ],
)
def test_a_secret_within_a_word_of_the_record_leaves_that_word(text: str, left: str) -> None:
    assert left == Redactor(secrets=["pass"]).text(text)


def test_the_words_of_the_record_hold_every_probe() -> None:
    assert {kind.name for kind in PROBES} <= vocabulary.words()


@pytest.mark.parametrize("written", ["2001:db8::7", "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:DB8::7"])
def test_an_address_has_one_pseudonym_in_every_spelling(written: str) -> None:
    redactor = Redactor((), ["2001:db8::7"], b"key")

    assert f"[{redactor.pseudonym('2001:db8::7')}]:443" == redactor.text(f"[{written}]:443")


def test_a_longer_address_is_left_alone() -> None:
    assert "198.51.100.71 198.51.100.7.1" == Redactor((), ["198.51.100.7"]).text("198.51.100.71 198.51.100.7.1")


def test_a_pseudonym_depends_on_the_key() -> None:
    assert Redactor(key=b"one").pseudonym("proxy.example.org") != Redactor(key=b"two").pseudonym("proxy.example.org")


def test_addresses_of_hops_and_exits_are_learnt_from_facts() -> None:
    seen = (
        Observation(stage=Stage.CONNECT, of="hop:1", detail={"address": "198.51.100.7", "port": 1080}),
        Observation(stage=Stage.CONNECT, detail={"address": "203.0.113.9", "port": 443}),
        Observation(stage=Stage.BODY, detail={"exit": "198.51.100.8"}),
        Observation(stage=Stage.RESOLVE, of="hop:1", detail={"more": ["198.51.100.9"]}),
    )
    redactor = Redactor(key=b"key")

    redactor.learn(_facts(Walk(check="one", observations=seen)))

    assert "203.0.113.9" in redactor.text("198.51.100.7 198.51.100.8 203.0.113.9")
    assert "198.51.100" not in redactor.text("198.51.100.7:1080 198.51.100.8 198.51.100.9")


def test_recorded_addresses_stay_and_secrets_do_not() -> None:
    redactor = Redactor(["hunter22"], ["198.51.100.7"], record_addresses=True)

    assert f"198.51.100.7 {SECRET}" == redactor.text("198.51.100.7 hunter22")


def test_keys_and_nested_values_are_redacted_alike() -> None:
    assert {SECRET: [SECRET, 1, None, True]} == Redactor(["hunter22"]).json({"hunter22": ["hunter22", 1, None, True]})


def _facts(*walks: Walk) -> CellFacts:
    return CellFacts(key="k", attempts=(Attempt(number=1, at=0.0, walks=walks),))
