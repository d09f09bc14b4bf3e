"""Hosts of a world, asked from its client by the standard library alone."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.lab import Lab, load_world, open_lab
from tests.truth.lab import skip_without_lab

REFLECTED = """
import http.client, json, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
by_proxy = http.client.HTTPSConnection("proxy.example.org", 3128, context=context, timeout=9)
by_proxy.set_tunnel("echo.example.net", 443, {"Proxy-Authorization": "Basic YWxpY2U6bGFiLW9mZmljZQ=="})
ours = ("100.64.0.2", 0)
direct = http.client.HTTPSConnection("echo.example.net", 443, context=context, timeout=9, source_address=ours)
sources = []
for connection in (direct, by_proxy):
    connection.request("GET", "/")
    sources.append(json.loads(connection.getresponse().read())["source"])
print(json.dumps(sources))
"""
KNOCK = """
import json, socket, sys
def knock(address, port):
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError as exc:
        return type(exc).__name__
    return "open"
print(json.dumps([knock(address, int(port)) for address, port in zip(sys.argv[1::2], sys.argv[2::2])]))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The open world, with one host of it down."""
    skip_without_lab()
    world = load_world("open")
    hosts = tuple(dataclasses.replace(host, down=host.name == "gazette") for host in world.hosts)
    with open_lab(dataclasses.replace(world, hosts=hosts)) as opened:
        yield opened


def said(lab: Lab, script: str, *words: str) -> object:
    """What a script of the client prints."""
    running = lab.popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE)
    assert running.stdout is not None
    with running.stdout as stdout:
        text = stdout.read()
    running.wait(20)
    return json.loads(text)


def test_a_proxy_dials_out_from_its_own_address(lab: Lab) -> None:
    assert ["100.64.0.2", "95.216.10.20"] == said(lab, REFLECTED, str(lab.trust.ca_file))


def test_no_host_answers_for_another(lab: Lab) -> None:
    whatsapp, news = ("157.240.205.61", "5222"), ("151.101.3.10", "5222")

    assert ["open", "ConnectionRefusedError"] == said(lab, KNOCK, *whatsapp, *news)


def test_a_host_that_is_down_refuses_in_both_families(lab: Lab) -> None:
    gazette = ("151.101.67.10", "443", "2a04:4e42:600::810", "443")

    assert ["ConnectionRefusedError"] * 2 == said(lab, KNOCK, *gazette)
