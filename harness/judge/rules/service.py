"""Faults of services and lines that look like a censor's work: told by what no censor can make, or by asking again."""

from harness.judge.answered import (
    alike_over_tls,
    encrypted,
    goes_again,
    goes_directly,
    hardly_begun,
    has_expired,
    in_the_clear,
    is_challenge,
    leads_beside,
    nobody_shown,
    other_page_elsewhere,
    own_fault,
    refuses,
    served_from_nowhere,
    showed_certificate,
    slow_elsewhere,
    speaks_http,
    taken_before,
    without_tls,
)
from harness.judge.conditions import (
    CUT,
    OTHER_ANSWER,
    REFUSED,
    SILENT,
    UNREACHABLE,
    by_ipv6,
    either,
    ended,
    fails_alike,
    foreign_works,
    gets_further,
    may_be_the_targets,
    passes_elsewhere,
)
from harness.judge.resolved import address_is_foreign, family_untold, looked_up, tcp_agrees, tcp_unheard
from harness.judge.rules.rule import Rule
from harness.model import Claim, Stage, Strength

_UNKNOWN = Claim.INCONCLUSIVE
_NONE = Strength.INSUFFICIENT
_ANSWERS = frozenset({Stage.RESPONSE, Stage.BODY, Stage.MEDIA})
_AFTER_CONNECT = frozenset({Stage.TLS, Stage.REQUEST, Stage.RESPONSE, Stage.BODY, Stage.HOLD, Stage.MEDIA})
_NO_CONNECTION = SILENT | REFUSED | UNREACHABLE
_SAME_BY_TCP = either(tcp_agrees, tcp_unheard)

UNSTEADY = (
    Rule(
        id="net.mtu",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="net.mtu",
        when=(ended(_AFTER_CONNECT, SILENT), hardly_begun, goes_again),
        why="In short segments the answer comes over this path, otherwise not: large packets vanish on the way.",
        case="mtu-black-hole",
    ),
    Rule(
        id="service.slow_answer",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.slow",
        when=(ended(_AFTER_CONNECT, SILENT), slow_elsewhere),
        why="Over a path known good the answer took nearly as long as we waited for it here: the service is slow.",
        case="service-slow-answer",
    ),
    Rule(
        id="net.unsteady",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="net.unsteady",
        when=(may_be_the_targets, goes_again),
        why="Asked again at once the check went through here: target or line come and go, or a filter does.",
        case="flapping-server",
    ),
)
"""What goes through when it is asked again is no riddle of this path's."""

SERVICE = (
    Rule(
        id="service.certificate_expired",
        claim=Claim.DOWN,
        strength=Strength.LIKELY,
        mechanism="service.certificate",
        when=(has_expired, fails_alike),
        why="The target's own certificate has expired, and is shown over a path known good too.",
        case="service-certificate-expired",
    ),
    Rule(
        id="service.certificate_expired_here",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.certificate",
        when=(has_expired,),
        why="An authority that we trust signed this certificate for the target, and it has expired: no impostor's.",
        case="service-certificate-expired-alone",
    ),
    Rule(
        id="service.challenge",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.challenge",
        when=(ended(_ANSWERS, OTHER_ANSWER), encrypted, is_challenge),
        why="The service, or its CDN, asks whoever comes this way to prove that he is human.",
        case="service-challenge",
    ),
    Rule(
        id="dns.stale",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="dns.stale",
        when=(ended(Stage.CONNECT, _NO_CONNECTION), _SAME_BY_TCP, served_from_nowhere, gets_further),
        why="Nobody is there for anybody at the address given out; elsewhere the target is up: an old address.",
        case="dns-stale",
    ),
    Rule(
        id="dns.stale_silent",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="dns.stale",
        when=(ended(Stage.TLS, CUT), looked_up, _SAME_BY_TCP, address_is_foreign, nobody_shown, gets_further),
        why="At the address given out nobody shows who he is, to anybody: a dead edge of the target's, or another's.",
        case="dns-stale-silent",
    ),
    Rule(
        id="dns.stale_machine",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="dns.stale",
        when=(ended(_ANSWERS, OTHER_ANSWER), looked_up, showed_certificate, address_is_foreign, passes_elsewhere),
        why="The address given out has the target's own certificate and not its service: an old address of it.",
        case="dns-stale-machine",
    ),
)
"""Told before names and addresses are suspected."""

EXITS = (
    Rule(
        id="service.exit_refused",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.exit_refused",
        when=(
            ended(_AFTER_CONNECT | {Stage.CONNECT}, CUT | REFUSED | UNREACHABLE | OTHER_ANSWER),
            foreign_works,
            goes_directly,
        ),
        why="The target answers directly, and not to where this path, which reaches others, comes out: it refuses it.",
        case="service-exit-refused",
    ),
    Rule(
        id="service.exit_unreached",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.exit_refused",
        when=(ended(Stage.HOP, CUT | {"proxy_refused"}, of="hop"), foreign_works, goes_directly),
        why="The target answers directly, and the path's server, which reaches others, gets nowhere with it.",
        case="service-exit-unreached",
    ),
    Rule(
        id="service.refuses_all",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.refused",
        when=(ended(_ANSWERS, OTHER_ANSWER), encrypted, refuses, fails_alike),
        why="The genuine server refuses us here and over a path known good: it is up, and serves others or nobody.",
        case="service-refuses-all",
    ),
)
"""Told before a target is called down."""

REFUSALS = (
    Rule(
        id="service.refused_in_the_clear",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.refused",
        when=(ended(_ANSWERS, OTHER_ANSWER), in_the_clear, alike_over_tls),
        why="Over TLS, where nobody else can speak for it, the service answers this line in the same way.",
        case="service-refused-in-the-clear",
    ),
    Rule(
        id="service.refused_without_tls",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.refused",
        when=(ended(_ANSWERS, OTHER_ANSWER), in_the_clear, refuses, without_tls),
        why="A refusal in the clear, from a service that has no TLS in which to show whether it is its own.",
        case="service-refused-without-tls",
    ),
)
"""Told before a page is called another's."""

OWN_WORDS = (
    Rule(
        id="service.own_fault",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.failing",
        when=(in_the_clear, speaks_http, own_fault, other_page_elsewhere),
        why="The server says that it fails or is asked too much: who puts a page in its place does not say that.",
        case="service-failing-in-the-clear",
    ),
    Rule(
        id="service.led_beside",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="service.refused",
        when=(in_the_clear, speaks_http, leads_beside, other_page_elsewhere),
        why="The request is led into TLS, or to another host of the target's own domain: the service's own doing.",
        case="service-leads-beside",
    ),
)
"""Pages in the clear that anybody may have written, and that none but the service has a reason to write."""

BEFORE = (
    Rule(
        id="net.taken_before",
        claim=_UNKNOWN,
        strength=_NONE,
        mechanism="net.unsteady",
        when=(ended(Stage.CONNECT, SILENT | REFUSED), taken_before),
        why="Another cell's connection was taken here shortly before: this is what is left of its end, or a limit.",
        case="taken-before",
    ),
    Rule(
        id="ip.family_untold",
        claim=_UNKNOWN,
        strength=_NONE,
        when=(ended(Stage.CONNECT, _NO_CONNECTION), by_ipv6, family_untold),
        why="No path known good is shown to have IPv6, so nothing tells whether this address is up at all.",
        case="ip-family-untold",
    ),
)
"""Told before an address is suspected: one that took a connection a moment ago does not stand on a list."""

UNTOLD = (
    Rule(
        id="ip.family_untold_later",
        claim=_UNKNOWN,
        strength=_NONE,
        when=(by_ipv6, family_untold),
        why="By IPv6 it ends so, and no path known good is shown to have IPv6, to tell whose fault that is.",
        case="ip-family-untold-later",
    ),
)
"""Told last, so that such an address is left aside where another of the same check says something."""
