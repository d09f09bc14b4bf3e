"""The path itself: its servers, its resolver, and whether it carries anything at all."""

from harness.judge.conditions import (
    CERTIFICATE,
    CLOSED,
    CUT,
    REFUSED,
    RESET,
    SILENT,
    UNREACHABLE,
    abroad_is_up,
    domestic_works,
    ended,
    foreign_fails,
    foreign_works,
    gets_further,
    network_works,
    no,
    resolver_fails,
    token,
    works_elsewhere,
)
from harness.judge.rules.rule import Rule
from harness.model import Claim, Stage, Strength

_DOWN = Claim.PATH_DOWN
_LIKELY = Strength.LIKELY
_SHAKING = frozenset({Stage.TLS, Stage.HOP, Stage.REQUEST, Stage.RESPONSE, Stage.BODY})
_OPENING = frozenset({Stage.CONNECT, Stage.TLS})
_ASKING = frozenset({Stage.RESOLVE, Stage.TLS, Stage.REQUEST, Stage.RESPONSE, Stage.BODY})
_FAULTS = frozenset({"dns_servfail_error", "dns_refused_error", "dns_server_misbehaving"})
_NO_DNS = _FAULTS | {
    *("http_unexpected_status_code", "http_request_failed", "protocol_error", "proof_missing"),
    *("http_unexpected_redirect_url", "ssl_failed_handshake"),
}

HOPS = (
    Rule(
        id="path.credentials_refused",
        claim=_DOWN,
        strength=Strength.CONFIRMED,
        mechanism="path.credentials_refused",
        stage=Stage.PATH,
        when=(token("proxy_auth_failed"),),
        why="The path's server answers that it does not accept our credentials.",
        case="proxy-credentials-refused",
    ),
    Rule(
        id="path.protocol",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.protocol",
        stage=Stage.PATH,
        when=(token("proxy_protocol_error"),),
        why="What answers at the path's server does not speak its protocol.",
        case="proxy-protocol",
    ),
    Rule(
        id="path.server_refused",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_refused",
        stage=Stage.PATH,
        when=(ended(Stage.CONNECT, REFUSED, of="hop"), network_works),
        why="The path's server refuses connections, while the network here works.",
        case="proxy-refused",
    ),
    Rule(
        id="path.server_silent",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_silent",
        stage=Stage.PATH,
        when=(ended(_OPENING, SILENT, of="hop"), network_works),
        why="The path's server does not answer, while the network here works.",
        case="proxy-silent",
    ),
    Rule(
        id="path.server_unreachable",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_unreachable",
        stage=Stage.PATH,
        when=(ended(Stage.CONNECT, UNREACHABLE, of="hop"), network_works),
        why="A router answers that the path's server cannot be reached, while the network here works.",
        case="proxy-unreachable",
    ),
    Rule(
        id="path.server_reset",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_reset",
        stage=Stage.PATH,
        when=(ended(Stage.TLS, RESET | CLOSED, of="hop"), network_works),
        why="The handshake with the path's server is cut, while the network here works.",
        case="proxy-reset",
    ),
    Rule(
        id="path.server_identity",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_identity",
        stage=Stage.PATH,
        when=(ended(Stage.TLS, CERTIFICATE, of="hop"), network_works),
        why="The path's server shows a certificate that does not verify.",
        case="proxy-identity",
    ),
    Rule(
        id="path.refuses_all",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.no_passage",
        stage=Stage.PATH,
        when=(ended(Stage.HOP, CUT | {"proxy_refused"}, of="hop"), foreign_fails, no(domestic_works), abroad_is_up),
        why="The path's server takes the connection, and reaches neutral hosts as little as the target.",
        case="proxy-no-passage",
    ),
)

RESOLVERS = (
    Rule(
        id="path.resolver_refused",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_refused",
        stage=Stage.PATH,
        when=(ended(Stage.CONNECT, REFUSED, of="resolver"), network_works),
        why="The path's resolver refuses connections, while the network here works.",
        case="resolver-refused",
    ),
    Rule(
        id="path.resolver_reset",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_reset",
        stage=Stage.PATH,
        when=(ended(_SHAKING, RESET | CLOSED, of="resolver"), network_works),
        why="The connection to the path's resolver is cut after it was made, while the network here works.",
        case="resolver-reset",
    ),
    Rule(
        id="path.resolver_silent",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_silent",
        stage=Stage.PATH,
        when=(ended(_OPENING | _ASKING, SILENT, of="resolver"), network_works),
        why="The path's resolver does not answer, while the network here works.",
        case="resolver-silent",
    ),
    Rule(
        id="path.resolver_unreachable",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_unreachable",
        stage=Stage.PATH,
        when=(ended(Stage.CONNECT, UNREACHABLE, of="resolver"), network_works),
        why="A router answers that the path's resolver cannot be reached, while the network here works.",
        case="resolver-unreachable",
    ),
    Rule(
        id="path.resolver_identity",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_identity",
        stage=Stage.PATH,
        when=(ended(Stage.TLS, CERTIFICATE, of="resolver"), network_works),
        why="The path's resolver shows a certificate that does not verify.",
        case="resolver-identity",
    ),
    Rule(
        id="path.resolver_fails",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_misbehaving",
        stage=Stage.PATH,
        when=(ended(_ASKING, _NO_DNS, of="resolver"), network_works),
        why="What answers at the path's resolver is no answer of a resolver.",
        case="resolver-fails",
    ),
    Rule(
        id="path.resolver_dead",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_silent",
        stage=Stage.PATH,
        when=(ended(Stage.RESOLVE, CUT | REFUSED | UNREACHABLE), resolver_fails, network_works),
        why="The path's resolver leaves a neutral question unanswered too, while the network here works.",
        case="resolver-dead",
    ),
    Rule(
        id="path.resolver_misbehaving",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.resolver_misbehaving",
        stage=Stage.PATH,
        when=(ended(Stage.RESOLVE, _FAULTS), resolver_fails, network_works),
        why="The path's resolver fails for a neutral question too, while the network here works.",
        case="resolver-misbehaving",
    ),
)

PROXIED = (
    Rule(
        id="hop.target_refused",
        claim=Claim.BLOCKED,
        strength=_LIKELY,
        mechanism="hop.target_refused",
        when=(ended(Stage.HOP, frozenset({"proxy_refused"}), of="hop"), foreign_works, gets_further),
        why="The proxy refuses this target and reaches a neutral host; the target is up.",
        case="proxy-refuses-target",
    ),
    Rule(
        id="hop.target_silent",
        claim=Claim.BLOCKED,
        strength=_LIKELY,
        mechanism="hop.target_silent",
        when=(ended(Stage.HOP, CUT, of="hop"), foreign_works, gets_further),
        why="The proxy does not come through to this target and reaches a neutral host; the target is up.",
        case="proxy-silent-about-target",
    ),
)
"""The proxy's side of it: said only when nothing is wrong with the name or address that it was handed."""

CUT_OFF = (
    Rule(
        id="net.domestic_only",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="net.domestic_only",
        stage=Stage.PATH,
        when=(foreign_fails, domestic_works, abroad_is_up),
        why="Over this path hosts at home answer and hosts abroad do not, although they are up.",
        case="domestic-only",
    ),
    Rule(
        id="path.no_passage",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.no_passage",
        stage=Stage.PATH,
        when=(foreign_fails, no(domestic_works), works_elsewhere, network_works),
        why="Over this path no neutral host answers, while another path reaches them.",
        case="path-no-passage",
    ),
)
"""Where nothing neutral passes, nothing is said of the target."""
