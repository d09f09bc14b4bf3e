"""The system calls that Python 3.11 does not have; each raises OSError with the errno of the kernel."""

from __future__ import annotations

import ctypes
import os
import pathlib

# linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# linux/mount.h
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8

PR_SET_NAME = 15  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    """Put this process (its next child, for a pid namespace) into new namespaces."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Put this process into the namespace behind `fd`."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str | pathlib.Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount `source` on `target` in this process's mount namespace."""
    texts = (source.encode(), os.fsencode(target), kind.encode() or None)
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None), f"mount on {target}")


def set_process_name(name: str) -> None:
    """The name under which `ps` shows this process, 15 bytes at most."""
    _checked(_libc.prctl(PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]), 0, 0, 0), "prctl")
