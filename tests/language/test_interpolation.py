"""Variables are filled in after parsing, on values only."""

from collections.abc import Callable

import pytest

from harness.document.reading import read
from harness.model import Json
from tests.language.conftest import API, Load

ENV = {"HOST": "api.example.org", "EMPTY": "", "YAML": "[1, {a: b}]", "TEN": "10"}


def filled(text: str) -> Json:
    return read(f"key: {text}\n", "t.yaml", ENV).value(("key",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://${HOST}/x", "https://api.example.org/x"),
        ("${NOT:-else}", "else"),
        ("${EMPTY:-else}", "else"),
        ("${EMPTY}", ""),
        ("${NOT:-}", ""),
        ("${NOT:-a:b-c}", "a:b-c"),
        ("$$HOST $${HOST}", "$HOST ${HOST}"),
        ("'^ok$'", "^ok$"),
        ("$HOST", "$HOST"),
        ("${secret:HOST}", "api.example.org"),
        ("${YAML}", "[1, {a: b}]"),
        ("${TEN}", "10"),
    ],
)
def test_a_value_is_filled_in(text: str, expected: str) -> None:
    assert expected == filled(text)


def test_keys_are_left_alone() -> None:
    assert {"${HOST}": 1} == read('"${HOST}": 1\n', "t.yaml", ENV).value()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NOT}", "variable NOT is not set; set it, or write ${NOT:-default}"),
        ("${EMPTY:?say it}", "variable EMPTY is not set; say it"),
        ("${NOT:?}", "variable NOT is not set; set it"),
        ("${secret:NOT}", "variable NOT is not set; set it, or write ${NOT:-default}"),
        ("x ${", "this is no variable; write ${NAME}, ${NAME:-default} or ${secret:NAME}; $$ is a dollar sign"),
        ("${1A}", "this is no variable; write ${NAME}, ${NAME:-default} or ${secret:NAME}; $$ is a dollar sign"),
        ("'${A:-${B}}'", "this is no variable; write ${NAME}, ${NAME:-default} or ${secret:NAME}; $$ is a dollar sign"),
    ],
)
def test_a_variable_that_cannot_be_filled_in_is_told(text: str, expected: str) -> None:
    reading = read(f"key: {text}\n", "t.yaml", ENV)
    reading.value()

    assert [f"t.yaml:1:6: {expected}"] == [str(complaint) for complaint in reading.complaints]


def test_a_secret_is_remembered_wherever_it_stands() -> None:
    reading = read("key: 'token=${secret:HOST}'\n", "t.yaml", ENV)
    reading.value()

    assert {"api.example.org"} == reading.secrets


def test_digits_of_a_variable_stand_for_a_number(load: Load) -> None:
    assert 7 == load(API + "retry: {attempts: '${N}'}\n", {"N": "7"}).plan.retry.attempts


def test_words_of_a_variable_do_not_stand_for_a_number(complaints: Callable[..., list[str]]) -> None:
    said = complaints(API + "retry: {attempts: '${N}'}\n", {"N": "seven"})

    assert ["5:19: a whole number is expected, not a text; write it in digits"] == said


def test_quoted_digits_are_no_number(complaints: Callable[..., list[str]]) -> None:
    assert ["5:19: a whole number is expected, not a text; write it in digits"] == complaints(
        API + 'retry: {attempts: "3"}\n'
    )
