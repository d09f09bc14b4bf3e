"""The addresses of Tor's directory authorities are silent, and those of bridges that a world lists: Tor never connects.

RU since 2021-12-01, together with the bridges that Tor Browser brings along (net4people/bbs issue 97). The addresses
are those of tor's `src/app/config/auth_dirs.inc` at that time, and those to which some of them have moved since.
Clients of those days stayed at 10 %, those of today stay at 5. Private bridges, WebTunnel and Snowflake defeat it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import address_blackhole

AUTHORITIES = (
    "128.31.0.39",  # moria1
    "86.59.21.38",  # tor26
    "2001:858:2:2:aabb:0:563b:1526",
    "217.196.147.77",
    "2a02:16a8:662:2203::1",
    "45.66.33.45",  # dizum
    "45.66.35.11",
    "66.111.2.131",  # Serge, of bridges
    "131.188.40.189",  # gabelmoo
    "2001:638:a000:4140::ffff:189",
    "193.23.244.244",  # dannenberg
    "2001:678:558:1000::244",
    "171.25.193.9",  # maatuska
    "2001:67c:289c::9",
    "154.35.175.225",  # Faravahar
    "216.218.219.41",
    "2001:470:164:2::2",
    "199.58.81.140",  # longclaw
    "204.13.164.118",  # bastet
    "2620:13:4000:6000::1000:118",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(address_blackhole.Params):
    """As `address_blackhole`; a list of one's own takes the place of the authorities."""

    prefixes: tuple[params.Prefix, ...] = AUTHORITIES
