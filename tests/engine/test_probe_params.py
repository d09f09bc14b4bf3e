from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from harness.kinds import load
from harness.probes.table import PROBES


def plain(kind: str, written: dict[str, Any]) -> Any:
    """What a scenario writes, made into the JSON that the engine is handed."""
    model: type[BaseModel] = load(PROBES[kind].params)
    return model.model_validate(written).model_dump(mode="json", exclude_defaults=True)


IN_LABELS = "xn--e1afmkfd.xn--p1ai"
SPELLINGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("http", {"url": "https://a.example/"}, {"url": "https://a.example/"}),
    ("http", {"url": "http://a/", "proof": {"status": 200}}, {"url": "http://a/", "proof": {"status": [200]}}),
    ("http", {"url": "http://a/", "proof": {"json": {"a": 1}}}, {"url": "http://a/", "proof": {"json": {"a": 1}}}),
    ("tcp", {"url": "tcp://a.example:80"}, {"host": "a.example", "port": 80}),
    ("tcp", {"url": "[2001:db8::1]:80"}, {"host": "2001:db8::1", "port": 80}),
    ("tls", {"url": "a.example"}, {"host": "a.example"}),
    ("tls", {"host": "192.0.2.1", "port": 8443, "verify": False}, {"host": "192.0.2.1", "port": 8443, "verify": False}),
    ("tcp", {"url": "пример.рф:80"}, {"host": IN_LABELS, "port": 80}),
    ("quic", {"host": "a.example."}, {"host": "a.example"}),
    (
        "tls",
        {"host": "192.0.2.1", "server_name": "straße.de"},
        {"host": "192.0.2.1", "server_name": "xn--strae-oqa.de"},
    ),
    ("http", {"url": "https://a.example./x#y"}, {"url": "https://a.example/x"}),
    ("http", {"url": "https://a:b@[2001:db8::1]:8/"}, {"url": "https://a:b@[2001:db8::1]:8/"}),
    ("http", {"url": "http://u@пример.рф:8/ж?q=%C3%BC ü"}, {"url": f"http://u@{IN_LABELS}:8/%D0%B6?q=%C3%BC%20%C3%BC"}),
    ("websocket", {"url": "wss://пример.рф"}, {"url": f"wss://{IN_LABELS}"}),
    ("dns", {"url": "a.example"}, {"name": "a.example"}),
    ("dns", {"name": "a", "server": "udp://9.9.9.9"}, {"name": "a", "server": "udp://9.9.9.9"}),
    ("mtproto", {"url": "tcp://192.0.2.1:443", "dc": 4}, {"url": "tcp://192.0.2.1:443", "dc": 4}),
    (
        "websocket",
        {"url": "wss://a/", "proof": {"send": "hi", "expect": {"text": "ho"}}},
        {"url": "wss://a/", "proof": {"steps": [{"send": "hi", "expect": {"text": "ho"}}]}},
    ),
]


@pytest.mark.parametrize(("kind", "written", "given"), SPELLINGS, ids=str)
def test_what_a_scenario_writes_becomes_plain_json(kind: str, written: dict[str, Any], given: dict[str, Any]) -> None:
    assert given == plain(kind, written)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("http", {"url": "ftp://a/"}, "write http://host... or https://host..."),
    ("http", {"url": "https://"}, "write http://host... or https://host..."),
    ("http", {"url": "https://a:99999/"}, "write http://host... or https://host..."),
    ("http", {"url": "https://a/", "proof": {"body": "("}}, "no regular expression"),
    ("http", {"url": "https://a/", "proof": {"statsu": 200}}, "Extra inputs"),
    ("http", {"url": "https://a/", "proof": {"status": 42}}, "greater than or equal to 100"),
    ("tcp", {"url": "a.example"}, "Field required"),
    ("tcp", {"host": "a", "port": 0}, "greater than or equal to 1"),
    ("tls", {"url": "[::1"}, "write host:port"),
    ("websocket", {"url": "https://a/"}, "write ws://host... or wss://host..."),
    ("websocket", {"url": "wss://a/", "proof": {}}, "Field required"),
    ("dns", {"name": "a", "server": "9.9.9.9"}, "pattern"),
    ("exit", {"url": "https://a/", "port": 1}, "Extra inputs"),
]


@pytest.mark.parametrize(("kind", "written", "complaint"), REFUSED, ids=str)
def test_what_a_probe_cannot_use_is_refused_when_it_is_read(kind: str, written: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as refused:
        plain(kind, written)
    assert "input_value" not in str(refused.value)


@pytest.mark.parametrize("row", list(PROBES), ids=lambda row: row.name)
def test_every_row_leads_to_what_it_names(row: Any) -> None:
    assert callable(load(row.build))
    assert issubclass(load(row.params), BaseModel)
    assert set(row.secret) <= set(load(row.params).model_fields)
