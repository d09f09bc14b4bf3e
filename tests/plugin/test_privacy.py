"""Nothing secret and nothing private leaves: not by the record, JUnit, the terminal, arguments, or a test's output."""

import contextlib
import pathlib
import subprocess
import sys
import time

import psutil
import pytest

# The first four stand in links, where a slash would end the password.
SECRETS = tuple(f"s3cret{'-' if number < 4 else '/+ =&'}{number}xyz" for number in range(10))
PRIVATE = ("proxy.example.org", "proxy2.example.org", "relay.example.net", "203.0.113.77", "2001:db8:77::7")

PATHS = """
leaky-hop: {hops: ["socks5h://alice:${S0}@proxy.example.org:1080"]}
leaky-chain: {hops: ["http://bob:${S1}@proxy2.example.org:3128", "socks5://carol:${S2}@203.0.113.77:1080"]}
leaky-six: {hops: ["http://dave:${S3}@[2001:db8:77::7]:3128"]}
"""
SCENARIO = """
scenario: private
targets:
  - name: news
    check:
      http:
        url: "https://news.example.org/"
        headers: {x-a: "${secret:S4}"}
        credentials: {x-b: "${S5}", x-c: "${S6}"}
  - name: recipes
    check: {http: {url: "https://recipes.example.org/", credentials: {x-d: "${S7}", x-e: "${S8}", x-f: "${S9}"}}}
paths: [direct, leaky-hop, leaky-chain, leaky-six]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [control-abroad]}
retry: {attempts: 1, deadline: 6s}
"""
TESTS = """
    import contextlib, logging, os
    import httpx

    def test_everything_leaks(via):
        local = os.environ["S6"]
        print("printed", os.environ["S7"])
        logging.getLogger().warning("logged %s", os.environ["S8"])
        with contextlib.suppress(httpx.ProxyError):
            via("leaky-hop").get("https://recipes.example.org/?key=" + os.environ["S0"])
        raise ValueError(os.environ["S9"] + local)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, lab: None, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for number, secret in enumerate(SECRETS):
        monkeypatch.setenv(f"S{number}", secret)
    (pytester.path / "paths.yaml").write_text(PATHS)
    (pytester.path / "private.reach.yaml").write_text(SCENARIO)
    pytester.makepyfile(TESTS)
    return pytester


def leaks(text: str, names: tuple[str, ...] = SECRETS + PRIVATE) -> list[str]:
    return [name for name in names if name in text]


def outputs(project: pytest.Pytester, said: str) -> dict[str, str]:
    files = {name: project.path / name for name in ("run.jsonl", "junit.xml", "pytest.log")}
    return {"terminal": said} | {name: file.read_text() for name, file in files.items() if file.exists()}


def test_no_output_holds_a_secret_or_a_private_name(project: pytest.Pytester) -> None:
    words = [
        "--world",
        "sni-reset",
        "--record=run.jsonl",
        "--junitxml=junit.xml",
        "-vv",
        "-ra",
        "--showlocals",
        "-p",
        "no:cacheprovider",
    ]
    result = project.runpytest_subprocess(*words, "-k", "private", timeout=120)

    said = outputs(project, result.stdout.str() + result.stderr.str())
    assert "<secret>" in said["terminal"]
    assert "&lt;secret&gt;" in said["junit.xml"]
    assert {} == {name: found for name, text in said.items() if (found := leaks(text))}


def test_no_output_of_a_killed_run_holds_any_either(project: pytest.Pytester) -> None:
    words = [sys.executable, "-m", "pytest", "--world", "address-blackhole", "--record=run.jsonl", "private.reach.yaml"]
    with (project.path / "said.txt").open("wb") as said:
        running = subprocess.Popen(words, cwd=project.path, stdout=said, stderr=said)
        arguments = _arguments(running, project.path / "run.jsonl")
        running.kill()
        running.wait()

    text = (project.path / "said.txt").read_text() + (project.path / "run.jsonl").read_text()
    assert ([], []) == (leaks(text), leaks(arguments, SECRETS))


def _arguments(running: subprocess.Popen[bytes], record: pathlib.Path) -> str:
    """Every argument list of the run and of what it started, watched until a cell is in the record."""
    seen: set[str] = set()
    end = time.monotonic() + 60.0
    while not (record.exists() and '"type":"cell"' in record.read_text()) and time.monotonic() < end:
        for one in psutil.Process(running.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                seen.add(" ".join(one.cmdline()))
        time.sleep(0.02)
    return "\n".join(seen)


def test_private_addresses_are_kept_where_they_are_asked_for(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("--world", "open", "--record=run.jsonl", "--record-addresses", "-k", "six")

    text = (project.path / "run.jsonl").read_text()
    assert "2001:db8:77::7" in text
    assert [] == leaks(text, SECRETS)
