"""Runs inside the lab: one JSON line in, one out. Says what sockets said, and judges nothing."""

from __future__ import annotations

import errno
import json
import socket
import struct
import sys
import time
from typing import Any

Outcome = dict[str, Any]


def tcp(wanted: Outcome) -> Outcome:
    """Connects, sends each chunk as a segment of its own, and reads until the end."""
    family = socket.AF_INET6 if ":" in wanted["address"] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as stream:
        stream.settimeout(wanted.get("timeout", 0.3))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Closing ends it at once: no retransmission triggers a rule behind the test's back, and the port is free.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if "sport" in wanted:
            stream.bind(("", wanted["sport"]))
        try:
            stream.connect((wanted["address"], wanted["port"]))
        except OSError as fault:
            return {"connect": _name(fault)}
        return {"connect": "ok", "sport": stream.getsockname()[1], "answer": _spoken(stream, wanted)}


def _spoken(stream: socket.socket, wanted: Outcome) -> str:
    data = b""
    try:
        for chunk in wanted["chunks"]:
            stream.sendall(bytes.fromhex(chunk))
            time.sleep(wanted.get("pause", 0.02))
        while part := stream.recv(65536):
            data += part
    except OSError as fault:
        return _name(fault) if not data else data.decode("latin-1")
    return data.decode("latin-1")


def udp(wanted: Outcome) -> list[str]:
    """Sends one datagram and collects every answer until nothing more has come for a while."""
    family = socket.AF_INET6 if ":" in wanted["address"] else socket.AF_INET
    answers: list[str] = []
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(wanted.get("timeout", 0.15))
        datagrams.connect((wanted["address"], wanted["port"]))
        datagrams.send(bytes.fromhex(wanted["payload"]))
        try:
            while len(answers) < wanted.get("most", 9):
                answers.append(datagrams.recv(65536).hex())
        except OSError as fault:
            if not isinstance(fault, TimeoutError):
                answers.append(_name(fault))
    return answers


def _name(fault: OSError) -> str:
    return (
        "timeout"
        if isinstance(fault, TimeoutError) and not fault.errno
        else errno.errorcode.get(fault.errno or 0, str(fault))
    )


for line in sys.stdin:
    wanted = json.loads(line)
    print(json.dumps({"tcp": tcp, "udp": udp}[wanted["do"]](wanted)), flush=True)
