"""Pages known to be served in place of a target's, as data: a match settles the matter without a control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Json

_OONI = "github.com/ooni/blocking-fingerprints, fingerprints_http.csv"
_CITIZEN_LAB = "github.com/citizenlab/filtering-annotations, by way of ooni/blocking-fingerprints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page by what it holds: `where` is `location`, `title`, `server` or `body` (the head of it)."""

    id: str
    where: str
    holds: str  # at the beginning of a location or server, anywhere in a title or body
    cc: str
    source: str = _OONI

    def matches(self, answer: Mapping[str, Json]) -> bool:
        """True where an answer (the detail of a response) is this page."""
        seen = field(answer, self.where)
        return seen.startswith(self.holds) if self.where in _BY_PREFIX else self.holds in seen


_BY_PREFIX = frozenset({"location", "server", "cf-mitigated", "x-amzn-waf-action"})
_DETAIL = {"title": "title", "body": "body_head"}


def field(answer: Mapping[str, Json], where: str) -> str:
    """What an answer shows at that place, empty where it shows nothing."""
    if where in _DETAIL:
        return str(answer.get(_DETAIL[where]) or "")
    headers = answer.get("headers") or {}
    return str({key.lower(): value for key, value in dict(headers).items()}.get(where) or "")


def known_page(answer: Mapping[str, Json], pages: tuple[Page, ...]) -> Page | None:
    """The known page that the answer is, None where it is none of them."""
    return next((page for page in pages if page.matches(answer)), None)


PAGES = (
    Page(id="ru.megafon", where="location", holds="http://m.megafonpro.ru", cc="RU"),
    Page(id="ru.akado", where="location", holds="http://blocked.akado.ru", cc="RU"),
    Page(id="ru.netbynet", where="location", holds="http://blocked.netbynet.ru", cc="RU"),
    Page(id="ru.ttk", where="location", holds="http://blocked.ti.ru", cc="RU"),
    Page(id="ru.tinkoff", where="location", holds="https://blocked.tinkoff.ru", cc="RU"),
    Page(id="ru.yota", where="location", holds="http://forbidden.yota.ru", cc="RU"),
    Page(id="ru.yota-https", where="location", holds="https://forbidden.yota.ru", cc="RU"),
    Page(id="ru.ugmk", where="location", holds="http://blocked.ugmk-telecom.ru", cc="RU"),
    Page(id="ru.comcor", where="location", holds="http://blocked.as20764.net/blocked.php", cc="RU"),
    Page(id="ru.intersvyaz", where="location", holds="https://you-shall-not-pass.is74.ru", cc="RU"),
    Page(id="ru.ufanet", where="location", holds="https://www.ufanet.ru/blocking.html", cc="RU"),
    Page(id="ru.ip-center", where="location", holds="block.ip.center.rt.ru", cc="RU", source=_CITIZEN_LAB),
    Page(id="ru.sibset-149", where="location", holds="http://211.ru/149.html", cc="RU", source=_CITIZEN_LAB),
    Page(id="ru.vk-rkn", where="location", holds="https://vk.com/blank.php?rkn=", cc="RU"),
    Page(id="ru.runnet", where="location", holds="http://block.runnet.ru", cc="RU"),
    Page(id="ru.rostelecom", where="title", holds="block-system", cc="RU", source=_CITIZEN_LAB),
    Page(id="ru.link", where="title", holds="Federal block", cc="RU", source=_CITIZEN_LAB),
    Page(
        id="ru.eais",
        where="body",
        holds="eais.rkn.gov.ru",
        cc="RU",
        source="Federal law 149-FZ, article 15.1: the register",
    ),
    Page(id="by.a1", where="location", holds="https://www.a1.by/mininfo/", cc="BY"),
    Page(id="by.mts", where="location", holds="https://internet.mts.by/blocked/", cc="BY"),
    Page(id="ir.iframe", where="body", holds='iframe src="http://10.10.34.3', cc="IR", source="Lange et al. 2025"),
    Page(id="tr.tib", where="title", holds="Telekomünikasyon İletişim Başkanlığı", cc="TR"),
    Page(id="ua.ban", where="body", holds="Відвідування даного ресурсу заборонено", cc="UA"),
    Page(id="id.positif", where="location", holds="http://internet-positif.org", cc="ID"),
    Page(id="id.uzone", where="location", holds="http://internetpositif.uzone.id", cc="ID"),
    Page(id="ae.du", where="location", holds="http://lighthouse.du.ae", cc="AE"),
    Page(id="ae.wirefilter", where="server", holds="Protected by WireFilter", cc="AE"),
    Page(id="th.deb", where="body", holds="because the Ministry of Digital Economic", cc="TH", source=_CITIZEN_LAB),
    Page(id="any.contentkeeper", where="body", holds="Blocked by ContentKeeper", cc="ZZ", source=_CITIZEN_LAB),
    Page(id="any.pages", where="title", holds="Web Page Blocked", cc="ZZ"),
)
