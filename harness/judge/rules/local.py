"""What went through, and faults of our own: told before anything is said of the network."""

from harness.judge.conditions import (
    CERTIFICATE,
    OTHER_ANSWER,
    SILENT,
    UNREACHABLE,
    believable,
    by_ipv6,
    ended,
    in_the_clear,
    ipv6_broken,
    is_known_page,
    loop_was_late,
    neutral_impersonated,
    neutral_out_of_date,
    neutral_silent,
    never_connected,
    no,
    not_proved,
    nothing_anywhere,
    proved,
    shown,
    speaks_http,
    through,
    token,
)
from harness.judge.pages import other_page_elsewhere
from harness.judge.rules.rule import Rule
from harness.model import Claim, Stage, Strength

_ANSWERED = frozenset({Stage.TLS, Stage.RESPONSE, Stage.BODY})
_NO_ROUTE = UNREACHABLE | SILENT | {"network_down", "address_not_available"}

USABLE = (
    Rule(
        id="page.known",
        claim=Claim.BLOCKED,
        strength=Strength.CONFIRMED,
        mechanism="http.block_page",
        when=(is_known_page, not_proved),
        why="A page known to be served by censors came in place of the target's.",
        case="http-block-page-known",
    ),
    Rule(
        id="usable.proved",
        claim=Claim.USABLE,
        strength=Strength.CONFIRMED,
        when=(through, shown, proved),
        why="The service gave an answer that only the real one can give.",
        case="usable-proved",
    ),
    Rule(
        id="http.other_page",
        claim=Claim.BLOCKED,
        strength=Strength.LIKELY,
        mechanism="http.block_page",
        when=(through, in_the_clear, speaks_http, not_proved, other_page_elsewhere),
        why="Readable on the way, the request brings one page here and another over a path known good.",
        case="http-other-page",
    ),
    Rule(
        id="usable.reached",
        claim=Claim.USABLE,
        strength=Strength.LIKELY,
        when=(through, shown, believable),
        why="The target answered with all that was asked of it.",
        case="usable-reached",
    ),
    Rule(
        id="level.not_shown",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        when=(through, no(shown)),
        why="The check went through, but it does not show as much as the target needs.",
        case="level-not-shown",
    ),
)
"""Whoever passes its proof is usable, whatever a resolver said on the way."""

LOCAL = (
    Rule(
        id="local.no_resolver",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.no_resolver",
        when=(token("no_local_resolver"),),
        why="No resolver is configured on this machine, so nothing is known of the network.",
        case="local-no-resolver",
    ),
    Rule(
        id="path.not_supported",
        claim=Claim.NOT_APPLICABLE,
        strength=Strength.INSUFFICIENT,
        when=(token("not_supported"),),
        why="This path cannot carry such traffic.",
        case="path-not-supported",
    ),
    Rule(
        id="local.interrupted",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.interrupted",
        when=(token("interrupted"),),
        why="The check was cut short by us.",
        case="local-interrupted",
    ),
    Rule(
        id="local.overload",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.overload",
        when=(loop_was_late,),
        why="Our own process was too late for this silence to mean anything.",
        case="local-overload",
    ),
    Rule(
        id="local.ipv6",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.ipv6",
        when=(by_ipv6, ended(Stage.CONNECT, _NO_ROUTE), ipv6_broken),
        why="IPv6 does not work here for neutral hosts either; this address says nothing.",
        case="ipv6-broken",
    ),
    Rule(
        id="local.firewall",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.firewall",
        when=(token("permission_denied"), no(by_ipv6)),
        why="This machine forbids the connection itself; the network never saw it.",
        case="local-firewall",
    ),
    Rule(
        id="local.clock",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.clock",
        when=(token("ssl_invalid_certificate"), neutral_out_of_date),
        why="Certificates of neutral hosts are out of date too, so our own clock is probably wrong.",
        case="local-clock",
    ),
    Rule(
        id="local.interception",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.interception",
        when=(ended(_ANSWERED, CERTIFICATE | OTHER_ANSWER), neutral_impersonated),
        why="Neutral hosts too are shown with what is not theirs: a captive portal, interception, or our trust store.",
        case="local-captive-portal",
    ),
    Rule(
        id="local.no_network",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="local.no_network",
        when=(neutral_silent, nothing_anywhere, never_connected),
        why="No control went through over any path: there is no network here, or none that carries anything.",
        case="local-no-network",
    ),
)
"""Told first, because every other rule takes a working machine for granted."""
