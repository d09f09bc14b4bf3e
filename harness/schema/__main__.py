"""Write the schemas anew after the models or the tables have changed: `python -m harness.schema`."""

from __future__ import annotations

import pathlib

from harness.kinds import load

HERE = pathlib.Path(__file__).parent


def write() -> None:
    """Put every schema beside this module."""
    world = load("harness.vantage.worldschema:NAME"), load("harness.vantage.worldschema:schema")()
    made = {**load("harness.catalogue:schemas")(), world[0]: world[1]}
    for name, schema in made.items():
        (HERE / name).write_text(load("harness.scenario.schema:text")(schema), encoding="utf-8")


if __name__ == "__main__":
    write()
