"""Runs inside the lab: a real HTTP/3 client. One JSON line in, one out: whether hands were shaken, and what came."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

from aioquic.asyncio.client import connect  # type: ignore[import-not-found, unused-ignore]
from aioquic.asyncio.protocol import QuicConnectionProtocol  # type: ignore[import-not-found, unused-ignore]
from aioquic.h3.connection import H3Connection  # type: ignore[import-not-found, unused-ignore]
from aioquic.h3.events import HeadersReceived  # type: ignore[import-not-found, unused-ignore]
from aioquic.quic.configuration import QuicConfiguration  # type: ignore[import-not-found, unused-ignore]

Outcome = dict[str, Any]


class Client(QuicConnectionProtocol):  # type: ignore[misc, unused-ignore]
    """Asks for one page and waits for the head of the answer."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.status: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._http = H3Connection(self._quic)

    def get(self, name: str) -> None:
        """Send the request."""
        head = {":method": "GET", ":scheme": "https", ":authority": name, ":path": "/"}
        stream = self._quic.get_next_available_stream_id()
        self._http.send_headers(stream, [(key.encode(), value.encode()) for key, value in head.items()], True)
        self.transmit()

    def quic_event_received(self, event: Any) -> None:
        """Whatever has come."""
        for one in self._http.handle_event(event):
            if isinstance(one, HeadersReceived) and not self.status.done():
                self.status.set_result(dict(one.headers)[b":status"].decode())


async def ask(wanted: Outcome) -> Outcome:
    """One connection and one request."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name=wanted["name"])
    configuration.verify_mode = ssl.CERT_NONE
    shaken, status = False, None
    try:
        async with asyncio.timeout(wanted["seconds"]):
            async with connect(wanted["address"], 443, configuration=configuration, create_protocol=Client) as client:
                assert isinstance(client, Client)
                shaken = True
                client.get(wanted["name"])
                status = await client.status
                client.close()
    except (TimeoutError, ConnectionError):
        pass
    return {"shaken": shaken, "status": status}


for line in sys.stdin:
    print(json.dumps(asyncio.run(ask(json.loads(line)))), flush=True)
