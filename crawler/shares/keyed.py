"""Codes in a list of their own, each behind a key that its link has too: 甲：ab12 乙：cd34, 度盘ab12、天翼cd34.

Keys are the names of platforms, and short marks of a list: 甲, A, (2); of marks two at least.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from crawler.shares.addresses import ParsedLink
from crawler.shares.codes import CodeCandidate
from crawler.shares.rules import LinkGrammar
from crawler.shares.values import NOT_A_CODE_RE

_MIXED_CODE_PATTERN = "(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{4,6}"
_LIST_KEY_PATTERN = r"[甲乙丙丁戊己庚辛]|[上中下](?=[册卷部集篇])|[一二三四五六七八九十]{1,2}|[A-Z]|[1-9][0-9]?"
_LIST_ITEM_RE = re.compile(
    rf"(?<![A-Za-z0-9\u4e00-\u9fff./])\(?(?P<key>{_LIST_KEY_PATTERN})(?:[盘册卷部集篇章课讲])?"
    rf"(?:[).、:：.=-]|\s){{1,3}} ?(?P<value>{_MIXED_CODE_PATTERN})(?![A-Za-z0-9:/.])"
)
_LINK_KEY_RE = re.compile(
    rf"(?:^|\n)[^\w\n]{{0,4}}(?:第|链接|地址|网盘)?(?P<key>{_LIST_KEY_PATTERN})(?:[盘册卷部集篇章课讲链]|[^\w\n])[^\n]{{0,30}}\Z"
)
_MAX_KEY_DISTANCE_CHARS = 60  # signs of a line before its link
_CODE_WORD_RE = re.compile(r"[码碼]|口令|code|pwd|password", re.IGNORECASE)


def find_platform_codes(text: str, grammar: LinkGrammar) -> Iterator[CodeCandidate]:
    """Codes straight behind the name of a platform, where some word says that the text gives codes."""
    if not _CODE_WORD_RE.search(text):
        return
    for match in _platform_code_pattern(grammar).finditer(text):
        if not NOT_A_CODE_RE.match(match["value"]):
            platform = grammar.platform_by_name[match["name"].lower()]
            yield CodeCandidate(
                value=match["value"], kind="keyed", start=match.start(), end=match.end(), platform=platform
            )


def find_keyed_codes(text: str, links: Sequence[ParsedLink]) -> Iterator[tuple[ParsedLink, CodeCandidate]]:
    """Links with the codes of a list that has their keys. Nothing where fewer than two keys fit."""
    items: dict[str, CodeCandidate] = {}
    for match in _LIST_ITEM_RE.finditer(text):
        if not NOT_A_CODE_RE.match(match["value"]):
            candidate = CodeCandidate(value=match["value"], kind="keyed", start=match.start("value"), end=match.end())
            items.setdefault(match["key"], candidate)
    if len(items) < 2:
        return
    pairs = []
    for link in links:
        key_match = _LINK_KEY_RE.search(text[max(0, link.start - _MAX_KEY_DISTANCE_CHARS) : link.start])
        if key_match and key_match["key"] in items:
            pairs.append((link, items[key_match["key"]]))
    if len(pairs) > 1:
        yield from pairs


@cache
def _platform_code_pattern(grammar: LinkGrammar) -> re.Pattern[str]:
    words = "|".join(
        re.escape(word) for word in sorted(grammar.platform_by_name, key=len, reverse=True) if not word.isdecimal()
    )
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<name>{words})(?:网盘|云盘|网|盘|云|的|是)?[ :：]{{0,2}}"
        rf"(?P<value>{_MIXED_CODE_PATTERN})(?![A-Za-z0-9:/.])",
        re.IGNORECASE,
    )
