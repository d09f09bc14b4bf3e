"""Values stay what they look like: YAML 1.2's core schema, where YAML 1.1 would have changed them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.document import BadFile, load
from harness.model import Json


def value(text: str) -> Json:
    return load(f"key: {text}\n", "t.yaml").value()["key"]


@pytest.mark.parametrize(
    "text",
    ["NO", "no", "on", "off", "yes", "y", "1:30", "12:30:45", "2026-02-11", "0b1", "1_000", "0O7", "0x", "=", "1.2.3"],
)
def test_what_looks_like_a_text_is_one(text: str) -> None:
    assert text == value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_what_looks_like_a_number_or_a_word_of_yaml_is_one(text: str, expected: Json) -> None:
    assert (type(expected), expected) == (type(value(text)), value(text))


@pytest.mark.parametrize("text", ["'010'", '"true"', "!!str 010", "'null'", "! 5"])
def test_quotes_and_the_tag_of_texts_make_a_text(text: str) -> None:
    assert isinstance(value(text), str)


@pytest.mark.parametrize("text", ["9" * 5000, "1e999", ".inf", "-.INF", ".nan"])
def test_a_number_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match=r"t.yaml:1:6: a number without an end"):
        value(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_any_quoted_text_comes_back(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"

    assert text == value(quoted)
