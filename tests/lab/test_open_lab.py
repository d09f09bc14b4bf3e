"""A lab as its owner uses it: programs, names, log, captures; and how it says what went wrong."""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from harness.errors import ApparatusError, ScenarioError
from harness.lab import Host, Lab, Missing, Rule, Tier, Unavailable, World, detect, open_lab, start, steps
from harness.lab.tiers import ladder
from harness.model import Vantage
from tests import needs
from tests.lab.conftest import SERVE, TARGET, WORLD, Act, Prober

PYTHON = sys.executable

pytestmark = pytest.mark.usefixtures("able")


@pytest.fixture(scope="module", params=[tier.value for tier in ladder()])
def tiered(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab by each tier that these rights allow."""
    try:
        lab = open_lab(WORLD, tier=Tier(request.param), serve=SERVE)
    except Unavailable as unavailable:
        needs.absent(str(unavailable))
    with lab:
        yield lab


def said(lab: Lab, *argv: str) -> str:
    """What a program of the client writes."""
    program = lab.popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return program.communicate(10).decode()


def test_each_tier_carries_traffic_of_both_families(tiered: Lab) -> None:
    prober = Prober(tiered)
    try:
        outcomes = [prober(do="tcp", address=TARGET[family], port=80, chunks=["00"])["connect"] for family in (4, 6)]
    finally:
        prober.close()

    assert ["ok", "ok"] == outcomes


def test_the_client_has_no_interface_but_its_own(tiered: Lab) -> None:
    assert ["lo", "eth0"] == said(
        tiered, PYTHON, "-c", "import socket; [print(n) for _, n in socket.if_nameindex()]"
    ).split()


def test_the_client_sees_only_the_processes_of_the_lab(tiered: Lab) -> None:
    seen = said(tiered, PYTHON, "-c", "import os; print(sorted(int(n) for n in os.listdir('/proc') if n.isdigit()))")

    assert "[1, 2, 3" == seen[:8]


def test_the_censor_has_early_turns_where_the_kernel_grants_them(tiered: Lab) -> None:
    def told(script: str) -> str:
        return said(tiered, "sh", "-c", script).replace(" ", "").strip()

    usual = told("grep -s se.slice /proc/self/sched")
    censor = told("cd /proc/$(grep -l lab-censor /proc/[0-9]*/comm | cut -d/ -f3) && grep -s se.slice sched")

    assert censor == ("se.slice:100000" if usual else "")  # told since Linux 6.12, and granted since then


def test_names_are_resolved_by_the_worlds_resolver(tiered: Lab) -> None:
    code = "import socket; print({i[4][0] for i in socket.getaddrinfo('anything.example', 1)} >= {'192.0.43.8'})"

    assert "True\n" == said(tiered, PYTHON, "-c", code)
    assert "nameserver 9.9.9.9\nnameserver 2620:fe::fe\n" == said(tiered, "cat", "/etc/resolv.conf")


def test_the_hosts_own_file_of_names_is_left_as_it_was(lab: Lab) -> None:
    assert "9.9.9.9" not in pathlib.Path("/etc/hosts").read_text()
    assert "127.0.0.1 localhost\n::1 localhost\n" == said(lab, "cat", "/etc/hosts")


def test_a_program_gets_its_streams_environment_and_directory(lab: Lab, tmp_path: pathlib.Path) -> None:
    argv = ["sh", "-c", "read word; echo $word $WHO $(pwd)"]
    program = lab.popen(
        argv, env={"WHO": "me", "PATH": os.environ["PATH"]}, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None
    with program.stdin as stdin:
        stdin.write(b"hello\n")

    assert f"hello me {tmp_path}\n" == program.communicate(5).decode()


@pytest.mark.parametrize(
    ("argv", "code"), [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], -9)]
)
def test_a_program_tells_how_it_ended(lab: Lab, argv: list[str], code: int) -> None:
    assert code == lab.popen(argv).wait(5)


def test_a_program_that_does_not_exist_is_an_ordinary_error(lab: Lab) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        lab.popen(["no-such-program"], env={"PATH": "/usr/bin:/bin"})


def test_waiting_for_a_program_has_an_end(lab: Lab) -> None:
    program = lab.popen(["sleep", "60"])
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.05)
    assert program.poll() is None

    program.kill()

    assert -signal.SIGKILL == program.wait(5)


def test_a_pid_is_one_of_ours(lab: Lab) -> None:
    program = lab.popen(["sleep", "60"])

    assert "sleep" == pathlib.Path(f"/proc/{program.pid}/comm").read_text().strip()
    program.kill()
    program.wait(5)


def test_a_terminal_can_be_handed_over(lab: Lab) -> None:
    ours, theirs = os.openpty()
    program = lab.popen(["sh", "-c", "echo $(tty)"], stdin=theirs, stdout=theirs, terminal=True)
    os.close(theirs)

    assert 0 == program.wait(5)
    assert b"/dev/pts/" in os.read(ours, 100)
    os.close(ours)


def test_captures_of_both_sides_are_written_on_demand(lab: Lab, probe: Act, tmp_path: pathlib.Path) -> None:
    lab.swap([Rule(behaviour="address_blackhole", params={"prefixes": [TARGET[4]]})])
    lab.capture(tmp_path)
    probe(do="tcp", address=TARGET[4], port=80, chunks=[], timeout=0.1)
    lab.capture(None)

    headers = [(tmp_path / name).read_bytes()[:4] for name in ("client.pcap", "internet.pcap")]
    assert [struct.pack("=I", 0xA1B2C3D4)] * 2 == headers
    assert 24 + 16 + 74 <= (tmp_path / "client.pcap").stat().st_size
    assert 24 == (tmp_path / "internet.pcap").stat().st_size


def test_the_log_can_still_be_read_once_the_lab_is_closed() -> None:
    with open_lab(WORLD, serve=SERVE) as lab:
        lab.swap([Rule(behaviour="address_refuse", params={"prefixes": [TARGET[4]]})])
        prober = Prober(lab)
        prober(do="tcp", address=TARGET[4], port=80, chunks=[])
        prober.close()
    lab.close()

    assert ["rst"] == [event.action for event in lab.log()]


def test_an_unknown_behaviour_is_refused_with_the_nearest() -> None:
    world = World(name="w", title="w", vantage=Vantage(name="v"), censor=(Rule(behaviour="sni_rest"),))

    with pytest.raises(ScenarioError, match="unknown behaviour 'sni_rest'; did you mean \"sni_reset\""):
        open_lab(world)


def test_an_unknown_parameter_is_refused_by_its_name(lab: Lab) -> None:
    with pytest.raises(ScenarioError, match="sni_reset: naems"):
        lab.swap([Rule(behaviour="sni_reset", params={"naems": ["a"], "names": ["a"]})])


def test_servers_that_cannot_start_are_named_with_what_they_said() -> None:
    with pytest.raises(ApparatusError, match=r"the lab's servers .*(?s:.*)no_such_module"):
        open_lab(WORLD, serve="no_such_module:serve")


def test_servers_that_never_get_ready_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "UP_WITHIN", 1.5)

    with pytest.raises(ApparatusError, match="the lab's servers were not ready within"):
        open_lab(WORLD, serve="townsfolk:sleep")


@pytest.mark.parametrize(("pid", "who"), [(2, "censor"), (3, "servers")])
def test_a_part_that_dies_is_named_while_the_lab_runs(pid: int, who: str) -> None:
    with open_lab(WORLD, serve=SERVE) as lab:
        lab.popen(["kill", "-9", str(pid)]).wait(5)
        until = time.monotonic() + 2
        while lab.died is None and time.monotonic() < until:
            time.sleep(0.01)

        assert f"the lab's {who} was killed by signal 9" == lab.died
        with pytest.raises(ApparatusError, match=who):
            lab.popen(["true"])


def test_a_world_as_long_as_a_book_still_arrives() -> None:
    many = tuple(
        Host(name=f"h{n}", addresses=(f"11.{n // 250}.{n % 250}.1",), names=(f"{'x' * 60}.{n}.example",))
        for n in range(1500)
    )
    world = World(name="long", title="long", vantage=Vantage(name="v"), hosts=many)

    with open_lab(world, serve="townsfolk:stay") as lab:
        assert lab.died is None


def test_a_server_that_lacks_a_program_says_so_with_the_remedy_in_one_line() -> None:
    said = "^the lab's servers ended( with code 1| while starting): no such program here; install it$"

    with pytest.raises(ApparatusError, match=said):
        open_lab(World(name="poor", title="poor", vantage=Vantage(name="v")), serve="townsfolk:lack")


def test_this_machine_is_judged_by_doing() -> None:
    assert isinstance(detect(), Tier | Missing)


def refused(code: str) -> str:
    """What a process that first runs some code then finds of this machine."""
    script = f"{code}\nfrom harness.lab import detect\nprint(repr(detect()))"
    env = {name: value for name, value in os.environ.items() if name != "WAYGAUGE_LAB_TIER"}  # the whole ladder
    done = subprocess.run([PYTHON, "-c", script], env=env, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


NO_UNSHARE = """
import ctypes, struct
# Classic BPF: load the syscall's number; unshare (272 on x86-64, 97 on aarch64) gives EPERM; all else is allowed.
import platform
number = {"x86_64": 272, "aarch64": 97}[platform.machine()]
steps = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x00050001), (6, 0, 0, 0x7FFF0000))
code = b"".join(struct.pack("HBBI", *one) for one in steps)
buffer = ctypes.create_string_buffer(code, len(code))
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
"""


NO_IPV6 = """
import ctypes, struct
# The same of socket (41 on x86-64, 198 on aarch64), where its first argument is AF_INET6: EAFNOSUPPORT.
import platform
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
family = ((0x20, 0, 0, 16), (0x15, 0, 1, 10), (6, 0, 0, 0x00050000 | 97))
steps = ((0x20, 0, 0, 0), (0x15, 0, 3, number), *family, (6, 0, 0, 0x7FFF0000))
code = b"".join(struct.pack("HBBI", *one) for one in steps)
buffer = ctypes.create_string_buffer(code, len(code))
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
"""


def test_a_kernel_without_ipv6_is_named_with_the_setting() -> None:
    assert "Missing(step='speak IPv6', errno=97, remedy='its kernel has none" in refused(NO_IPV6)


@pytest.mark.parametrize(
    ("soft", "hard", "status", "said"),
    [(64, 4096, 0, ""), (64, 64, 125, "Too many open files; allow more open files, such as by ulimit -n 1024\n")],
)
def test_few_open_files_are_made_more_or_named(soft: int, hard: int, status: int, said: str) -> None:
    limited = f"ulimit -Sn {soft} && ulimit -Hn {hard} && exec {PYTHON} -m harness.cli.main lab run open -- true"

    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=30, check=False)

    assert (status, True) == (done.returncode, done.stderr.endswith(said))


def test_nowhere_to_write_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)

    with pytest.raises(ApparatusError, match="no folder for temporary files can be written to; set TMPDIR"):
        open_lab(WORLD, serve=SERVE)


def test_a_container_without_unshare_is_told_what_to_allow() -> None:
    told = refused(NO_UNSHARE)

    assert "Missing(step='make a user namespace', errno=1, remedy='allow them: in a container" in told


def test_ubuntu_is_told_of_its_apparmor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_apparmor", lambda: True)

    assert steps.APPARMOR == steps.remedy("userns", "map the user", errno.EACCES)
    assert steps.CAPABILITIES == steps.remedy("root", "make network, mount and pid namespaces", errno.EPERM)


def test_namespaces_that_are_switched_off_are_named_with_the_setting() -> None:
    off = (
        "import os, pathlib\nfrom harness.lab import steps\nsteps.enter('userns')\n"
        "pathlib.Path('/proc/sys/user/max_user_namespaces').write_text('0')\n"
        "pathlib.Path('/proc/sys/user/max_net_namespaces').write_text('0')\n"
        "if os.fork(): os.wait(); os._exit(0)\n"
    )

    told = refused(off)

    assert "Missing(step='make a user namespace', errno=28" in told
    assert "user.max_user_namespaces" in told
