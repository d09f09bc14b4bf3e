"""DTLS handshakes of real programs, and such as are made to measure.

The hellos of browsers were captured by github.com/theodorsm/covert-dtls, which names their versions.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from tests.lab.hellos import sized

# Chrome 124 offers DTLS 1.2; Firefox 127 was the first to offer 1.3.
CHROME_124 = bytes.fromhex(
    "fefdae6064bebc0381a2c7a260cd429b2f5861b9e31425b324dc1a96551bf6cae555"
    "00000016c02bc02fcca9cca8c009c013c00ac014009c002f00350100"
    "004400170000ff01000100000a00080006001d00170018000b0002010000230000000d00140012040308040401050308050501080606010201"
    "000e0009000600010008000700"
)
FIREFOX_127 = bytes.fromhex(
    "fefd713910e31aa451cda18c437634c566fb872731739ada472eafa74741c7d02c8c"
    "0000001413011303c02bc02fcca9cca8c00ac009c013c0140100"
    "00b100170000ff01000100000a000c000a001d0017001801000101000b000201000010001200100677656272746308632d776562727463"
    "0022000a00080403050306030203003300260024001d00209b3a0682a66a92872457a05dfd4ce6f92312ef605e960f36b8fd71f054b60540"
    "002b000706fefcfefd0303000d0020001e040305030603020308040805080604010501060102010402050206020202001c00024001"
    "000e000b0008000700080001000200"
)
CHROME_JA4 = "dd2i110700_c45550529adf_d9dd6182da81"  # as tshark shows it, net4people/bbs issue 603
CHROME_JA3 = "c14667d7da3e6f7a7ab5519ef78c2452"
CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST = 1, 2, 3


def flight(kind: int, body: bytes, *, epoch: int = 0, start: int = 0, of: int | None = None) -> bytes:
    """A handshake message in a record and a datagram of its own; with `of`, a fragment of a longer one."""
    message = bytes([kind]) + (of or len(body)).to_bytes(3, "big") + b"\0\0"
    message += start.to_bytes(3, "big") + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(6) + sized(2, message)


def with_cookie(body: bytes) -> bytes:
    """The hello as it is sent again after a HelloVerifyRequest."""
    return body[:35] + b"\x14" + bytes(range(20)) + body[36:]


def server_hello(*kinds: int) -> bytes:
    """The body of a ServerHello with empty extensions of these kinds."""
    extensions = b"".join(kind.to_bytes(2, "big") + b"\0\0" for kind in kinds)
    return b"\xfe\xfd" + bytes(32) + b"\0" + b"\xc0\x2b\0" + sized(2, extensions)


def of_openssl() -> bytes:
    """The first datagram of OpenSSL as a DTLS client."""
    ssl: Any = importlib.import_module("OpenSSL.SSL")
    client = ssl.Connection(ssl.Context(ssl.DTLS_METHOD), None)
    client.set_connect_state()
    client.set_ciphertext_mtu(1200)
    with contextlib.suppress(ssl.WantReadError):
        client.do_handshake()
    sent: bytes = client.bio_read(4096)
    return sent
