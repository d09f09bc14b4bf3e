"""Whatever is written: a plan, or complaints; never another exception, and never the value of a secret field."""

import pathlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.catalogue.reading import Around, read_within
from harness.document import BadFile
from harness.paths.spell import PathMapping
from harness.probes.table import PROBES
from harness.scenario.checks import CheckKeys
from harness.scenario.models import ControlNames, OwnTarget, ScenarioFile
from tests.language.conftest import ROOT

SHIPPED = (ROOT / "scenarios" / "messengers.reach.yaml").read_text(encoding="utf-8")
WORDS = st.sampled_from(
    [
        *(
            name
            for model in (ScenarioFile, ControlNames, OwnTarget, PathMapping, CheckKeys)
            for name in model.model_fields
        ),
        *(row.name for row in PROBES),
        *("service", "proof", "url", "direct", "whatsapp", "E3", "*", "${A}", "${", "", "socks5://u:p@h", "1s..8s"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: pathlib.Path, text: str) -> str:
    """The complaints about a text, or nothing."""
    file = folder / "any.reach.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read_within(file, Around(root=folder, env={}))
    except BadFile as exc:
        return str(exc)
    return ""


@PATIENT
@given(st.text())
def test_any_text_is_answered(tmp_path: pathlib.Path, text: str) -> None:
    assert read(tmp_path, text)


@PATIENT
@given(st.integers(0, len(SHIPPED)), st.integers(0, 30), st.text(max_size=4))
def test_any_slip_in_a_good_file_is_answered(tmp_path: pathlib.Path, at: int, gone: int, typed: str) -> None:
    read(tmp_path, SHIPPED[:at] + typed + SHIPPED[at + gone :])


@PATIENT
@given(VALUES, VALUES, VALUES)
def test_any_shape_is_answered(tmp_path: pathlib.Path, targets: Any, paths: Any, more: Any) -> None:
    import yaml

    whole = {
        "scenario": "any",
        "targets": targets,
        "paths": paths,
        **(more if isinstance(more, dict) else {"expect": more}),
    }
    read(tmp_path, yaml.safe_dump(whole, allow_unicode=True))


@pytest.mark.parametrize(
    "text",
    [
        "paths: [{o: {via: {socks5: {host: h, username: u, password: PLANTED, port: x}}}}]",
        "paths: [{o: {via: {socks5: {host: h, username: u, pasword: PLANTED}}}}]",
        "paths: [{o: {via: {socks: {host: h, username: u, password: PLANTED}}}}]",
        'paths: [{o: "socks5://u:PLANTED@h:x"}]',
        'paths: [{o: {hop: "socks5://u:PLANTED@h"}}]',
        'paths: ["socks5://u:PLANTED@h"]',
        'path: "socks5://u:PLANTED@h"',
        "paths: {o: 'socks5://u:PLANTED@h'}",
        "paths: [{'socks5://u:PLANTED@h': 1}]",
        "paths: [{o: *PLANTED}]",
        "paths: [{o: !PLANTED x}]",
        "paths: [{o: {via: {socks5: {host: h, username: u, password: [PLANTED]}}}}]",
        "targets: [{name: t, check: {http: {url: 'https://u:PLANTED@', credentials: {a: PLANTED}}}}]",
        "targets: [{name: t, check: {http: {url: 'https://h/', credentials: [PLANTED]}}}]",
        "targets: [{name: t, check: {http: {url: 'https://h/', credentials: {a: [PLANTED]}}}}]",
        "retry: {attempts: '${secret:PLANTED:-PLANTEDTOO x}'}",
    ],
)
def test_a_planted_secret_is_in_no_complaint(tmp_path: pathlib.Path, text: str) -> None:
    said = read(tmp_path, f"scenario: any\n{text}\n")

    assert said
    assert "PLANTED" not in said
