"""A world that stays up, as its user meets it: ways in for programs inside and outside, and what is refused."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import socks  # type: ignore[import-untyped]

from harness.errors import ApparatusError
from harness.lab import visit

NAME = f"sni-reset-{os.getpid()}"
COMMAND = (sys.executable, "-m", "harness.cli.main", "lab")
LISTED, OTHER = "news.example.org", "www.example.com"  # in the world sni-reset

pytestmark = pytest.mark.usefixtures("able")


@dataclass(frozen=True, kw_only=True)
class Served:
    """What `lab serve` printed."""

    host: str
    port: int
    user: str
    password: str
    ca_file: str


def serving(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, "serve", "sni-reset", "--name", name], stdout=subprocess.PIPE, text=True)


def ways(lab: subprocess.Popen[str]) -> Served:
    assert lab.stdout
    told = "".join(lab.stdout.readline() for _ in range(5))
    proxy = urllib.parse.urlsplit(re.findall(r"socks5h://\S+", told)[0])
    assert proxy.hostname
    assert proxy.port
    return Served(
        host=proxy.hostname,
        port=proxy.port,
        user=proxy.username or "",
        password=proxy.password or "",
        ca_file=told.split()[-1],
    )


@pytest.fixture(scope="module")
def served(able: None) -> Iterator[Served]:
    """A served world; at the end it is asked to go, and goes in good order."""
    with serving(NAME) as lab:
        yield ways(lab)
        lab.send_signal(signal.SIGTERM)
        assert 0 == lab.wait(10)


def connected(served: Served, host: str, port: int = 443, password: str = "") -> socks.socksocket:
    """A connection from outside, by PySocks; the name is resolved inside."""
    word = password or served.password
    login = {"proxy_username": served.user, "proxy_password": word, "proxy_rdns": True}
    end: socks.socksocket = socks.create_connection(
        (host, port), timeout=10, proxy_type=socks.SOCKS5, proxy_addr=served.host, proxy_port=served.port, **login
    )
    return end


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30, check=False)


def test_a_program_outside_shakes_hands_with_a_server_inside(served: Served) -> None:
    context = ssl.create_default_context(cafile=served.ca_file)
    with connected(served, OTHER) as end, context.wrap_socket(end, server_hostname=OTHER) as session:
        assert "TLSv1.3" == session.version()


def test_a_reset_inside_is_a_reset_outside(served: Served) -> None:
    context = ssl.create_default_context(cafile=served.ca_file)
    with connected(served, LISTED) as end, pytest.raises(ConnectionResetError):
        context.wrap_socket(end, server_hostname=LISTED)


def test_who_does_not_know_the_password_stays_outside(served: Served) -> None:
    with pytest.raises(socks.ProxyError, match="authentication failed"):
        connected(served, OTHER, password="guessed")


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("no.such.example", 443, "Host unreachable"),
        (OTHER, 1, "Connection refused"),
    ],
)
def test_the_entrance_says_why_nothing_came_of_it(served: Served, host: str, port: int, why: str) -> None:
    with pytest.raises(socks.ProxyError, match=why):
        connected(served, host, port)


@pytest.mark.parametrize(
    ("command", "host", "code"),
    [(1, b"x" * 70 + b".example", 4), (1, b"\xff\xfe", 4), (2, b"www.example.com", 7)],
    ids=["a label too long", "no letters", "bind"],
)
def test_what_no_client_should_ask_is_answered_all_the_same(
    served: Served, command: int, host: bytes, code: int
) -> None:
    login = b"\1" + b"".join(bytes([len(word)]) + word.encode() for word in (served.user, served.password))
    request = bytes((5, command, 0, 3, len(host))) + host + bytes((1, 187))
    with socket.create_connection((served.host, served.port), 10) as end, end.makefile("rb") as told:
        end.sendall(b"\5\1\2" + login + request)

        assert b"\5\2\1\0" + bytes((5, code)) == told.read(6)


def web(served: Served, password: str = "") -> httpx.Client:
    """A client from outside that knows proxies of HTTP alone, as browsers do."""
    proxy = f"http://{served.user}:{password or served.password}@{served.host}:{served.port}"
    return httpx.Client(proxy=proxy, verify=ssl.create_default_context(cafile=served.ca_file), trust_env=False)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_browser_outside_reads_a_page_inside(served: Served, scheme: str) -> None:
    with web(served) as client:
        pages = [client.get(f"{scheme}://www.example.com/a?b=c") for _ in range(2)]

    assert [200, 200] == [page.status_code for page in pages]
    assert all("Example Domain" in page.text for page in pages)


def test_a_reset_inside_is_a_reset_for_a_browser_too(served: Served) -> None:
    with web(served) as client, pytest.raises(httpx.ConnectError):
        client.get(f"https://{LISTED}/")


def test_a_browser_is_asked_for_the_password(served: Served) -> None:
    with web(served, "guessed") as client:
        asked = client.get("http://www.example.com/")
        with pytest.raises(httpx.ProxyError, match="407"):
            client.get(f"https://{OTHER}/")

    assert (407, 'Basic realm="waygauge lab"') == (asked.status_code, asked.headers["proxy-authenticate"])


def test_a_browser_is_told_why_nothing_came_of_it(served: Served) -> None:
    with web(served) as client:
        assert 502 == client.get("http://no.such.example/").status_code
        assert "refused" in client.get(f"http://{OTHER}:1/").text


@pytest.mark.parametrize("said", ["GET / HTTP/1.1", "GET ftp://a/ HTTP/1.1", "CONNECT a HTTP/1.1", "hello", "\u00ff"])
def test_what_no_browser_should_ask_is_answered_all_the_same(served: Served, said: str) -> None:
    known = base64.b64encode(f"{served.user}:{served.password}".encode()).decode()
    with socket.create_connection((served.host, served.port), 10) as end, end.makefile("rb") as told:
        end.sendall(f"{said}\r\nProxy-Authorization: Basic {known}\r\n\r\n".encode())

        assert told.readline().startswith(b"HTTP/1.1 400 ")


def test_a_program_is_run_inside_with_its_streams_and_its_code(served: Served) -> None:
    script = f"import socket; print(socket.create_connection(('{OTHER}', 443)).getpeername()[1]); raise SystemExit(7)"

    done = run("run", "--in", NAME, "--", sys.executable, "-c", script)

    assert (7, "443\n", "") == (done.returncode, done.stdout, done.stderr)


def test_the_log_holds_what_the_censor_did_meanwhile_and_nothing_before(served: Served) -> None:
    script = (
        "import socket, ssl\n"
        f"end = socket.create_connection(('{LISTED}', 443))\n"
        f"ssl.create_default_context().wrap_socket(end, server_hostname='{LISTED}')"
    )
    logs = [run("log", "--in", NAME, "--", sys.executable, "-c", script).stderr for _ in range(2)]

    for log in logs:
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert [("match", LISTED), ("rst", "")] == [(event["action"], event["name"]) for event in events]


def test_packets_are_captured_for_as_long_as_a_program_runs(served: Served, tmp_path: pathlib.Path) -> None:
    script = f"import socket; socket.create_connection(('{OTHER}', 443))"
    assert 0 == run("pcap", "--in", NAME, str(tmp_path), "--", sys.executable, "-c", script).returncode
    sizes = [(tmp_path / name).stat().st_size for name in ("client.pcap", "internet.pcap")]
    run("run", "--in", NAME, "--", sys.executable, "-c", script)

    assert min(sizes) > 24 + 3 * 54  # the head of a capture, and a handshake
    assert sizes == [(tmp_path / name).stat().st_size for name in ("client.pcap", "internet.pcap")]


def test_a_program_ends_with_the_one_who_asked_for_it(served: Served, tmp_path: pathlib.Path) -> None:
    begun = tmp_path / "begun"
    script = f"import os, pathlib, time; pathlib.Path({str(begun)!r}).write_text('.'); time.sleep(600)"
    mark = f"WAYGAUGE_TEST={os.getpid()}"
    argv = [*COMMAND, "run", "--in", NAME, "--", "env", mark, sys.executable, "-c", script]
    with subprocess.Popen(argv) as asking:
        until = time.monotonic() + 10
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert running(mark)
        asking.kill()
    until = time.monotonic() + 5
    while running(mark) and time.monotonic() < until:
        time.sleep(0.02)

    assert not running(mark)


def running(mark: str) -> bool:
    """True where a process bears the mark in its environment."""
    environments = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environments.append((folder / "environ").read_bytes().split(b"\0"))
        except OSError:
            continue
    return any(mark.encode() in each for each in environments)


def test_a_world_whose_server_is_killed_leaves_no_entrance_no_file_and_no_name() -> None:
    name = f"{NAME}-killed"
    with serving(name) as lab:
        left = ways(lab)
        lab.kill()
    until = time.monotonic() + 1
    while (still := listening(left) or pathlib.Path(left.ca_file).exists()) and time.monotonic() < until:
        time.sleep(0.02)

    assert not still
    with serving(name) as again:
        assert ways(again)
        again.terminate()


def listening(served: Served) -> bool:
    with socket.socket() as end:
        return end.connect_ex((served.host, served.port)) == 0


def test_a_name_that_is_taken_is_refused_with_the_remedy(served: Served) -> None:
    done = run("serve", "open", "--name", NAME)

    assert 3 == done.returncode
    assert f'a lab is served as "{NAME}" already; end it, or write --name OTHER' in done.stderr


def test_a_name_that_is_too_long_is_refused_with_the_remedy() -> None:
    done = run("serve", "open", "--name", "n" * 200)

    assert 3 == done.returncode
    assert "is no name to serve under, or write --name OTHER" in done.stderr


def test_a_name_that_nobody_serves_is_told_with_those_that_are_up(served: Served) -> None:
    done = run("run", "--in", "nobody", "--", "true")

    assert 125 == done.returncode
    assert re.search(rf'no lab is served as "nobody"; up (is|are) .*{NAME}', done.stderr)


def test_where_nothing_is_up_the_remedy_is_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "served", list)

    with pytest.raises(ApparatusError, match="start one: waygauge lab serve nobody"):
        visit.visit("nobody", visit.Wish(argv=["true"]))


CALL = (sys.executable, "-c", f"import socket; socket.create_connection(('{LISTED}', 443))")


def test_a_world_that_is_up_gets_other_rules_and_tells_its_whole_log_by_filters() -> None:
    name = f"{NAME}-swapped"
    with serving(name) as lab:
        ways(lab)
        before = run("run", "--in", name, "--", *CALL).returncode
        swapped = run("swap", name, "address-refuse")
        after = run("run", "--in", name, "--", *CALL).returncode
        logs = [
            run("log", "--in", *only, name).stdout for only in ((), ("--only", "dport=443", "--only", "action=inject"))
        ]
        lab.terminate()

    assert (0, "", "") == (swapped.returncode, swapped.stdout, swapped.stderr)
    assert (0, 1) == (before, after)
    assert {"address_refuse"} == {json.loads(line)["behaviour"] for line in logs[0].splitlines()}
    assert "" == logs[1]


def test_a_log_is_followed_until_ctrl_c() -> None:
    name = f"{NAME}-followed"
    with serving(name) as lab:
        ways(lab)
        run("swap", name, "address-refuse")
        with subprocess.Popen([*COMMAND, "log", "--in", "--follow", name], stdout=subprocess.PIPE, text=True) as log:
            run("run", "--in", name, "--", *CALL)
            assert log.stdout
            line = log.stdout.readline()
            log.send_signal(signal.SIGINT)
            assert 0 == log.wait(10)
        lab.terminate()

    assert "address_refuse" == json.loads(line)["behaviour"]


def test_a_signal_reaches_a_program_in_a_served_world_too(served: Served) -> None:
    argv = [
        *COMMAND,
        "run",
        "--in",
        NAME,
        "--",
        "sh",
        "-c",
        "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        assert "ready\n" == asking.stdout.readline()
        asking.terminate()

        assert 5 == asking.wait(10)


def test_one_capture_at_a_time(served: Served, tmp_path: pathlib.Path) -> None:
    with subprocess.Popen([*COMMAND, "pcap", "--in", NAME, str(tmp_path / "one")]) as first:
        while not (tmp_path / "one" / "client.pcap").exists():
            time.sleep(0.02)
        second = run("pcap", "--in", NAME, str(tmp_path / "two"), "--", "true")
        first.send_signal(signal.SIGINT)
        assert 0 == first.wait(10)

    assert 125 == second.returncode
    assert "captured already" in second.stderr


@pytest.mark.parametrize("where", [("open",), ("--in", NAME)])
def test_a_program_that_is_not_there_is_named_in_one_line(served: Served, where: tuple[str, ...]) -> None:
    done = run("run", *where, "--", "no-such-program")

    assert (127, 'waygauge: "no-such-program" cannot be run: No such file or directory\n') == (
        done.returncode,
        done.stderr,
    )
