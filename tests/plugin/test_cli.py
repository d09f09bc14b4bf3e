"""The command: what it prints, how it ends, and that it says in one line what is missing."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

from harness import __version__
from harness.cli.main import COMMANDS, main
from harness.vantage import state

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def record(small_run: Callable[..., pathlib.Path]) -> str:
    return str(small_run("--record=run.jsonl") / "run.jsonl")


@pytest.fixture
def scenario(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.reach.yaml").write_text(
        "scenario: mine\ntargets: [{name: api, check: {http: 'https://api.example.org/'}}]\n"
        "paths: [direct, {own: 'socks5h://alice:s3cret@proxy.example.org:1080'}]\n"
    )
    return "mine.reach.yaml"


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_explains_itself(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert (0, True) == (ended.value.code, f"usage: waygauge {name}" in capsys.readouterr().out)


def test_the_version_is_told(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])

    assert f"waygauge {__version__}\n" == capsys.readouterr().out


def test_an_unknown_command_is_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["guess"])

    assert 2 == ended.value.code


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from harness.cli.main import COMMANDS; print({'pydantic', 'httpx', 'pytest'} & set(sys.modules))"
    )

    assert (
        "set()"
        == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    )


def test_a_plan_names_cells_hosts_and_files(scenario: str, capsys: Capture) -> None:
    assert 0 == main(["plan", scenario])

    said = capsys.readouterr().out
    assert not [word for word in ("api[direct]", "targets: api.example.org", "expects usable") if word not in said]


def test_a_plan_shows_neither_secrets_nor_private_hosts(scenario: str, capsys: Capture) -> None:
    main(["plan", scenario])

    said = capsys.readouterr().out
    assert not [word for word in ("s3cret", "alice", "proxy.example.org") if word in said]


def test_a_plan_of_a_bad_file_is_its_complaints(tmp_path: pathlib.Path, capsys: Capture) -> None:
    (tmp_path / "bad.reach.yaml").write_text("scenario: bad\ntargets: [{service: telegrm}]\npaths: [direct]\n")

    assert 2 == main(["plan", str(tmp_path / "bad.reach.yaml")])
    assert 'did you mean "telegram"?' in capsys.readouterr().err


def test_explain_tells_why(record: str, capsys: Capture) -> None:
    assert 0 == main(["explain", "news[direct]", "--run", record])
    assert "tls.reset_on_sni" in capsys.readouterr().out


def test_explain_suggests_the_nearest_cell(record: str, capsys: Capture) -> None:
    assert 2 == main(["explain", "nevs[direct]", "--run", record])
    assert 'did you mean "news[direct]"?' in capsys.readouterr().err


def test_a_record_judged_again_agrees(record: str, capsys: Capture) -> None:
    assert 0 == main(["judge", record])
    assert "4 of 4 cells are judged as recorded" in capsys.readouterr().out


def test_an_altered_record_does_not_agree(record: str, tmp_path: pathlib.Path, capsys: Capture) -> None:
    altered = tmp_path / "altered.jsonl"
    altered.write_text(pathlib.Path(record).read_text().replace('"claim":"blocked"', '"claim":"usable"'))

    assert 1 == main(["judge", str(altered)])
    assert "news[direct]" in capsys.readouterr().out


def test_an_expectation_file_says_what_was_seen(record: str, capsys: Capture) -> None:
    assert 0 == main(["expect", record])
    assert '"news[direct]": blocked' in capsys.readouterr().out


def test_no_record_is_said_in_one_line(capsys: Capture) -> None:
    assert 2 == main(["judge", "nowhere.jsonl"])
    assert 1 == capsys.readouterr().err.count("\n")


def test_the_schema_is_printed(capsys: Capture) -> None:
    assert 0 == main(["schema"])
    assert "draft-07" in json.loads(capsys.readouterr().out)["$schema"]


@pytest.mark.parametrize("action", ["run", "log"])
def test_a_program_inside_a_world_ends_as_it_ends(action: str, lab: None) -> None:
    words = ["lab", action, "open", "--", sys.executable, "-c", "raise SystemExit(7)"]

    assert 7 == main(words)


def test_a_shell_inside_a_world_has_a_terminal_and_its_own_ctrl_c(lab: None) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 33, 99, 0, 0))
    words = [sys.executable, "-m", "harness.cli.main", "lab", "shell", "open"]
    environment = {**os.environ, "SHELL": "/bin/sh", "PS1": "ready> "}
    with contextlib.ExitStack() as exits:
        running = exits.enter_context(
            subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        )
        failed = exits.enter_context(contextlib.ExitStack())
        failed.callback(running.kill)  # where something never comes, nothing else is waited for
        os.close(theirs)
        said = _until(ours, "ready> ")
        os.write(ours, b"sh -c 'stty size; cat'\n")
        said += _until(ours, "33 99\r\n")
        os.write(ours, b"meow\n")
        said += _until(ours, "meow\r\nmeow\r\n")  # the terminal's echo, and the cat's: it runs by now
        os.write(ours, b"\x03")
        said += _until(ours, "ready> ")
        os.write(ours, b"cat /etc/resolv.conf; exit 5\n")
        said += _until(ours, "no such text")
        failed.pop_all()

    assert 5 == running.returncode
    assert "nameserver 195.208.4.1" in said
    assert "job control turned off" not in said
    assert said.startswith("a shell in open; exit leaves it\r\n")


def _until(terminal: int, said: str) -> str:
    """What is written to a terminal until this is said, or until nobody holds it any more."""
    shown = ""
    with contextlib.suppress(OSError):  # EIO: the last holder is gone
        while said not in shown:
            assert select.select([terminal], [], [], 30)[0], f"{said!r} never came, only {shown!r}"
            shown += os.read(terminal, 65536).decode()
    return shown


def test_the_log_says_what_the_censor_did(lab: None) -> None:
    code = (
        "import ssl, socket; plain = socket.create_connection(('151.101.3.10', 443)); "
        "ssl.create_default_context().wrap_socket(plain, server_hostname='news.example.org')"
    )
    words = [sys.executable, "-m", "harness.cli.main", "lab", "log", "sni-reset", "--", sys.executable, "-c", code]

    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert '"name":"news.example.org"' in done.stderr


def test_packets_are_captured(lab: None, tmp_path: pathlib.Path) -> None:
    main(["lab", "pcap", "open", str(tmp_path / "pcap"), "--", sys.executable, "-c", "pass"])

    assert ["client.pcap", "internet.pcap"] == sorted(file.name for file in (tmp_path / "pcap").iterdir())


def test_consent_is_remembered_and_taken_back(capsys: Capture) -> None:
    assert not state.consented()
    main(["consent", "--yes"])
    assert state.consented()
    main(["consent", "--withdraw"])
    assert not state.consented()


def test_consent_is_not_assumed_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stdin", None)

    assert 1 == main(["consent"])
    assert not state.consented()


def test_try_shows_the_shipped_scenario_as_it_is_known(lab: None, tmp_path: pathlib.Path) -> None:
    words = [sys.executable, "-m", "harness.cli.main", "try", "--out", "out", "--", "-k", "vk or path.up"]

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "vk.api works now by" in done.stdout
    assert {"junit.xml", "run.jsonl"} == {file.name for file in (tmp_path / "out").iterdir()}


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "harness.cli.main", "schema", "trust"]
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}

    done = subprocess.run(words, env=buffered, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)

    os.close(writing)
    assert (0, b"") == (done.returncode, done.stderr)
