"""What a page turned out to be, told from status, address and a few words: a login page is not "no hits".

The markers are data (outcomes.toml). Words of ordinary text count only on short pages, because a shop may sell a book
about captchas; titles, addresses and the markup of known challenge scripts count everywhere.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from html import unescape
from importlib import resources
from urllib.parse import urlsplit

from attrs import frozen

from crawler.items import Outcome
from crawler.page.charset import decode
from crawler.page.tags import tags

HEAD = 65_536  # bytes that are looked at
MOST_OPEN = 60  # containers that a page cut in two may leave open; 444 saved pages nest at most 49
SHORT = 1_200  # characters of visible text up to which the words of a page decide

_BY_STATUS = {
    304: Outcome.UNCHANGED,
    401: Outcome.CHALLENGED,
    404: Outcome.GONE,
    407: Outcome.CHALLENGED,
    410: Outcome.GONE,
}
_BLOCKED = frozenset({403, 418, 429, 451, 503})
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.I)
_HIDDEN = re.compile(r"<(script|style|noscript|template)\b", re.I)
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_OPENED = re.compile(rb"<(?:html|body)[\s>]", re.I)
_CLOSED = re.compile(rb"</(?:html|body)\s{0,20}>", re.I)
_FEED = re.compile(rb"(?:<\?xml[^<>]{0,200}>\s{0,100})?<(rss|feed|rdf:RDF)[\s>]")
_CONTAINERS = frozenset(
    (
        *("div", "table", "ul", "ol", "section", "main", "article", "form", "script", "style", "title"),
        *("span", "a", "h1", "h2", "h3", "h4", "button", "strong", "em"),
    )
)
_COUNTED = _CONTAINERS | {"head", "body"}


@frozen(kw_only=True)
class Marker:
    """One sign in the title, text, markup or address of a page. `source` says where it was seen."""

    outcome: Outcome
    where: str
    words: str
    source: str


def outcome_of(status: int, body: bytes, content_type: str = "", url: str = "") -> Outcome:
    """The outcome of an answer. Never `refused`, `disallowed` or `missing`: those never got an answer."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _BLOCKED:
        return Outcome.CHALLENGED if _marked(body, content_type, url) is Outcome.CHALLENGED else Outcome.BLOCKED
    if not 200 <= status < 300:
        return Outcome.ERROR
    if not body.strip():
        return Outcome.PARTIAL
    return _marked(body, content_type, url) or (Outcome.PARTIAL if _is_cut(body, content_type) else Outcome.LIVE)


@cache
def markers() -> tuple[Marker, ...]:
    """All markers of outcomes.toml. Raises ValueError if one names an unknown outcome."""
    table = tomllib.loads((resources.files("crawler.page") / "outcomes.toml").read_text(encoding="utf-8"))
    return tuple(
        Marker(outcome=Outcome(row["outcome"]), where=row["where"], words=row["words"].casefold(), source=row["source"])
        for row in table["marker"]
    )


def _marked(body: bytes, content_type: str, url: str) -> Outcome | None:
    source = decode(body[:HEAD], content_type).text.casefold()
    title = _TITLE.search(source)
    text = _visible(source) if len(body) <= HEAD else ""
    parts = urlsplit(url)
    looked_at = {
        "url": f"{parts.hostname or ''}{parts.path}".casefold(),
        "title": " ".join(unescape(title[1]).split()) if title else "",
        "markup": source,
        "text": text if len(text) <= SHORT else "",
    }
    return next((marker.outcome for marker in markers() if marker.words in looked_at[marker.where]), None)


def _visible(source: str) -> str:
    """Roughly the visible text of small sources; the whole of what is no HTML (a JSON answer)."""
    pieces = []
    start = 0
    for hidden in _HIDDEN.finditer(source):
        if hidden.start() < start:
            continue
        pieces.append(source[start : hidden.start()])
        end = source.find(f"</{hidden[1]}", hidden.end())
        start = len(source) if end < 0 else end
    pieces.append(source[start:])
    return " ".join(_MARKUP.sub(" ", " ".join(pieces)).split())


def _is_cut(body: bytes, content_type: str) -> bool:
    """JSON that does not end as it begins; a page that opens its body or itself, closes neither, and stops amid it.

    404 of 405 saved pages that open either close one; the other had lost its end. Pages that leave out what may be left
    out (</p>, </li>, </body>) close their containers, so one that is still open tells a cut.
    """
    text = body.strip()
    if text[:1] in (b"{", b"["):
        return text[-1:] not in (b"}", b"]")
    feed = _FEED.match(text[:2_000])
    if feed:
        return b"</" + feed[1] not in text[-200:]
    if not _OPENED.search(body[:HEAD]) or _CLOSED.search(body, max(0, len(body) - HEAD)) or _CLOSED.search(body):
        return False
    return _stops_amid(decode(body, content_type).text)


def _stops_amid(source: str) -> bool:
    """Whether a page ends within a tag or a comment, or with containers open; with very many it is a bomb."""
    open_ones: Counter[str] = Counter()
    end = 0
    for tag, name in tags(source):
        end = tag.end()
        if end - tag.start() > HEAD:
            return False
        if name in _COUNTED:
            open_ones[name] += -1 if tag[1] else 1
    if open_ones["head"] > 0 and not open_ones["body"]:
        return True
    still_open = sum(number for name, number in open_ones.items() if number > 0 and name in _CONTAINERS)
    return 0 < still_open <= MOST_OPEN or "<!--" in source[end:]
