"""Whichever answer comes first, all paths of the same keys go to the same address of their server."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from harness.dial.api import WalkEnded
from harness.tunnels.tunnel import in_order
from tests.dial.loopback import soon, tape
from tests.tunnels.ways import WIREGUARD, hop, opened

ADDRESSES = ("2001:db8::9", "2001:db8::10", "192.0.2.9", "192.0.2.10")


@pytest.mark.parametrize("came", list(itertools.permutations(ADDRESSES)))
def test_the_order_is_not_that_of_the_answers(came: tuple[str, ...]) -> None:
    assert ("192.0.2.10", "192.0.2.9", "2001:db8::10", "2001:db8::9") == in_order(came)


def test_an_engine_is_not_to_blame_where_the_addresses_before_it_took_all_the_time() -> None:
    written = tape()

    async def late() -> None:
        with opened(hop("wireguard", 51820, **WIREGUARD)) as path:
            await path.up(soon(0), written)

    with pytest.raises(WalkEnded):
        asyncio.run(late())
    assert "generic_timeout_error" == written.observations[-1].failure
