"""Takes away what Windows, or macOS, does not have. Python itself still needs some of it: only our own imports fail."""

import asyncio
import builtins
import os
import pathlib
import select
import signal
import socket
import sys
from types import ModuleType
from typing import Any

MODULES = frozenset({"ctypes", "fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"})
NAMES: dict[ModuleType, tuple[str, ...]] = {
    os: (
        *("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "chown", "eventfd", "fchmod", "fchown", "fork", "forkpty"),
        *("getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg", "memfd_create", "mkfifo"),
        *("pidfd_open", "pipe2", "pread", "pwrite", "sched_getaffinity", "setns", "setsid", "statvfs", "unshare"),
    ),
    socket: (
        *("AF_NETLINK", "AF_PACKET", "AF_UNIX", "MSG_DONTWAIT", "SCM_RIGHTS", "SOCK_CLOEXEC", "SOCK_NONBLOCK"),
        *("SOCK_SEQPACKET", "SO_PEERCRED", "SO_REUSEPORT", "TCP_INFO", "TCP_MAXSEG", "recv_fds", "send_fds"),
    ),
    signal: (
        *("SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"),
        *("pidfd_send_signal", "pthread_sigmask"),
    ),
    select: ("epoll", "poll"),
}
ours = builtins.__import__


def _import(name: str, given: Any = None, *more: Any, **named: Any) -> Any:
    if name.split(".")[0] in MODULES and str((given or {}).get("__name__")).startswith("harness"):
        raise ImportError(f"no {name} on this system")
    return ours(name, given, *more, **named)


def _pair(*_: Any) -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return socket.create_connection(listening.getsockname()), listening.accept()[0]


def _lacking(*_: Any, **__: Any) -> None:
    raise NotImplementedError


builtins.__import__ = _import  # type: ignore[assignment]
socket.socketpair = _pair  # type: ignore[assignment]  # as Python has it where there is no AF_UNIX
for module, names in NAMES.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in ("add_signal_handler", "connect_read_pipe", "connect_write_pipe", "subprocess_exec"):
    setattr(asyncio.SelectorEventLoop, name, _lacking)
with pathlib.Path(os.environ["TMPDIR"], "ran").open("a") as ran:
    ran.write(f"{' '.join(sys.orig_argv)}\n")
