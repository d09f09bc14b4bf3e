"""The committed JSON Schemas, as editors read them. `python -m harness.schema` makes them; a test holds them equal."""
