"""A module imports only from lower layers; the lab stands apart and shares no protocol code with the probes."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LAYERS = (
    {"model", "errors", "__init__"},
    {
        *("kinds", "failures", "record", "redact", "document", "scenario", "paths", "plan", "wire", "judge", "schema"),
        *("compare", "shard", "vocabulary", "literals"),
    },
    {"dial", "resolve", "tunnels"},
    {"probes", "catalogue", "history", "report"},
    {"engine", "vantage"},
    {"plugin", "cli"},
)
LAB_MAY_IMPORT = {"model", "errors", "kinds", "document", "lab"}
LAB_IS_IMPORTED_BY = {"vantage", "cli", "lab"}


MODULES = sorted((ROOT / "harness").rglob("*.py"))


def part(path: pathlib.Path) -> str:
    """The part of the house a module stands in: `harness/dial/tls.py` is in `dial`."""
    return path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")


def imports(path: pathlib.Path) -> set[str]:
    """The parts of the house that a module imports, wherever in its text it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "harness":
            inside = node.module.split(".")[1:]
            found |= {inside[0]} if inside else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("harness.")}
    return {name for name in found if not name.startswith("__")}


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_own_layer_and_below(path: pathlib.Path) -> None:
    here = part(path)
    if here == "lab":
        assert imports(path) <= LAB_MAY_IMPORT
    else:
        assert [] == sorted(name for name in imports(path) - {"lab"} if layer(name) > layer(here))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_vantage_and_the_command_know_the_lab(path: pathlib.Path) -> None:
    assert "lab" not in imports(path) or part(path) in LAB_IS_IMPORTED_BY


def test_the_layers_name_every_part_of_the_house() -> None:
    named = set().union(*LAYERS) | {"lab"}

    assert {part(path) for path in MODULES} <= named
