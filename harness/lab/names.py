"""Who knows which names, and trusts whom: the client its resolvers, the internet side the true names, both the world's
authority, and neither what the machine does."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping

from harness.lab.net import syscalls

_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"

# Unix sockets do not heed network namespaces: through these, glibc would ask the host's own resolver.
_ASIDE = ("/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/avahi-daemon")

# Where programs look for authorities whatever the environment says, as Go's crypto/x509 lists it for each distribution.
_BUNDLES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"),
    *("/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"),
)


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
    for bundle in dict.fromkeys(os.path.realpath(bundle) for bundle in _BUNDLES):
        _cover(pathlib.Path(bundle), workdir / "ca.pem", "")  # into which the world's authority writes its certificate


def lay_over_truth(workdir: pathlib.Path, zone: Mapping[str, Iterable[str]]) -> None:
    """Give this process and its children the true addresses of every name, whatever the client's resolvers say."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    lines = (f"{address} {name}\n" for name, addresses in zone.items() for address in addresses)
    _cover(pathlib.Path("/etc/hosts"), workdir / "hosts-internet", _HOSTS + "".join(lines))


def _cover(there: pathlib.Path, own: pathlib.Path, text: str) -> None:
    own.write_text(text)
    if there.exists():
        syscalls.mount(str(own), os.path.realpath(there), flags=syscalls.MS_BIND)
