"""Classify an answer as an Outcome from status, address and a few words, so that a login page is not "no hits".

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
from crawler.page.html_tokenizer import iter_tags

HEAD_BYTES = 65_536  # searched for markers
MAX_OPEN_CONTAINERS = 60  # that a truncated page may leave open; 444 saved pages nest at most 49
SHORT_PAGE_CHARS = 1_200  # visible text up to which the words of a page count

_STATUS_OUTCOMES = {
    304: Outcome.UNCHANGED,
    401: Outcome.CHALLENGED,
    404: Outcome.GONE,
    407: Outcome.CHALLENGED,
    410: Outcome.GONE,
}
_BLOCKED_STATUSES = frozenset({403, 418, 429, 451, 503})
_TITLE_RE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.I)
_HIDDEN_START_RE = re.compile(r"<(script|style|noscript|template)\b", re.I)
_MARKUP_RE = re.compile(r"<[^<>]{0,2000}>")
_OPEN_BODY_RE = re.compile(rb"<(?:html|body)[\s>]", re.I)
_CLOSE_BODY_RE = re.compile(rb"</(?:html|body)\s{0,20}>", re.I)
_FEED_START_RE = re.compile(rb"(?:<\?xml[^<>]{0,200}>\s{0,100})?<(rss|feed|rdf:RDF)[\s>]")
_CONTAINER_TAGS = frozenset(
    (
        *("div", "table", "ul", "ol", "section", "main", "article", "form", "script", "style", "title"),
        *("span", "a", "h1", "h2", "h3", "h4", "button", "strong", "em"),
    )
)
_COUNTED_TAGS = _CONTAINER_TAGS | {"head", "body"}


@frozen(kw_only=True)
class Marker:
    """Words that mean an outcome; `where`: in the title, text, markup or url. `source` says where they were seen."""

    outcome: Outcome
    where: str
    words: str
    source: str


def outcome_of(status: int, body: bytes, content_type: str = "", url: str = "") -> Outcome:
    """The outcome of an answer. Never `refused`, `disallowed` or `missing`: those had no answer."""
    if status in _STATUS_OUTCOMES:
        return _STATUS_OUTCOMES[status]
    if status in _BLOCKED_STATUSES:
        return Outcome.CHALLENGED if _match_markers(body, content_type, url) is Outcome.CHALLENGED else Outcome.BLOCKED
    if not 200 <= status < 300:
        return Outcome.ERROR
    if not body.strip():
        return Outcome.PARTIAL
    return _match_markers(body, content_type, url) or (
        Outcome.PARTIAL if _is_truncated(body, content_type) else Outcome.LIVE
    )


@cache
def markers() -> tuple[Marker, ...]:
    """All markers of outcomes.toml. Raises ValueError if one names an unknown outcome."""
    table = tomllib.loads((resources.files("crawler.page") / "outcomes.toml").read_text(encoding="utf-8"))
    return tuple(
        Marker(outcome=Outcome(row["outcome"]), where=row["where"], words=row["words"].casefold(), source=row["source"])
        for row in table["marker"]
    )


def _match_markers(body: bytes, content_type: str, url: str) -> Outcome | None:
    source = decode(body[:HEAD_BYTES], content_type).text.casefold()
    title = _TITLE_RE.search(source)
    text = _visible_text(source) if len(body) <= HEAD_BYTES else ""
    parts = urlsplit(url)
    texts_by_place = {
        "url": f"{parts.hostname or ''}{parts.path}".casefold(),
        "title": " ".join(unescape(title[1]).split()) if title else "",
        "markup": source,
        "text": text if len(text) <= SHORT_PAGE_CHARS else "",
    }
    return next((marker.outcome for marker in markers() if marker.words in texts_by_place[marker.where]), None)


def _visible_text(source: str) -> str:
    """Roughly the visible text of a small source; all of it if it is not HTML (a JSON answer)."""
    pieces = []
    start = 0
    for hidden in _HIDDEN_START_RE.finditer(source):
        if hidden.start() < start:
            continue
        pieces.append(source[start : hidden.start()])
        end = source.find(f"</{hidden[1]}", hidden.end())
        start = len(source) if end < 0 else end
    pieces.append(source[start:])
    return " ".join(_MARKUP_RE.sub(" ", " ".join(pieces)).split())


def _is_truncated(body: bytes, content_type: str) -> bool:
    """Whether an answer was cut: JSON or a feed that does not end as it begins; a page that opens html or body, closes
    neither, and ends inside a tag, a comment or a container.

    404 of 405 saved pages that open either close one; the other had lost its end. Pages that omit optional end tags
    (</p>, </li>, </body>) close their containers, so one that is still open shows a cut.
    """
    text = body.strip()
    if text[:1] in (b"{", b"["):
        return text[-1:] not in (b"}", b"]")
    feed = _FEED_START_RE.match(text[:2_000])
    if feed:
        return b"</" + feed[1] not in text[-200:]
    if (
        not _OPEN_BODY_RE.search(body[:HEAD_BYTES])
        or _CLOSE_BODY_RE.search(body, max(0, len(body) - HEAD_BYTES))
        or _CLOSE_BODY_RE.search(body)
    ):
        return False
    return _has_open_containers(decode(body, content_type).text)


def _has_open_containers(source: str) -> bool:
    """Whether a page ends within a tag or a comment, or with containers open; with very many of them it is a bomb."""
    open_counts: Counter[str] = Counter()
    end = 0
    for tag, name in iter_tags(source):
        end = tag.end()
        if end - tag.start() > HEAD_BYTES:
            return False
        if name in _COUNTED_TAGS:
            open_counts[name] += -1 if tag[1] else 1
    if open_counts["head"] > 0 and not open_counts["body"]:
        return True
    still_open = sum(number for name, number in open_counts.items() if number > 0 and name in _CONTAINER_TAGS)
    return 0 < still_open <= MAX_OPEN_CONTAINERS or "<!--" in source[end:]
