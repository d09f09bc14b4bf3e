"""Documents know where everything stands, and refuse what YAML allows and nobody should write."""

import time

import pytest

from harness.document import BadFile, load, placeless
from harness.document.load import DEPTH

TEXT = """\
# a comment
top:
  - name: first
    "quoted key": [1, two]
  - &anchor {x: 1}
  - *anchor
ünïcode: äöü
"""


def complaint(text: str) -> str:
    with pytest.raises(BadFile) as caught:
        load(text, "t.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("loc", "expected"),
    [
        ((), (2, 1)),
        (("top",), (3, 3)),
        (("top", 0, "name"), (3, 11)),
        (("top", 0, "quoted key", 1), (4, 23)),
        (("top", 2, "x"), (5, 17)),
        (("ünïcode",), (7, 10)),
        (("top", 0, "missing"), (3, 5)),
    ],
)
def test_a_value_knows_its_line_and_column(loc: tuple[str | int, ...], expected: tuple[int, int]) -> None:
    assert expected == load(TEXT, "t.yaml").at(loc)


def test_a_key_knows_its_line_and_column() -> None:
    assert (4, 5) == load(TEXT, "t.yaml").key_at(("top", 0, "quoted key"))


def test_values_come_without_places_too() -> None:
    assert {"top": [{"name": "first", "quoted key": [1, "two"]}, {"x": 1}, {"x": 1}], "ünïcode": "äöü"} == load(
        TEXT, "t.yaml"
    ).value()


def test_every_duplicate_key_is_told() -> None:
    said = complaint("a: 1\nb: {c: 1, c: 2}\na: 2\n")

    assert [
        't.yaml:2:11: key "c" stands twice, first on line 2; keep one',
        't.yaml:3:1: key "a" stands twice, first on line 1; keep one',
    ] == said.splitlines()


@pytest.mark.parametrize(
    "text", ["a: *hunter2", "a: !hunter2 x", "a: !!hunter2 x", "{http://u:hunter2@h: 1, http://u:hunter2@h: 2}"]
)
def test_what_may_be_a_password_is_not_repeated(text: str) -> None:
    assert "hunter2" not in complaint(text)


def test_an_alias_to_what_holds_it_is_refused() -> None:
    assert "an alias to nothing that stands before it" in complaint("a: &a [*a]\n")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.monotonic()

    assert "aliases that stand for more than 10000 values" in complaint("\n".join(["l0: &l0 [x]", *levels]))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ("{a: ", "}")])
def test_deep_nesting_is_refused_instead_of_overflowing(opened: str, closed: str) -> None:
    assert f"more than {DEPTH} lists" in complaint(opened * 20_000 + closed * 20_000)


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_nothing_is_no_document(text: str) -> None:
    assert "t.yaml:1:1: the file is empty; write a mapping" == complaint(text)


def test_a_lone_surrogate_is_refused_where_it_stands() -> None:
    assert "t.yaml:1:5: a character that YAML does not allow" in complaint("a: x\udc80")


def test_plain_data_has_a_document_without_places() -> None:
    assert {"a": [1, {"b": None}]} == placeless({"a": (1, {"b": None})}, "world").value()
