"""SSH in the lab by the system's own client: sessions, forwarding, and a censor that counts what they carry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab import Lab, Rule, load_world, open_lab
from harness.lab.servers.sshwire import Fields, Garbled, mpint, string
from tests import needs

ABROAD = {4: "23.192.228.80", 6: "2600:1406:bc00:53::b81e:94ce"}  # www.example.com
HOSTS = {4: "45.136.20.22", 6: "2a0e:1c80:7::22"}
CALM = [
    *("-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
    *("-o", "ConnectTimeout=2", "-o", "BatchMode=yes"),
]

pytestmark = needs.needs(shutil.which("ssh"), "no ssh on this machine; install openssh-client")


@pytest.fixture(scope="module")
def lab(able: None) -> Iterator[Lab]:
    with open_lab(load_world("ssh-rate")) as opened:
        yield opened


def client(lab: Lab, family: int, script: str) -> str:
    """What a script writes in whose words `SSH` is the client with its options, up to the host's name."""
    login = " ".join(["ssh", *CALM, f"anybody@{HOSTS[family]}"])
    program = lab.popen(["sh", "-c", script.replace("SSH", login)], stdout=subprocess.PIPE)
    return program.communicate(20).decode().strip()


def fetched(lab: Lab, address: str) -> str:
    """How a machine answers on port 80, "000" where it does not in time."""
    host = f"[{address}]" if ":" in address else address
    argv = ["curl", "--silent", "--max-time", "0.7", "--output", "-", "--write-out", "%{http_code}", f"http://{host}/"]
    return lab.popen(argv, stdout=subprocess.PIPE).communicate(5).decode()[-3:]


def test_a_session_says_back_what_it_is_told(lab: Lab, family: int) -> None:
    lab.swap([])

    assert "3000000" == client(lab, family, "head -c 3000000 /dev/zero | SSH cat | wc -c")
    assert "words\n0" == client(lab, family, "echo words | SSH anything; echo $?")


def test_keys_are_exchanged_anew_while_a_session_speaks(lab: Lab) -> None:
    lab.swap([])

    assert "3000000" == client(lab, 4, "head -c 3000000 /dev/zero | SSH -o RekeyLimit=200K cat | wc -c")


def test_a_connection_is_forwarded_by_the_names_of_the_world(lab: Lab, family: int) -> None:
    lab.swap([])
    asked = r"printf 'GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n'"

    page = client(lab, family, f"{asked} | SSH -W www.example.com:80")
    nobody = client(lab, family, "SSH -W nobody.example:80 </dev/null 2>&1; echo $?")

    assert "<title>Example Domain</title>" in page
    assert nobody.endswith("255")


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "www..example"])
def test_what_is_no_name_leads_nowhere_and_ends_nothing(lab: Lab, name: str) -> None:
    lab.swap([])

    assert client(lab, 4, f"SSH -W {name}:80 </dev/null 2>&1; echo $?").endswith("255")
    assert "still" == client(lab, 4, "echo still | SSH cat")


def test_a_slow_session_passes_and_a_fast_one_costs_its_server(lab: Lab, family: int) -> None:
    lab.swap([Rule(behaviour="ssh_rate", params={})])
    mark = lab.mark()

    slow = client(lab, family, "head -c 100000 /dev/zero | SSH cat | wc -c")  # 200 kB both ways, within 5 s
    still = fetched(lab, HOSTS[family])
    fast = client(lab, family, "head -c 400000 /dev/zero | timeout 1.2 SSH cat | wc -c")

    assert ("100000", "200", True) == (slow, still, int(fast) < 250_000)  # 50 kB/s over 5 s
    assert ("000", "200") == (fetched(lab, HOSTS[family]), fetched(lab, ABROAD[family]))
    logged = [event.action for event in lab.log(mark)]
    assert ("match", {"match", "drop", "residual"}) == (logged[0], set(logged))


@given(st.binary(max_size=80))
def test_any_message_has_fields_or_ends_its_connection(data: bytes) -> None:
    fields = Fields(data)
    try:
        assert isinstance(fields.string(), bytes)
        assert fields.number() >= 0
    except Garbled:
        return


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "00000000"), (0x9A378F9B2E332A7, "0000000809a378f9b2e332a7"), (0x80, "000000020080")],
)
def test_numbers_are_written_as_in_the_rfc(number: int, written: str) -> None:
    assert bytes.fromhex(written) == mpint(number.to_bytes(32, "big"))
    assert bytes.fromhex(written) == string(mpint(number.to_bytes(8, "big"))[4:])
