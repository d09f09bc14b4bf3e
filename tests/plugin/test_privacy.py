"""Nothing secret and nothing private leaves: not by the record, JUnit, the terminal, arguments, or a test's output."""

import contextlib
import pathlib
import re
import subprocess
import sys
import time

import psutil
import pytest

# Where a link ends a password at a slash, the secret has none; the last is a key of WireGuard's.
SECRETS = (
    *(f"s3cret-{number}xyz" for number in range(5)),
    *(f"s3cret/+ =&{number}xyz" for number in range(5, 9)),
    "8JN4p/DgvpLf2DeuitRhjPxDSEU/Fl2IjtgLUGpfwUw=",
)
PRIVATE = (
    *("proxy.example.org", "proxy2.example.org", "203.0.113.77", "2001:db8:77::7"),  # of proxies
    *("dns.bridge.example", "192.0.2.53"),  # of a resolver
    *("198.51.100.7", "198.51.100.8", "bridge.example.net"),  # of tunnels
    *("relay.example.net", "65.21.30.40"),  # of the control's path, and where it comes out
    *("100.64.0.2", "2001:db8:64::2"),  # our own
)

PATHS = """
leaky-hop: {dns: "https://dns.bridge.example/x", bootstrap: [192.0.2.53], hops: ["socks5h://al:${S0}@proxy.example.org:1080"]}
leaky-chain: {hops: ["http://bob:${S1}@proxy2.example.org:3128", "socks5://carol:${S2}@203.0.113.77:1080"]}
leaky-six: {hops: ["http://dave:${S3}@[2001:db8:77::7]:3128"]}
leaky-tunnel: {file: own.conf}
leaky-share: {hops: ["ss://aes-256-gcm:${S4}@198.51.100.8:8388"]}
leaky-trojan: {hops: ["trojan://${S0}@bridge.example.net:443"]}
"""
TUNNEL = f"""
[Interface]
PrivateKey = {SECRETS[9]}
Address = 10.66.0.2/32
[Peer]
PublicKey = F9K+dY7U/QvDZn2cMrB3jVMRGZ1j4oNORGROSpCtQAQ=
Endpoint = 198.51.100.7:51820
AllowedIPs = 0.0.0.0/0
"""
WORLD = """
world: bridges
title: Nobody is at home at one's own servers
extends: open
censor:
  - sni_reset: {names: [news.example.org]}
hosts:
  - name: bridges
    down: true
    names: [dns.bridge.example, bridge.example.net]
    addresses: [203.0.113.77, "2001:db8:77::7", 192.0.2.53, 198.51.100.7, 198.51.100.8]
"""
SCENARIO = """
scenario: private
targets:
  - name: news
    check:
      http:
        url: "https://news.example.org/"
        headers: {x-a: "${secret:S5}"}
        credentials: {x-b: "${S6}", x-c: "${S7}", x-d: "${S8}"}
paths: [direct, leaky-hop, leaky-chain, leaky-six, leaky-tunnel, leaky-share, leaky-trojan, control-abroad]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], reflectors: [echo], paths: [control-abroad]}
retry: {attempts: 1, deadline: 3s}
"""
TESTS = f"""
    import contextlib, logging, os, warnings
    import httpx

    PRIVATE = {PRIVATE!r}

    def test_everything_leaks(via, record_property):
        local, kept = os.environ["S6"], PRIVATE
        print("printed", os.environ["S7"], *PRIVATE)
        logging.getLogger().warning("logged %s over %s", os.environ["S8"], PRIVATE)
        warnings.warn(f"warned of {{local}} at {{PRIVATE}}")
        record_property("property", local + PRIVATE[2])
        with contextlib.suppress(httpx.ProxyError, httpx.ConnectError):
            via("leaky-hop").get("https://recipes.example.org/?key=" + os.environ["S0"], timeout=2)
        with contextlib.suppress(OSError):
            open(PRIVATE[2] + local)
        raise ValueError(os.environ["S8"] + local, *PRIVATE)

    def test_an_error_from_the_path_leaks(via):
        via("leaky-chain").get("https://recipes.example.org/?key=" + os.environ["S1"])
"""


@pytest.fixture
def project(pytester: pytest.Pytester, lab: None, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for number, secret in enumerate(SECRETS):
        monkeypatch.setenv(f"S{number}", secret)
    (pytester.path / "paths.yaml").write_text(PATHS)
    (pytester.path / "own.conf").write_text(TUNNEL)
    (pytester.path / "bridges.yaml").write_text(WORLD)
    (pytester.path / "private.reach.yaml").write_text(SCENARIO)
    pytester.makepyfile(TESTS)
    return pytester


def leaks(text: str, names: tuple[str, ...] = SECRETS + PRIVATE) -> list[str]:
    return [name for name in names if name in text]


PLANTED = {"paths.yaml", "own.conf", "bridges.yaml", "private.reach.yaml"}


def outputs(project: pytest.Pytester) -> dict[str, str]:
    """All that a run left in its folder, what it said on the terminal among it."""
    files = (file for file in project.path.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"})
    return {file.name: file.read_text() for file in files if file.name not in PLANTED}


def test_no_output_holds_a_secret_or_a_private_name(project: pytest.Pytester) -> None:
    words = ["--world=bridges.yaml", "--record=run.jsonl", "--junitxml=junit.xml", "--log-file=pytest.log"]
    result = project.runpytest_subprocess(*words, "-vv", "-rA", "--showlocals", timeout=120)
    (project.path / "said.txt").write_text(result.stdout.str() + result.stderr.str())

    said = outputs(project)
    assert {} == {name: found for name, text in said.items() if (found := leaks(text))}
    for name in ("said.txt", "junit.xml", "pytest.log"):  # all of it was there to be hidden
        assert "secret&gt;" in said[name] or "<secret>" in said[name]
        assert len(PRIVATE) == len(set(re.findall(r"(?:addr|host)-[0-9a-f]{8}", said[name])) - {""}), name


def test_no_output_of_a_killed_run_holds_any_either(project: pytest.Pytester) -> None:
    words = [sys.executable, "-m", "pytest", "--world=bridges.yaml", "--record=run.jsonl", "private.reach.yaml"]
    with (project.path / "said.txt").open("wb") as said:
        running = subprocess.Popen(words, cwd=project.path, stdout=said, stderr=said)
        arguments = _arguments(running, project.path / "run.jsonl")
        running.kill()
        running.wait()

    assert {"run.jsonl", "said.txt"} <= outputs(project).keys()
    assert {} == {name: found for name, text in outputs(project).items() if (found := leaks(text))}
    assert ("harness.engine" in arguments, []) == (True, leaks(arguments))


def _arguments(running: subprocess.Popen[bytes], record: pathlib.Path) -> str:
    """Every argument list of the run and of what it started, watched until a cell is in the record."""
    seen: set[str] = set()
    end = time.monotonic() + 60.0
    while not (record.exists() and '"type":"cell"' in record.read_text()) and time.monotonic() < end:
        for one in psutil.Process(running.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                seen.add(" ".join(one.cmdline()))
        time.sleep(0.1)
    return "\n".join(seen)


def test_private_addresses_are_kept_where_they_are_asked_for(project: pytest.Pytester) -> None:
    words = ["--world=bridges.yaml", "--record=run.jsonl", "--record-addresses"]
    project.runpytest_subprocess(*words, "-k", "path.up and six")

    text = (project.path / "run.jsonl").read_text()
    assert "2001:db8:77::7" in text
    assert [] == leaks(text, SECRETS)
