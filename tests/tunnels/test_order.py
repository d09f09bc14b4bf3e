"""Whichever answer comes first, all paths of the same keys go to the same address of their server."""

from __future__ import annotations

import itertools

import pytest

from harness.tunnels.tunnel import in_order

ADDRESSES = ("2001:db8::9", "2001:db8::10", "192.0.2.9", "192.0.2.10")


@pytest.mark.parametrize("came", list(itertools.permutations(ADDRESSES)))
def test_the_order_is_not_that_of_the_answers(came: tuple[str, ...]) -> None:
    assert ("192.0.2.10", "192.0.2.9", "2001:db8::10", "2001:db8::9") == in_order(came)
