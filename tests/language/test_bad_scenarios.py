"""One bad file for each complaint: the exact words, at the exact place, and nothing beside them."""

import pathlib

import pytest

from harness.catalogue.reading import Around, read_within
from harness.document import BadFile
from tests.language.conftest import BAD

PASSWORDS = ("swordfish", "fish@proxy")


def complaints(file: pathlib.Path) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read_within(file, Around(root=file.parent, env={}))
    return [str(complaint) for complaint in caught.value.complaints]


def expected(file: pathlib.Path) -> str:
    return file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ")


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name.removesuffix(".reach.yaml"))
def test_a_bad_file_gets_its_one_complaint(file: pathlib.Path) -> None:
    assert [f"{file.name}:{expected(file)}"] == complaints(file)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name.removesuffix(".reach.yaml"))
def test_a_complaint_says_what_to_write_and_keeps_passwords(file: pathlib.Path) -> None:
    said = expected(file)

    assert "; " in said
    assert not any(password in said for password in PASSWORDS)


def test_there_is_a_file_for_each_kind_of_complaint() -> None:
    messages = {expected(file).partition(": ")[2] for file in BAD}

    assert len(BAD) >= 30
    assert len(messages) >= len(BAD) - 2  # the same words may be due at different places


def test_every_complaint_of_a_file_is_told_at_once(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "many.reach.yaml"
    file.write_text(
        "scenario: Many\n"
        "targets:\n"
        "  - name: api\n"
        '    check: {htp: "https://api.example.org/"}\n'
        "  - service: whatsap\n"
        "paths: [direct, doh-quad, direct]\n"
        "controls: {foreign: [neutral-abrod]}\n"
        "retry: {attempts: many, deadline: 45}\n"
        "pats: []\n"
    )

    assert [(1, 11), (4, 13), (5, 14), (6, 17), (6, 27), (7, 22), (8, 19), (8, 35), (9, 1)] == places(file)


def places(file: pathlib.Path) -> list[tuple[int, int]]:
    return [(int(line), int(column)) for _, line, column, *_ in (said.split(":") for said in complaints(file))]
