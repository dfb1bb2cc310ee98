"""Classify an answer as an Outcome from status, address and a few words, so that a login page is not "no hits".

The markers are data (outcomes.toml). Words of ordinary text count only on short pages, because a shop may sell a book
about captchas; titles, addresses and the markup of known challenge scripts count everywhere.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, cached_property
from html import unescape
from importlib import resources
from itertools import islice
from urllib.parse import urlsplit

from attrs import frozen
from rapidfuzz import fuzz

from crawler.items import Outcome
from crawler.page.charset import decode
from crawler.page.page_end import is_truncated
from crawler.text import fold

HEAD_BYTES = 65_536  # searched for markers
SHORT_PAGE_CHARS = 1_200  # visible text up to which the words of a page count
MAX_NOTICE_PAGE_CHARS = 4_000  # visible text of a page with a notice: a forum's frame around it has some hundred links
MAX_NOTICE_CHARS = 120  # of the sentence that says so
MAX_NOTICE_REST_CHARS = 48  # that a sentence may say beside the words of a marker
MAX_NOTICE_TITLE_REST_CHARS = 12  # that a title or heading may say beside it ("Sorry, ...")
MAX_HEADINGS = 3  # that are read
MIN_SHOWN_RATIO = 80.0  # partial ratio of a title and a page's text from which on the page shows it

_STATUS_OUTCOMES = {
    304: Outcome.UNCHANGED,
    401: Outcome.CHALLENGED,
    404: Outcome.GONE,
    407: Outcome.CHALLENGED,
    410: Outcome.GONE,
}
_BLOCKED_STATUSES = frozenset({403, 418, 429, 451, 503})
# "This topic has been deleted": what is gone, then that it is. Patterns of words, not of one site's sentence.
_GONE_RE = re.compile(
    r"(?:主题|帖|贴子|话题|文章|日志|商品|宝贝|产品|物品|拍品|页面|网页|内容|资源|链接|文件|视频|应用|软件|信息|记录|店铺|图书|课程)"
    r"[^。！!？?\n]{0,12}?(?:不存在|不见了|找不到|未找到|已失效|已过期"
    r"|(?:已经?|被)+(?:作者|卖家|发布者|管理员|楼主)?(?:自行)?(?:删除|移除|下架|关闭|屏蔽|撤下|撤销|取消))"
    r"|(?:找不到|未找到|没有找到)[^。！!？?\n]{0,10}(?:主题|帖|文章|商品|宝贝|页面|内容|资源)"
    r"|\b(?:topic|thread|post|message|page|item|product|listing|article|content|file|app|video|ad|entry|download|link)s?\b"
    r"[^.!?\n]{0,40}?(?:(?:does|do|did) ?n[o'’]t exist|no longer exists?|(?:not|can[’']?t) (?:be )?found"
    r"|(?:no longer|not|un) ?available|(?:been|was|were|is) (?:deleted|removed|taken down))"
)
_OTHER_THINGS_RE = re.compile(r"其他|其它|部分|旧|\b(?:other|some|old|older|previous|similar)\b")
# A page whose title says no more than that it is a message of the site.
_NOTICE_TITLE_RE = re.compile(
    r"(?:系统|信息|温馨|错误|论坛|操作)?(?:提示|消息)(?:信息|页面?)?|错误(?:信息|页面?)?|出错了?[!！]?|抱歉"
    r"|error(?: message| page)?|notice|(?:system|board|forum|site)? ?messages?|information"
    r"|oops.{0,20}|sorry.{0,20}|not found|404.{0,20}"
)
_TITLE_SEPARATOR_RE = re.compile(r" [-–—·:：] | ?[_|»] ?")
_SENTENCE_END_RE = re.compile(r"(?<=[。！？!?])|(?<=\.)\s+")
_HEADING_RE = re.compile(r"<h[1-3]\b[^<>]{0,300}>(.{0,600}?)</h[1-3]>", re.S)
_TITLE_RE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.I)
_HIDDEN_START_RE = re.compile(r"<(script|style|noscript|template)\b", re.I)
_INLINE_MARKUP_RE = re.compile(r"</?(?:a|b|i|em|strong|span|font|u|small|mark)\b[^<>]{0,500}>")
_MARKUP_RE = re.compile(r"<[^<>]{0,2000}>")


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
        found = _match_markers(_Answer(body, content_type), url)
        return Outcome.CHALLENGED if found is Outcome.CHALLENGED else Outcome.BLOCKED
    if not 200 <= status < 300:
        return Outcome.ERROR
    if not body.strip():
        return Outcome.PARTIAL
    answer = _Answer(body, content_type)
    outcome = _match_markers(answer, url)
    if outcome is None and _is_removal_notice(answer):
        outcome = Outcome.GONE
    return outcome or (Outcome.PARTIAL if is_truncated(body, content_type) else Outcome.LIVE)


def is_removed(body: bytes, content_type: str, former_title: str) -> bool:
    """Whether a page that once showed a listing of this title says instead, on little else, that something is gone."""
    texts = _Answer(body, content_type).texts
    visible_text = " ".join(texts)
    if len(visible_text) > MAX_NOTICE_PAGE_CHARS or not any(map(_states_removal, texts)):
        return False
    title = fold(former_title).replace(" ", "")
    return bool(title) and fuzz.partial_ratio(title, fold(visible_text).replace(" ", "")) < MIN_SHOWN_RATIO


@cache
def markers() -> tuple[Marker, ...]:
    """All markers of outcomes.toml. Raises ValueError if one names an unknown outcome."""
    table = tomllib.loads((resources.files("crawler.page") / "outcomes.toml").read_text(encoding="utf-8"))
    return tuple(
        Marker(outcome=Outcome(row["outcome"]), where=row["where"], words=row["words"].casefold(), source=row["source"])
        for row in table["marker"]
    )


class _Answer:
    """The parts of an answer in which words are looked for, in lower case; each is made once."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self.source = decode(body[:HEAD_BYTES], content_type).text.casefold()
        self._is_small = len(body) <= HEAD_BYTES

    @cached_property
    def title(self) -> str:
        match = _TITLE_RE.search(self.source)
        return " ".join(unescape(match[1]).split()) if match else ""

    @cached_property
    def visible_text(self) -> str:
        """Roughly the visible text of a small answer; all of it if it is not HTML (a JSON answer)."""
        return " ".join(_MARKUP_RE.sub(" ", _without_hidden(self.source)).split()) if self._is_small else ""

    @cached_property
    def texts(self) -> list[str]:
        """The sentences of a small page's visible text, ended by tags too, without its title; none if it is no HTML."""
        if not self._is_small or not _MARKUP_RE.search(self.source):
            return []
        shown = _INLINE_MARKUP_RE.sub("", _without_hidden(_TITLE_RE.sub(" ", self.source)))
        pieces = (" ".join(unescape(piece).split()) for piece in _MARKUP_RE.split(shown))
        return [sentence for piece in pieces for sentence in _SENTENCE_END_RE.split(piece) if sentence]

    @cached_property
    def headings(self) -> list[str]:
        """The first headings."""
        matches = islice(_HEADING_RE.finditer(self.source), MAX_HEADINGS)
        return [" ".join(unescape(_MARKUP_RE.sub(" ", match[1])).split()) for match in matches]


def _is_removal_notice(answer: _Answer) -> bool:
    """Whether a page is a message of the site that something is gone: its title or a heading says so, or its title says
    only that it is a message, and a sentence of it does.
    """
    if not answer.texts or sum(map(len, answer.texts)) > MAX_NOTICE_PAGE_CHARS:
        return False
    title_parts = _TITLE_SEPARATOR_RE.split(answer.title)
    if any(_is_whole_notice(text) for text in (*title_parts, *answer.headings)):
        return True
    is_message = any(_NOTICE_TITLE_RE.fullmatch(text) for text in (*title_parts, *answer.headings))
    return is_message and any(map(_states_removal, answer.texts))


def _is_whole_notice(text: str) -> bool:
    """Whether a title or heading says that something is gone, and hardly more."""
    match = _GONE_RE.search(text)
    return match is not None and _states_removal(text) and len(text) <= len(match[0]) + MAX_NOTICE_TITLE_REST_CHARS


def _states_removal(text: str) -> bool:
    """Whether a piece of text is a sentence that something (not other things than what the page is about) is gone."""
    return len(text) <= MAX_NOTICE_CHARS and bool(_GONE_RE.search(text)) and not _OTHER_THINGS_RE.search(text)


def _match_markers(answer: _Answer, url: str) -> Outcome | None:
    parts = urlsplit(url)
    texts_by_place = {
        "url": f"{parts.hostname or ''}{parts.path}".casefold(),
        "title": answer.title,
        "markup": answer.source,
        "text": answer.visible_text if len(answer.visible_text) <= SHORT_PAGE_CHARS else "",
    }
    found = (marker for marker in markers() if marker.words in texts_by_place[marker.where])
    return next((marker.outcome for marker in found if _is_meant(marker, answer)), None)


def _is_meant(marker: Marker, answer: _Answer) -> bool:
    """Whether words of a page's text speak of the page: a text may say that other things are gone, or say more."""
    if marker.where != "text" or marker.outcome is not Outcome.GONE or not answer.texts:
        return True
    return any(
        marker.words in sentence
        and len(sentence) <= len(marker.words) + MAX_NOTICE_REST_CHARS
        and not _OTHER_THINGS_RE.search(sentence)
        for sentence in answer.texts
    )


def _without_hidden(source: str) -> str:
    """A source without scripts, styles and templates."""
    pieces = []
    start = 0
    for hidden in _HIDDEN_START_RE.finditer(source):
        if hidden.start() < start:
            continue
        pieces.append(source[start : hidden.start()])
        end = source.find(f"</{hidden[1]}", hidden.end())
        start = len(source) if end < 0 else end
    pieces.append(source[start:])
    return " ".join(pieces)
