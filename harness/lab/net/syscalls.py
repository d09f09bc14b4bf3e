"""The system calls that Python 3.11 does not have; each raises OSError with the errno of the kernel."""

from __future__ import annotations

import ctypes
import os
import pathlib
import struct

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

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # syscall(2) numbers, for which glibc has no function before 2.41
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")  # sched_setattr(2): size, policy, flags, nice, priority, then times in ns

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


def take_short_turns(seconds: float) -> None:
    """Ask the scheduler for turns of this length: short ones come early, even on a busy machine (EEVDF, Linux 6.12).

    Older kernels heed nothing of it.
    """
    number = _SCHED_SETATTR.get(os.uname().machine)
    if number is not None:
        wish = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, os.nice(0), 0, round(seconds * 1e9), 0, 0)
        _checked(_libc.syscall(ctypes.c_long(number), 0, wish, 0), "sched_setattr")
