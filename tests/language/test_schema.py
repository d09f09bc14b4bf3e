"""The committed schemas are those of the models, fit the shipped files, and refuse what the loader refuses."""

import json
import pathlib

import jsonschema
import pytest

from harness import catalogue
from harness.document import load as parse
from harness.kinds import Kind, Table
from harness.model import Json
from harness.paths import HOPS, Tables
from harness.probes.table import PROBES
from harness.scenario.schema import schema, schemas, text
from harness.vantage import worldschema
from tests.language.conftest import BAD, ROOT

FOLDER = ROOT / "harness" / "schema"
SHIPPED = {
    "messengers.reach.yaml": "scenario",
    "calls.reach.yaml": "scenario",
    "paths.yaml": "paths",
    "controls.yaml": "controls",
    "trust.yaml": "trust",
    "expect/ru-2026-02.yaml": "expect",
    **{f"services/{file.name}": "service" for file in (catalogue.shipped() / "services").glob("*.yaml")},
}
SHAPES = ("unknown-key", "no-list", "bad-name", "unknown-proof-key", "two-probes", "unknown-claim", "unknown-probe")


def validator(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((FOLDER / f"{name}.v1.json").read_text(encoding="utf-8")))


def value(file: pathlib.Path) -> Json:
    return parse(file.read_text(encoding="utf-8"), file.name).value()


@pytest.mark.parametrize("name", [*sorted(catalogue.schemas()), worldschema.NAME])
def test_the_committed_schema_is_that_of_the_models(name: str) -> None:
    made = worldschema.schema() if name == worldschema.NAME else catalogue.schemas()[name]

    same = text(made) == (FOLDER / name).read_text(encoding="utf-8")
    assert same, "the models or the tables have changed; run python -m harness.schema, and commit what it writes"


@pytest.mark.parametrize("name", sorted(set(SHIPPED.values())))
def test_the_committed_schema_is_draft_07(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(validator(name).schema)


@pytest.mark.parametrize("file", SHIPPED)
def test_a_shipped_file_fits_its_schema_and_names_it(file: str) -> None:
    whole = catalogue.shipped() / file

    assert [] == [error.message for error in validator(SHIPPED[file]).iter_errors(value(whole))]
    assert f"$schema=../{'../' * file.count('/')}harness/schema/{SHIPPED[file]}.v1.json" in whole.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_schema_refuses_a_wrong_shape_too(shape: str) -> None:
    file = next(file for file in BAD if shape in file.name)

    assert not validator("scenario").is_valid(value(file))


@pytest.fixture(scope="module")
def world() -> jsonschema.Draft7Validator:
    made = validator("world")
    made.check_schema(made.schema)
    return made


def test_every_shipped_world_fits_its_schema(world: jsonschema.Draft7Validator) -> None:
    files = sorted((ROOT / "fixtures" / "worlds").glob("*.yaml"))

    assert [] == [(file.name, error.message) for file in files for error in world.iter_errors(value(file))]


WORLD = {"world": "w", "title": "w", "extends": "open"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"hots": []},
        {"hosts": [{"name": "h", "adresses": []}]},
        {"hosts": [{"name": "h", "services": [{"dns": {"nxdomian": []}}]}]},
        {"censor": ["sni_rest"]},
        {"censor": [{"sni_reset": {"nmaes": []}}]},
        {"vantages": {"sea": {"censor": [{"sni_reset": {"nmaes": []}}]}}},
        {"paths": {"p": {"hpos": []}}},
        {"controls": {"c": {"htp": "https://example.org/"}}},
    ],
    ids=str,
)
def test_the_schema_of_worlds_refuses_what_the_lab_refuses(
    world: jsonschema.Draft7Validator, wrong: dict[str, Json]
) -> None:
    assert world.is_valid(WORLD)
    assert not world.is_valid({**WORLD, **wrong})


def test_the_schema_of_worlds_says_beside_a_key_what_its_comment_says(world: jsonschema.Draft7Validator) -> None:
    schema: Json = world.schema
    known = schema["definitions"]

    assert "RST+ACK instead of a bare RST" == known["Reset"]["properties"]["ack"]["description"]
    assert "Forged resets once a name is seen in the ClientHello" == known["behaviour_sni_reset"]["description"]


def test_the_schema_holds_the_kinds_of_third_parties() -> None:
    row = Kind(name="tunnel", params="harness.paths.params:Proxy", build="x:y", summary="a tunnel of one's own")
    probe = Kind(name="knock", params="harness.probes.params:Tcp", build="x:y", summary="a knock")
    tables = Tables(probes=Table("probe", [*PROBES, probe]), hops=Table("hop", [*HOPS, row]))
    made = jsonschema.Draft7Validator(schema(tables))

    assert made.is_valid(
        {
            "scenario": "s",
            "targets": [{"name": "t", "check": {"knock": "h:1"}}],
            "paths": [{"p": {"via": {"tunnel": {"host": "h", "port": 1}}}}],
        }
    )
    assert "a tunnel of one's own" == schemas(tables)["paths.v1.json"]["definitions"]["hop_tunnel"]["description"]
