"""WhatsApp's and Telegram's openings against the lab's servers, which share no code with the probes."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.lab.servers.issuer import Issuer
from harness.lab.servers.mtproto import MtprotoServer
from harness.lab.servers.seat import Stream
from harness.lab.servers.whatsapp import RawServer
from harness.model import Level, Stage
from tests.engine.loopback import Handler, answering, see

ISSUER = Issuer()
OTHER = Issuer()
KNOWN = {"whatsapp_noise": (ISSUER.public.hex(),), "telegram_rsa": (ISSUER.rsa_fingerprint,)}
UNKNOWN = {"whatsapp_noise": (OTHER.public.hex(),), "telegram_rsa": ("00" * 8,)}
SERVERS = [("whatsapp_noise", RawServer), ("mtproto", MtprotoServer)]


def lab(server: Any) -> Handler:
    serve = server(cast(Any, SimpleNamespace(internet=SimpleNamespace(issuer=ISSUER)))).serve
    return lambda reader, writer: serve(Stream(reader, writer))


@pytest.mark.parametrize(("kind", "server"), SERVERS)
def test_a_key_that_we_know_is_the_service_itself(kind: str, server: Any) -> None:
    walk = see(lab(server), kind, {"url": "tcp://site.example:PORT"}, anchors=KNOWN)

    assert (True, Level.E3) == (walk.completed, walk.level)


@pytest.mark.parametrize(("kind", "server"), SERVERS)
def test_a_key_that_we_do_not_know_proves_nothing(kind: str, server: Any) -> None:
    walk = see(lab(server), kind, {"url": "tcp://site.example:PORT"}, anchors=UNKNOWN)

    assert (Stage.RESPONSE, "proof_missing", Level.E1) == (walk.failed_at, walk.failure, walk.level)


@pytest.mark.parametrize(("kind", "server"), SERVERS)
def test_without_anchors_nothing_is_proved(kind: str, server: Any) -> None:
    assert "proof_missing" == see(lab(server), kind, {"url": "tcp://site.example:PORT"}).failure


@pytest.mark.parametrize("kind", ["whatsapp_noise", "mtproto"])
def test_an_answer_of_another_protocol_is_told_as_one(kind: str) -> None:
    async def babble(reader: Any, writer: Any) -> None:
        await reader.read(1)
        writer.write(b"\x00\x00\x10" + b"HTTP/1.1 400 Bad Request" * 100)
        await writer.drain()

    walk = see(babble, kind, {"url": "tcp://site.example:PORT"}, anchors=KNOWN)

    assert (Stage.RESPONSE, "protocol_error") == (walk.failed_at, walk.failure)


def test_a_refused_upgrade_ends_the_opening_before_it_began() -> None:
    walk = see(
        answering(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "mtproto", {"url": "ws://site.example:PORT/"}
    )

    assert (Stage.RESPONSE, "websocket_refused") == (walk.failed_at, walk.failure)
