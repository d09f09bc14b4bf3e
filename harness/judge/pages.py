"""What can be told of a page by its looks alone: whether it is another one's like, and whether it asks who is there."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from harness.judge.blockpages import Page, known_page
from harness.model import Json

REFUSALS = frozenset({401, 403, 429, 451})
"""RFC 9110, sections 15.5.2 and 15.5.4; RFC 6585, section 4; RFC 7725."""
ALIKE = 0.7
"""The shorter body's share of the longer one above which OONI's Web Connectivity takes both for one page."""


def same_page(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """True for the same status and one likeness: the body itself, its title, or its length (OONI, ts-017)."""
    if one.get("status") != other.get("status"):
        return False
    if one.get("title") or other.get("title"):
        return one.get("title") == other.get("title")
    lengths = sorted(int(answer.get("length") or 0) for answer in (one, other))
    return one.get("body_sha256") == other.get("body_sha256") or lengths[0] > ALIKE * lengths[1]


def same_hand(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """True where one page, or one redirect, was given for two hosts: by more than a status or a length."""
    if one.get("status") != other.get("status"):
        return False
    led = led_to(one), led_to(other)
    if any(led):
        return led[0] == led[1]
    same = [one.get(likeness) and one.get(likeness) == other.get(likeness) for likeness in ("title", "body_sha256")]
    return any(same)


def led_to(answer: Mapping[str, Json]) -> str:
    """The host to which a redirect leads, empty where there is none."""
    if not 300 <= int(answer.get("status") or 0) < 400:
        return ""
    return urllib.parse.urlsplit(location(answer)).hostname or ""


def location(answer: Mapping[str, Json]) -> str:
    """Where a redirect says that it leads."""
    headers = answer.get("headers") or {}
    return str({key.lower(): value for key, value in headers.items()}.get("location", ""))


_CLOUDFLARE = "developers.cloudflare.com, Cloudflare challenges: detect a challenge page response"
_AWS = "docs.aws.amazon.com, AWS WAF developer guide: how the CAPTCHA and Challenge rule actions work"

CHALLENGES = (
    Page(id="cloudflare", where="cf-mitigated", holds="challenge", cc="ZZ", source=_CLOUDFLARE),
    Page(id="cloudflare.title", where="title", holds="Just a moment...", cc="ZZ", source=_CLOUDFLARE),
    Page(id="aws.challenge", where="x-amzn-waf-action", holds="challenge", cc="ZZ", source=_AWS),
    Page(id="aws.captcha", where="x-amzn-waf-action", holds="captcha", cc="ZZ", source=_AWS),
)
"""Pages by which a service or its CDN asks for a proof of being human, as rows."""


def challenge(answer: Mapping[str, Json]) -> Page | None:
    """The challenge that an answer is, None where it is none; a page that was refused nothing is none."""
    return known_page(answer, CHALLENGES) if int(answer.get("status") or 0) >= 400 else None
