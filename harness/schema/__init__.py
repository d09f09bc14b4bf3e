"""The committed JSON Schemas, as editors read them. `harness.scenario.schema` makes them; a test holds them equal."""
