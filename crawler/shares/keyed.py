"""Codes in a list of their own, each behind a key that its link has too: 甲：ab12 乙：cd34, 度盘ab12、天翼cd34.

Keys are the names of platforms, and short marks of a list: 甲, A, (2); of marks two at least.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from crawler.shares.addresses import Address
from crawler.shares.codes import Candidate
from crawler.shares.rules import Rules
from crawler.shares.values import NO_CODE

_MIXED = "(?=[0-9]{0,7}[A-Za-z])(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{4,6}"
_MARK = r"[甲乙丙丁戊己庚辛]|[上中下](?=[册卷部集篇])|[一二三四五六七八九十]{1,2}|[A-Z]|[1-9][0-9]?"
_ITEM = re.compile(
    rf"(?<![A-Za-z0-9\u4e00-\u9fff./])\(?(?P<key>{_MARK})(?:[盘册卷部集篇章课讲])?"
    rf"(?:[).、:：.=-]|\s){{1,3}} ?(?P<value>{_MIXED})(?![A-Za-z0-9:/.])"
)
_HEAD = re.compile(
    rf"(?:^|\n)[^\w\n]{{0,4}}(?:第|链接|地址|网盘)?(?P<key>{_MARK})(?:[盘册卷部集篇章课讲链]|[^\w\n])[^\n]{{0,30}}\Z"
)
_NEAR = 60  # signs of a line before its link
_LABELLED = re.compile(r"[码碼]|口令|code|pwd|password", re.IGNORECASE)


def named(text: str, known: Rules) -> Iterator[Candidate]:
    """Codes straight behind the name of a platform, where some word says that the text gives codes."""
    if not _LABELLED.search(text):
        return
    for match in _after_names(known).finditer(text):
        if not NO_CODE.match(match["value"]):
            platform = known.by_word[match["name"].lower()]
            yield Candidate(value=match["value"], kind="keyed", start=match.start(), end=match.end(), platform=platform)


def keyed(text: str, links: Sequence[Address]) -> Iterator[tuple[Address, Candidate]]:
    """Links with the codes of a list that has their keys. Nothing where fewer than two keys fit."""
    items: dict[str, Candidate] = {}
    for match in _ITEM.finditer(text):
        if not NO_CODE.match(match["value"]):
            one = Candidate(value=match["value"], kind="keyed", start=match.start("value"), end=match.end())
            items.setdefault(match["key"], one)
    if len(items) < 2:
        return
    found = []
    for link in links:
        head = _HEAD.search(text[max(0, link.start - _NEAR) : link.start])
        if head and head["key"] in items:
            found.append((link, items[head["key"]]))
    if len(found) > 1:
        yield from found


@cache
def _after_names(known: Rules) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(known.by_word, key=len, reverse=True) if not word.isdecimal())
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<name>{words})(?:网盘|云盘|网|盘|云|的|是)?[ :：]{{0,2}}"
        rf"(?P<value>{_MIXED})(?![A-Za-z0-9:/.])",
        re.IGNORECASE,
    )
