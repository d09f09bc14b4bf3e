"""Addresses, handshakes and what comes after: judged by the same check over a path known good."""

from harness.judge.answered import (
    crawls,
    encrypted,
    goes_directly,
    has_begun,
    in_the_clear,
    more_elsewhere,
    speaks_http,
)
from harness.judge.conditions import (
    ALERT,
    CERTIFICATE,
    CLOSED,
    OTHER_ANSWER,
    REFUSED,
    RESET,
    SILENT,
    UNREACHABLE,
    both,
    both_arms,
    either,
    ended,
    fails_alike,
    fails_elsewhere,
    foreign_works,
    gets_further,
    may_be_the_targets,
    network_works,
    no,
    only_the_name,
    other_hello_answered,
    other_name_answered,
    passes_elsewhere,
)
from harness.judge.flowing import of_transfer, still_moving
from harness.judge.resolved import address_is_genuine, address_is_literal, agrees_known_good
from harness.judge.rules.rule import Rule
from harness.model import Claim, Stage, Strength

_BLOCKED = Claim.BLOCKED
_LIKELY = Strength.LIKELY
_FIRST_ANSWER = frozenset({Stage.REQUEST, Stage.RESPONSE})
_FIRST_OR_BODY = frozenset({Stage.RESPONSE, Stage.BODY})
_ANSWERS = frozenset({Stage.RESPONSE, Stage.BODY, Stage.MEDIA})
_LATER = frozenset({Stage.REQUEST, Stage.RESPONSE, Stage.BODY, Stage.HOLD, Stage.MEDIA})
_COMPARED = either(gets_further, both_arms)  # a server whose host of that name is broken answers other names too
_CARRIES = either(foreign_works, other_name_answered)  # what answers a neutral name stands beyond the border, too
_SEEN_ELSEWHERE = either(fails_elsewhere, both(ended(_ANSWERS, OTHER_ANSWER), encrypted))  # its own words are its own

ON_FINGERPRINT = (
    Rule(
        id="tls.reset_on_fingerprint",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.reset_on_fingerprint",
        when=(ended(Stage.TLS, RESET), foreign_works, other_hello_answered, gets_further),
        why="Our ClientHello is reset; another one with the same name is answered at the same address.",
        case="tls-fingerprint-reset",
    ),
    Rule(
        id="tls.drop_on_fingerprint",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.drop_on_fingerprint",
        when=(ended(Stage.TLS, SILENT), foreign_works, other_hello_answered, gets_further),
        why="Silence after our ClientHello; another one with the same name is answered at the same address.",
        case="tls-fingerprint-drop",
    ),
    Rule(
        id="tls.close_on_fingerprint",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.close_on_fingerprint",
        when=(ended(Stage.TLS, CLOSED), foreign_works, other_hello_answered, gets_further),
        why="Closed after our ClientHello; another one with the same name is answered at the same address.",
        case="tls-fingerprint-close",
    ),
)
"""What our ClientHello shows beside the name makes the difference."""

ON_NAME = (
    Rule(
        id="tls.reset_on_sni",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.reset_on_sni",
        when=(ended(Stage.TLS, RESET), _CARRIES, only_the_name, _COMPARED),
        why="Reset once the name was visible; another name passes there, or this one is reset elsewhere too.",
        case="tls-sni-reset",
    ),
    Rule(
        id="tls.drop_on_sni",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.drop_on_sni",
        when=(ended(Stage.TLS, SILENT), _CARRIES, only_the_name, _COMPARED),
        why="Silence once the name was visible; another name passes there, or this one falls silent elsewhere too.",
        case="tls-sni-drop",
    ),
    Rule(
        id="tls.close_on_sni",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.close_on_sni",
        when=(ended(Stage.TLS, CLOSED), _CARRIES, only_the_name, _COMPARED),
        why="Closed once the name was visible; another name passes there, or this one is closed elsewhere too.",
        case="tls-sni-close",
    ),
)
"""The name alone makes the difference."""

DOWN = (
    Rule(
        id="service.slow_everywhere",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="service.slow",
        when=(
            ended(_FIRST_OR_BODY | {Stage.MEDIA}, SILENT),
            either(crawls, both(of_transfer, still_moving)),
            foreign_works,
            fails_alike,
            fails_elsewhere,
        ),
        why="The answer was still coming when its time was over, over a path known good too: the service is slow.",
        case="service-slow-everywhere",
    ),
    Rule(
        id="target.down",
        claim=Claim.DOWN,
        strength=_LIKELY,
        when=(fails_alike, _SEEN_ELSEWHERE, may_be_the_targets, network_works, no(goes_directly)),
        why="Over a path known good the same check fails the same way, and that path reaches others.",
        case="target-down",
    ),
)

ADDRESSES = (
    Rule(
        id="ip.blackhole",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="ip.blackhole",
        when=(ended(Stage.CONNECT, SILENT), foreign_works, gets_further),
        why="The address does not answer over this path; a neutral host does, and the target is up.",
        case="ip-blackhole",
    ),
    Rule(
        id="ip.refuse",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="ip.refuse",
        when=(ended(Stage.CONNECT, REFUSED), foreign_works, gets_further),
        why="Connections to the address are refused over this path; over a path known good they are taken.",
        case="ip-refuse",
    ),
    Rule(
        id="ip.icmp_reject",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="ip.icmp_reject",
        # an ICMPv6 "administratively prohibited" arrives as EACCES (RFC 4443, section 3.1; Linux net/ipv6/icmp.c)
        when=(ended(Stage.CONNECT, UNREACHABLE | {"permission_denied"}), foreign_works, gets_further),
        why="A router answers that the address cannot be reached; over a path known good it is.",
        case="ip-icmp-reject",
    ),
)

HANDSHAKES = (
    Rule(
        id="tls.mitm",
        claim=_BLOCKED,
        strength=Strength.CONFIRMED,
        mechanism="tls.mitm",
        when=(ended(Stage.TLS, CERTIFICATE), either(address_is_genuine, address_is_literal), gets_further),
        why="Another's certificate is shown at an address that over a path known good shows the target's own.",
        case="tls-mitm",
    ),
    Rule(
        id="tls.mitm_unpinned",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.mitm",
        when=(ended(Stage.TLS, CERTIFICATE), agrees_known_good, foreign_works, gets_further),
        why="Another's certificate is shown in the target's own network; over a path known good it is the target's.",
        case="tls-mitm-unpinned",
    ),
    Rule(
        id="tls.reset",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.reset",
        when=(ended(Stage.TLS, RESET), foreign_works, gets_further),
        why="The handshake is reset over this path; a neutral host's is not, and over a path known good neither.",
        case="tls-reset",
    ),
    Rule(
        id="tls.drop",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.drop",
        when=(ended(Stage.TLS, SILENT), foreign_works, gets_further),
        why="The handshake falls silent over this path; a neutral host's does not, nor over a path known good.",
        case="tls-drop",
    ),
    Rule(
        id="tls.close",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.close",
        when=(ended(Stage.TLS, CLOSED), foreign_works, gets_further),
        why="The handshake is cut short over this path; a neutral host's is not, nor over a path known good.",
        case="tls-close",
    ),
    Rule(
        id="tls.alert",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="tls.alert",
        when=(ended(Stage.TLS, ALERT), foreign_works, gets_further),
        why="The handshake is answered with an alert over this path, and completes over a path known good.",
        case="tls-alert",
    ),
)

EXCHANGES = (
    Rule(
        id="http.block_page",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="http.block_page",
        when=(ended(_ANSWERS, OTHER_ANSWER), speaks_http, in_the_clear, foreign_works, passes_elsewhere),
        why="Readable on the way, the request is answered otherwise here; over a path known good the proof comes.",
        case="http-block-page",
    ),
    Rule(
        id="service.refused",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="service.refused",
        when=(ended(_ANSWERS, OTHER_ANSWER), encrypted, passes_elsewhere),
        why="The genuine server answers, and not with the proof: it may serve this network otherwise (geo-block).",
        case="service-refused",
    ),
    Rule(
        id="flow.impostor",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.impostor",
        when=(ended(_ANSWERS, OTHER_ANSWER), in_the_clear, foreign_works, passes_elsewhere),
        why="What answers does not have the target's keys or protocol; over a path known good it does.",
        case="flow-impostor",
    ),
    Rule(
        id="flow.crawl",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.slowed",
        when=(ended(_FIRST_OR_BODY, SILENT), crawls, foreign_works, gets_further),
        why="The answer was still coming when its time was over, and over a path known good it comes whole.",
        case="flow-crawl",
    ),
    Rule(
        id="http.reset",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="http.reset",
        when=(ended(_FIRST_ANSWER, RESET), speaks_http, in_the_clear, foreign_works, gets_further),
        why="Reset once the request was readable; over a path known good it is answered.",
        case="http-reset",
    ),
    Rule(
        id="http.drop",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="http.drop",
        when=(ended(_FIRST_ANSWER, SILENT), speaks_http, in_the_clear, foreign_works, gets_further),
        why="Silence once the request was readable; over a path known good it is answered.",
        case="http-drop",
    ),
    Rule(
        id="http.close",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="http.close",
        when=(ended(_FIRST_ANSWER, CLOSED), speaks_http, in_the_clear, foreign_works, gets_further),
        why="Closed once the request was readable; over a path known good it is answered.",
        case="http-close",
    ),
    Rule(
        id="flow.freeze",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.freeze",
        when=(
            ended(frozenset({Stage.RESPONSE, Stage.BODY, Stage.HOLD}), SILENT),
            has_begun,
            more_elsewhere,
            foreign_works,
            gets_further,
        ),
        why="The transfer stopped without a word after its first bytes; over a path known good more of it came.",
        case="flow-freeze",
    ),
    Rule(
        id="flow.reset",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.reset",
        when=(ended(_LATER, RESET), foreign_works, gets_further),
        why="The established connection is reset over this path, and carries on over a path known good.",
        case="flow-reset",
    ),
    Rule(
        id="flow.drop",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.drop",
        when=(ended(_LATER, SILENT), no(has_begun), foreign_works, gets_further),
        why="The established connection falls silent over this path, and is answered over a path known good.",
        case="flow-drop",
    ),
    Rule(
        id="flow.close",
        claim=_BLOCKED,
        strength=_LIKELY,
        mechanism="flow.close",
        when=(ended(_LATER, CLOSED), foreign_works, gets_further),
        why="The established connection is closed over this path, and carries on over a path known good.",
        case="flow-close",
    ),
)
