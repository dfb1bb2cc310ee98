"""Share links with their access codes in a text or a piece of HTML: the one function the rest of the house calls."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve

from crawler.items import ShareLink
from crawler.shares.addresses import ParsedLink, find_pattern_links, find_plain_links
from crawler.shares.clipped import find_partial_links
from crawler.shares.codes import CodeCandidate, find_labelled_codes
from crawler.shares.keyed import find_platform_codes
from crawler.shares.orders import apply_instructions
from crawler.shares.pairing import MAX_NAMED_DISTANCE_CHARS, pair_codes
from crawler.shares.precheck import may_hold_links
from crawler.shares.rules import LinkGrammar, load_grammar
from crawler.shares.torn import find_gapped_links
from crawler.shares.undoing import deobfuscate
from crawler.shares.views import TextView

LONG_TEXT_CHARS = 50_000  # signs from which on codes are looked for near links only
_LINK_NUMBER_RE = re.compile(
    r"(?:链接|鏈接|地址|网盘|link) {0,2}([1-9][0-9]?) {0,2}[.:、)]{0,2} {0,2}\Z", re.IGNORECASE
)


def extract_links(text: str) -> tuple[ShareLink, ...]:
    """The share links of a text in its order, each once, with code, tricks undone, and its span in `text`.

    Pure. Markup is read as well: addresses in attributes count, and tags inside an address are a trick.
    """
    if not may_hold_links(text):
        return ()
    grammar = load_grammar()
    view = apply_instructions(deobfuscate(text))
    links = _find_links(view, grammar)
    if links:
        pair_codes(view.text, links, _find_codes(view.text, links, grammar))
    by_key: dict[tuple[str, str], ShareLink] = {}
    for parsed_link in links:
        link = _to_share_link(view, parsed_link)
        key = (link.platform, link.share_id)
        earlier = by_key.setdefault(key, link)
        if earlier.code is None and link.code is not None:
            by_key[key] = evolve(earlier, code=link.code, code_kind=link.code_kind)
    return tuple(by_key.values())


def _find_codes(text: str, links: Sequence[ParsedLink], grammar: LinkGrammar) -> list[CodeCandidate]:
    """All codes that a word or a platform's name announces, in the order of the text."""
    candidates = find_labelled_codes(text, grammar, _code_windows(len(text), links))
    label_ends = {candidate.end for candidate in candidates}
    if len(text) <= LONG_TEXT_CHARS:
        candidates += [candidate for candidate in find_platform_codes(text, grammar) if candidate.end not in label_ends]
    return sorted(candidates, key=lambda candidate: candidate.start)


def _code_windows(length: int, links: Sequence[ParsedLink]) -> list[tuple[int, int]] | None:
    """The stretches of a very long text in which a code may belong to a link."""
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
    """All links of a view in its order, copies included."""
    links = _merge_links(
        [*find_plain_links(view, grammar), *_find_reversed_links(view, grammar)],
        [*find_pattern_links(view, grammar), *find_gapped_links(view, grammar), *find_partial_links(view, grammar)],
    )
    for link in links:
        if match := _LINK_NUMBER_RE.search(view.text, max(0, link.start - 20), link.start):
            link.index = int(match[1])
        link.tricks |= view.tricks(link.start, link.end)
    return links


_REVERSED_URL_RE = re.compile(r"//:s?ptth|/(?:moc|nc|zn|ten)\.[a-z0-9]", re.IGNORECASE)


def _find_reversed_links(view: TextView, grammar: LinkGrammar) -> Iterator[ParsedLink]:
    """Addresses written from their end to their beginning."""
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
    """All links in order, without other readings of what was found already."""
    links = sorted(plain_links, key=lambda link: link.start)
    starts = [link.start for link in links]
    for link in other_links:
        place = bisect_left(starts, link.end)
        if place == 0 or links[place - 1].end <= link.start:
            links.insert(place, link)
            starts.insert(place, link.start)
    return links
