"""The steps by which a lab's namespaces come to be; a step that the machine refuses is named with its errno."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import socket
from collections.abc import Iterator

from harness.lab.net import syscalls

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # a disk, or one's share of it


class Refused(Exception):
    """The machine refused a step."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(f"{step}: {os.strerror(number)}")
        self.step = step
        self.number = number


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Names what is being done, for whoever reads why it could not be."""
    try:
        yield
    except OSError as fault:
        raise Refused(name, fault.errno or 0) from fault


def enter(tier: str) -> None:
    """Put this process into fresh namespaces; the first child becomes the first of a fresh pid namespace."""
    others = syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID
    uid, gid = os.getuid(), os.getgid()
    if tier == "userns":
        with step("make a user namespace"):
            syscalls.unshare(syscalls.CLONE_NEWUSER)
        with step("map the user"):
            _map(uid, gid)
    with step("make network, mount and pid namespaces"):
        syscalls.unshare(others)
    with step("make the mounts private"):
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)


def _map(uid: int, gid: int) -> None:
    """Makes the user root inside: ports below 1024, raw sockets and mounts of its own, and nothing outside."""
    own = pathlib.Path("/proc/self")
    (own / "setgroups").write_text("deny")  # else the kernel refuses the map of groups, user_namespaces(7)
    (own / "uid_map").write_text(f"0 {uid} 1")
    (own / "gid_map").write_text(f"0 {gid} 1")


def own_proc() -> None:
    """A /proc of the new pid namespace, where the machine allows it; the old one serves as well for what we read."""
    with contextlib.suppress(OSError):
        syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)


def packet_socket() -> None:
    """Shows that a packet socket can be opened, as the censor will."""
    with step("open a packet socket"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
        return


def both_families() -> None:
    """Shows that this kernel speaks IPv6: no world is without."""
    with step("speak IPv6"), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM):
        return


REMEDIES = {
    (
        "speak IPv6",
        errno.EAFNOSUPPORT,
    ): "its kernel has none, and worlds have both families; boot it without ipv6.disable=1",
    (
        "make a user namespace",
        errno.ENOSPC,
    ): "user namespaces are switched off; sudo sysctl user.max_user_namespaces=15000",
    (
        "make a user namespace",
        errno.EPERM,
    ): "allow them: in a container, --security-opt seccomp=unconfined or --privileged; on Debian, "
    "sudo sysctl kernel.unprivileged_userns_clone=1",
    (
        "make network, mount and pid namespaces",
        errno.ENOSPC,
    ): "a kind of namespace is switched off; sudo sysctl user.max_net_namespaces=15000 user.max_mnt_namespaces=15000 "
    "user.max_pid_namespaces=15000",
}
APPARMOR = (
    "Ubuntu's AppArmor keeps unprivileged user namespaces powerless; "
    "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root"
)
CAPABILITIES = "run as root with CAP_SYS_ADMIN and CAP_NET_ADMIN; in a container, --privileged"


def remedy(tier: str, name: str, number: int) -> str:
    """What to do where a step was refused."""
    known = REMEDIES.get((name, number))
    if known:
        return known
    if tier == "userns" and number in {errno.EPERM, errno.EACCES} and _apparmor():
        return APPARMOR
    return CAPABILITIES


def _apparmor() -> bool:
    """True where AppArmor takes the capabilities of unprivileged user namespaces away (Ubuntu since 23.10)."""
    file = pathlib.Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    return file.exists() and file.read_text().strip() == "1"
