"""Small is kept small: the sizes that CONTRIBUTING promises, measured over the whole of `harness/`."""

import ast
import pathlib
import statistics

ROOT = pathlib.Path(__file__).parents[2]
FILES = sorted((ROOT / "harness").rglob("*.py"))


def functions() -> list[tuple[int, int, str]]:
    """(lines, parameters, where) of every function."""
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                given = [arg for arg in node.args.args if arg.arg not in {"self", "cls"}] + node.args.kwonlyargs
                where = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                found.append((node.end_lineno - node.lineno + 1, len(given), where))
    return found


def ninetieth(values: list[int]) -> int:
    return sorted(values)[int(len(values) * 0.9)]


def test_functions_are_short() -> None:
    lines = [lines for lines, _, _ in functions()]

    assert statistics.median(lines) <= 8
    assert ninetieth(lines) <= 28


def test_no_function_is_long_or_takes_many_parameters() -> None:
    assert [] == [where for lines, given, where in functions() if lines > 60 or given > 6]


def test_files_are_short() -> None:
    lines = [path.read_text(encoding="utf-8").count("\n") for path in FILES]

    assert ninetieth(lines) <= 350
    assert max(lines) <= 500
