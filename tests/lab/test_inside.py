"""A program in a world ends, is ended and says what it says as it would outside."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys

import psutil
import pytest

from harness.cli import terminal

COMMAND = (sys.executable, "-m", "harness.cli.main", "lab")
LISTED = "news.example.org"  # in the world sni-reset
CALL = (
    f"import socket, ssl; end = socket.create_connection(('{LISTED}', 443)); "
    f"ssl.create_default_context().wrap_socket(end, server_hostname='{LISTED}')"
)

pytestmark = pytest.mark.usefixtures("able")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30, check=False, **more)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--", "sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -TERM $$"), 128 + signal.SIGTERM),
        (("--", "/etc/passwd"), 126),
        (("--", "no-such-program"), 127),
        (("--pcap", "/dev/null/no", "--", "true"), 2),
    ],
    ids=str,
)
def test_exit_codes_are_those_of_env_and_of_shells(words: tuple[str, ...], code: int) -> None:
    options = words[:2] if words[0] == "--pcap" else ()

    assert code == run("run", *options, "open", *words[len(options) :]).returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_program_gets_the_signals_that_we_get(number: signal.Signals) -> None:
    script = f"trap 'echo got; exit 9' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen(
        [*COMMAND, "run", "open", "--", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stdout
        assert "ready\n" == lab.stdout.readline()
        lab.send_signal(number)

        assert ("got\n", 9) == (lab.stdout.read(), lab.wait(10))


def test_a_program_on_a_terminal_has_one_and_keeps_its_words_apart_where_they_go_elsewhere() -> None:
    ours, theirs = pty.openpty()
    script = "cat /dev/null </dev/tty && echo terminal; kill -INT $$"
    for stderr, code in ((theirs, 128 + signal.SIGINT), (subprocess.DEVNULL, 128 + signal.SIGINT)):
        argv = [*COMMAND, "run", "open", "--", "sh", "-c", script]
        with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=stderr) as lab:
            assert code == lab.wait(30)
    os.close(theirs)
    assert select.select([ours], [], [], 0)[0]

    assert b"terminal\r\n" == os.read(ours, 65536)  # the second had none, and said so elsewhere


@pytest.mark.parametrize(("foreground", "joined"), [(os.getpgrp(), True), (os.getpgrp() + 1, False)])
def test_only_the_job_in_the_foreground_sets_up_the_terminal(
    monkeypatch: pytest.MonkeyPatch, foreground: int, joined: bool
) -> None:
    monkeypatch.setattr(os, "isatty", lambda _: True)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: foreground)

    assert joined == (terminal.command(["sh", "-c", "true"])[-3:] != terminal.command(["sh", "-c", "true"]))


def test_a_module_in_the_folder_that_we_work_in_gets_in_nobodys_way(tmp_path: pathlib.Path) -> None:
    for name in ("harness", "socket", "select", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken for another')")
    command = pathlib.Path(sys.executable).parent / "waygauge"

    done = subprocess.run(
        [command, "lab", "run", "open", "--", "echo", "well"],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert ("well\n", "") == (done.stdout, done.stderr)


def test_the_log_goes_to_a_file_as_it_happens_and_is_filtered(tmp_path: pathlib.Path) -> None:
    call = [sys.executable, "-c", CALL]
    script = f'{sys.executable} -c "{CALL}" 2>/dev/null; sleep 0.5; cat {tmp_path}/log'

    live = run(
        "run", "--log", f"{tmp_path}/log", "--pcap", f"{tmp_path}/packets", "sni-reset", "--", "sh", "-c", script
    )
    resets = run("log", "--to", f"{tmp_path}/resets", "--only", "action=rst", "sni-reset", "--", *call)

    assert ["match", "rst"] == [json.loads(line)["action"] for line in live.stdout.splitlines()]
    assert ["rst"] == [json.loads(line)["action"] for line in (tmp_path / "resets").read_text().splitlines()]
    assert "action" not in resets.stderr
    assert ["client.pcap", "internet.pcap"] == sorted(os.listdir(tmp_path / "packets"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "open"), "no program is given; write waygauge lab run WORLD -- PROGRAM"),
        (("run", "open", "--in", "--", "true"), '"--in" stands behind WORLD; write options before it'),
        (("log", "--only", "akshun=rst", "open", "--", "true"), "is not KEY=VALUE with one of action, behaviour"),
        (("log", "--only", "action=rts", "open", "--", "true"), 'no action is called "rts"; did you mean "rst"?'),
        (("log", "--to", "/dev/null/no", "open", "--", "true"), 'no log can be written to "/dev/null/no"'),
        (("run", "ru-2026", "--", "true"), 'no world "ru-2026"; did you mean "ru-2026-02", "ru-2026-02-vpn", '),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_told_in_one_line_with_the_remedy(words: tuple[str, ...], told: str) -> None:
    done = run(*words)

    assert done.returncode in {2, 125}
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_proxy_of_the_network_outside_is_not_asked_inside() -> None:
    call = "import urllib.request as u; print(u.urlopen('http://www.example.com/').status, u.getproxies())"
    outside = {**os.environ, "http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": "x"}

    assert "200 {}\n" == run("run", "open", "--", sys.executable, "-c", call, env=outside).stdout


@pytest.mark.parametrize("whom", ["holder", "censor"])
def test_a_part_of_the_world_that_dies_is_named_and_is_not_taken_for_the_programs_end(whom: str) -> None:
    argv = [*COMMAND, "run", "open", "--", "sh", "-c", "echo ready; sleep 60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as lab:
        assert lab.stdout
        assert "ready\n" == lab.stdout.readline()
        (holder,) = psutil.Process(lab.pid).children()
        (first,) = holder.children()
        censor = next(child for child in first.children() if child.name() == "lab-censor")
        {"holder": holder, "censor": censor}[whom].kill()

        told = {"holder": "the lab's first process has gone", "censor": "the lab's censor was killed by signal 9"}[whom]
        assert f"waygauge: {told}\n" == lab.communicate(timeout=20)[1]
    assert 125 == lab.returncode


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_reads_and_writes_nothing(closed: str) -> None:
    words = " ".join([*COMMAND, "run", "open", "--", "sh", "-c", "'cat; echo out; echo bad >&2; exit 5'"])

    done = subprocess.run(
        ["sh", "-c", f"{words} {closed}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert 5 == done.returncode
    assert ("" if closed == ">&-" else "out\n") == done.stdout
    assert ("" if closed == "2>&-" else "bad\n") == done.stderr


def test_help_is_given_behind_a_world_too_and_a_programs_own_help_is_the_programs() -> None:
    assert run("run", "open", "--help").stdout.startswith("usage: waygauge lab run [--in] [--log FILE]")
    assert run("run", "open", "--", sys.executable, "--help").stdout.startswith(f"usage: {sys.executable}")


def test_a_folder_that_is_gone_is_told(tmp_path: pathlib.Path) -> None:
    command = f"{sys.executable} -m harness.cli.main lab run open -- true"
    script = f'mkdir "{tmp_path}/x" && cd "{tmp_path}/x" && rmdir "{tmp_path}/x" && {command}'

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, check=False)

    assert "the folder that you work in is not there any more" in done.stderr


def test_who_looks_at_no_variable_trusts_the_worlds_authority_too() -> None:
    call = "import ssl, socket; end = socket.create_connection(('www.example.com', 443)); "
    call += "print(ssl.create_default_context().wrap_socket(end, server_hostname='www.example.com').version())"

    done = run("run", "open", "--", "env", "-u", "SSL_CERT_FILE", sys.executable, "-c", call)

    assert ("TLSv1.3\n", "") == (done.stdout, done.stderr)


def test_a_full_disk_is_told_in_one_line(tmp_path: pathlib.Path) -> None:
    wanted = [sys.executable, "-c", CALL]
    logged = run("run", "--log", "/dev/full", "sni-reset", "--", *wanted)
    (tmp_path / "client.pcap").symlink_to("/dev/full")
    captured = run("pcap", "open", str(tmp_path), "--", *wanted)
    with pathlib.Path("/dev/full").open("w") as full:
        listed = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, check=False)

    assert [125, 125, 3] == [done.returncode for done in (logged, captured, listed)]
    assert "waygauge: no room is left for the log: No space left on device\n" == logged.stderr.splitlines(True)[-1]
    assert "censor ended" in captured.stderr
    assert "no room is left for its files (No space left on device)" in captured.stderr
    assert "pcap.py" not in captured.stderr
    assert b"waygauge: what is to be written finds no room: No space left on device\n" == listed.stderr
