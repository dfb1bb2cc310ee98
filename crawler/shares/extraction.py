"""Extract share links with their access codes from a text or a piece of HTML.

Most descriptions hold no link, so a prefilter decides in a few microseconds whether a text can hold one at all: either
some character is disguised, or the letters and digits alone spell a known host. Its only errors are false positives.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from ahocorasick_rs import AhoCorasick
from attrs import evolve

from crawler.items import ShareLink
from crawler.shares.damaged_links import find_gapped_links, find_listed_ids, find_partial_links, partial_hosts
from crawler.shares.deobfuscation import deobfuscate
from crawler.shares.instructions import apply_instructions
from crawler.shares.labelled_codes import CodeCandidate, find_code_hints, find_labelled_codes
from crawler.shares.link_rules import LinkGrammar, load_grammar
from crawler.shares.listed_codes import find_platform_codes
from crawler.shares.pairing import MAX_NAMED_DISTANCE_CHARS, pair_codes
from crawler.shares.plain_links import ParsedLink, find_pattern_links, find_plain_links
from crawler.shares.text_view import TextView

LONG_TEXT_CHARS = 50_000  # in longer texts, codes are searched for near links only
_LINK_NUMBER_RE = re.compile(
    r"(?:链接|鏈接|地址|网盘|link) {0,2}([1-9][0-9]?) {0,2}[.:、)]{0,2} {0,2}\Z", re.IGNORECASE
)


def extract_links(text: str) -> tuple[ShareLink, ...]:
    """The share links of `text` in order, each once, with its code, the tricks undone and its span in `text`.

    Pure. Markup is read too: addresses in attributes count, and tags inside an address are a trick.
    """
    if not may_hold_links(text):
        return ()
    grammar = load_grammar()
    view = apply_instructions(deobfuscate(text))
    links = _find_links(view, grammar)
    if links:
        hints = find_code_hints(view.text, _code_windows(len(view.text), links))
        pair_codes(view.text, links, _find_codes(view.text, links, grammar), hints)
    by_key: dict[tuple[str, str], ShareLink] = {}
    for parsed_link in links:
        link = _to_share_link(view, parsed_link)
        key = (link.platform, link.share_id)
        earlier = by_key.setdefault(key, link)
        if earlier.code is None and link.code is not None:
            by_key[key] = evolve(earlier, code=link.code, code_kind=link.code_kind)
    return tuple(by_key.values())


def _find_codes(text: str, links: Sequence[ParsedLink], grammar: LinkGrammar) -> list[CodeCandidate]:
    """All codes that a label or a platform's name announces, in text order."""
    candidates = find_labelled_codes(text, grammar, _code_windows(len(text), links))
    label_ends = {candidate.end for candidate in candidates}
    if len(text) <= LONG_TEXT_CHARS:
        candidates += [candidate for candidate in find_platform_codes(text, grammar) if candidate.end not in label_ends]
    return sorted(candidates, key=lambda candidate: candidate.start)


def _code_windows(length: int, links: Sequence[ParsedLink]) -> list[tuple[int, int]] | None:
    """The spans of a long text in which a code may belong to a link; None for texts that are searched as a whole."""
    if length <= LONG_TEXT_CHARS:
        return None
    windows: list[tuple[int, int]] = []
    for link in links:
        start, end = max(0, link.start - MAX_NAMED_DISTANCE_CHARS), min(length, link.end + MAX_NAMED_DISTANCE_CHARS)
        if windows and start <= windows[-1][1]:
            start = windows.pop()[0]
        windows.append((start, end))
    return windows


def _to_share_link(view: TextView, link: ParsedLink) -> ShareLink:
    tricks = link.tricks
    if link.code_end > link.end:
        tricks = tricks | view.tricks(link.end, link.code_end) & {"zero_width", "full_width", "lookalikes"}
    return ShareLink(
        platform=link.rule.name,
        share_id=link.share_id,
        url=link.url,
        code=link.code,
        code_kind=link.code_kind,
        tricks=tuple(sorted(tricks)),
        span=view.span(link.start, link.end),
    )


def _find_links(view: TextView, grammar: LinkGrammar) -> list[ParsedLink]:
    """All links of a view in text order, duplicates included."""
    links = _merge_links(
        [*find_plain_links(view, grammar), *_find_reversed_links(view, grammar)],
        [*find_pattern_links(view, grammar), *find_gapped_links(view, grammar), *find_partial_links(view, grammar)],
    )
    links = _merge_links(links, find_listed_ids(view, links))
    for link in links:
        if match := _LINK_NUMBER_RE.search(view.text, max(0, link.start - 20), link.start):
            link.index = int(match[1])
        link.tricks |= view.tricks(link.start, link.end)
    return links


_REVERSED_URL_RE = re.compile(r"//:s?ptth|/(?:moc|nc|zn|ten)\.[a-z0-9]", re.IGNORECASE)


def _find_reversed_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Addresses written backwards."""
    if not _REVERSED_URL_RE.search(view.text):
        return
    length = len(view.text)
    for link in find_plain_links(
        TextView(text=view.text[::-1], starts=view.starts[::-1], ends=view.ends[::-1]), grammar
    ):
        link.start, link.end = length - link.end, length - link.start
        link.code_end = link.end if link.code else 0
        link.tricks.add("reversed")
        yield link


def _merge_links(plain_links: Iterable[ParsedLink], other_links: Iterable[ParsedLink]) -> list[ParsedLink]:
    """All links in order; `other_links` that overlap a link already found are dropped."""
    links = sorted(plain_links, key=lambda link: link.start)
    starts = [link.start for link in links]
    for link in other_links:
        index = bisect_left(starts, link.end)
        if index == 0 or links[index - 1].end <= link.start:
            links.insert(index, link)
            starts.insert(index, link.start)
    return links


_OBFUSCATION_RE = re.compile(
    "[%&\\\\@|<¥€£₤￥＠群裙斜\u00ad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f"
    "\ufeff\u00b2\u00b3\u00b9\u2024\u2044\u2070-\u209f\u2100-\u218f\u2215\u2460-\u24ff\u2571\u2776-\u2792\u29f8\u3200-\u33ff"
    "\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\ufe52\ufe68\uff05\uff06\uff0e-\uff19\uff21-\uff3a\uff41-\uff5a"
    "\u0370-\u052f\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff\U000e0000-\U000e01ef]"
)
_LINK_SIGN_RE = re.compile(
    r"[A-Za-z0-9+/_-]{20}|[(（][A-Za-z0-9]{11}[)）]|//:|/(?:moc|nc|zn|ten)\.|[?&][a-z]{1,12}="
    r"|/[a-z]{1,2}/[A-Za-z0-9]{8}|://| (?:dot|slash) "
)
_NON_ALPHANUMERIC_RE = re.compile(r"[^a-z0-9]+")
_SHARE_ID_RE = re.compile(
    r"(?=[A-Za-z_-]{0,40}[0-9])(?=[0-9_-]{0,40}[A-Za-z])[A-Za-z0-9_-]{8}|(?=[A-Za-z_-]{0,40}[a-z][A-Z])[A-Za-z_-]{8}"
)
_ASCII_RUN_RE = re.compile("[!-~]{3}")  # without such a run neither of the two patterns above can match
_SCHEME_WORDS = ("magnet", "thunder", "ed2k", "lanz", "fromcharcode")


def may_hold_links(text: str) -> bool:
    """Return False only where `text` cannot hold a link."""
    if _OBFUSCATION_RE.search(text):
        return True
    if _ASCII_RUN_RE.search(text) and (
        _LINK_SIGN_RE.search(text)
        or (_SHARE_ID_RE.search(text) and any(name in text for name in _chinese_platform_names()))
    ):
        return True
    return bool(
        _host_automaton().find_matches_as_indexes(
            _NON_ALPHANUMERIC_RE.sub("", text.lower()).replace("dot", "").replace("slash", "")
        )
    )


@cache
def _chinese_platform_names() -> tuple[str, ...]:
    """What a text with an id alone holds: a platform's name, or a word for a drive behind a name that is a number."""
    names = tuple(name for rule in load_grammar().rules for name in rule.seller_names if not name.isascii())
    return (*names, "网盘", "云盘", "雲盤")


@cache
def _host_automaton() -> AhoCorasick:
    grammar = load_grammar()
    hosts = (
        *grammar.exact_hosts,
        *grammar.domains,
        *(partial_host for host in (*grammar.exact_hosts, *grammar.domains) for partial_host in partial_hosts(host)),
    )
    return AhoCorasick(sorted({_NON_ALPHANUMERIC_RE.sub("", host.lower()) for host in hosts} | set(_SCHEME_WORDS)))
