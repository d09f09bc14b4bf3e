"""The client's view of names: its own resolv.conf, hosts and nsswitch.conf, and no daemon of the host behind them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable

from harness.lab.net import syscalls

_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"

# Unix sockets do not heed network namespaces: through these, glibc would ask the host's own resolver.
_ASIDE = ("/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/avahi-daemon")


def lay_over(workdir: pathlib.Path, resolvers: Iterable[str]) -> None:
    """Lay the lab's files over the host's, in this mount namespace only; without a resolv.conf to cover: OSError."""
    for place in dict.fromkeys(os.path.realpath(place) for place in _ASIDE):
        if os.path.isdir(place):
            syscalls.mount("none", place, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV)
    resolv = pathlib.Path(os.path.realpath("/etc/resolv.conf"))
    if not resolv.exists():  # what it linked to may have lain in a directory that is now our own
        resolv.touch()
    _cover(resolv, workdir / "resolv.conf", "".join(f"nameserver {address}\n" for address in resolvers))
    _cover(pathlib.Path("/etc/hosts"), workdir / "hosts", _HOSTS)
    _cover(pathlib.Path("/etc/nsswitch.conf"), workdir / "nsswitch.conf", _NSSWITCH)


def _cover(there: pathlib.Path, own: pathlib.Path, text: str) -> None:
    own.write_text(text)
    if there.exists():
        syscalls.mount(str(own), os.path.realpath(there), flags=syscalls.MS_BIND)
