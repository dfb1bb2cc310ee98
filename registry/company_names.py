"""Compare company names: "Kestrel & Co" and "Kestrel and Co. Ltd" are the same.

A company's own name must be contained whole in the other one, and everything around it must be legal forms, trades,
places and the words of official stores (companies.csv). So 北辰出版社旗舰店 is 北辰出版社, 北辰出版社代购小铺 is not,
and 小榕科技 is not 小榕网络. A publishing house may be called by one character of each of its words: 四川少儿出版社 is
四川少年儿童出版社. A name that is only part of the other is `UNCLEAR`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib import resources

from crawler.text import fold, is_han
from crawler.urls import domain_label

PUBLISHING_MARK = "出版"  # in the names of publishing houses
WORD_CHARS = 2  # Han characters of most words in a house's name
LONG_WORD_CHARS = 3  # of a place in front (黑龙江) or a word behind, where the number of characters is odd
MIN_SHORT_NAME_CHARS = 2
MIN_DOMAIN_CHARS = 4  # shorter domains are words and initials that anybody may have
# What publishing houses are called, whatever the language; companies of other trades have none of these words.
_HOUSE_RE = re.compile(
    r"出版(?:社|公司|集团|传媒|有限|股份)|书局$|书社$|印书馆$|音像社$|\b(?:press|publish(?:ing|ers?)|verlag|editions?|ediciones|editora|editrice|editorial|izdatelstvo)\b"
)


class CompanyMatch(StrEnum):
    """How two company names relate."""

    SAME = "same"
    UNCLEAR = "unclear"  # one is a part of the other
    OTHER = "other"


def compare_companies(ours: str, theirs: str) -> CompanyMatch:
    """How `theirs`, the name of a seller or publisher, relates to `ours`, a company's name."""
    own_name, other_name = _without_legal_form(ours), _compact_name(theirs)
    if not own_name or not other_name:
        return CompanyMatch.OTHER
    position = other_name.find(own_name)
    while position >= 0:
        if _is_affix(other_name[:position]) and _is_affix(other_name[position + len(own_name) :]):
            return CompanyMatch.SAME
        position = other_name.find(own_name, position + 1)
    if _is_short_house(ours, theirs):
        return CompanyMatch.SAME
    other_bare = _without_legal_form(theirs)
    return (
        CompanyMatch.UNCLEAR
        if other_bare
        and (other_bare in own_name or own_name in other_bare)
        and len(min(other_bare, own_name, key=len)) > 1
        else CompanyMatch.OTHER
    )


def is_domain_of(company: str, url: str, romanize: Callable[[str], str]) -> bool:
    """Whether a URL's domain is the company's name, with or without its legal form: penfold-labs.example. `romanize`
    spells a Chinese name in letters; then its beginning is enough, which is its own part unless it is a place.
    """
    label = domain_label(url).replace("-", "")
    if len(label) < MIN_DOMAIN_CHARS:
        return False
    name = _compact_name(company)
    if label in (name, _without_legal_form(company)):
        return True
    beginnings = (name[:size] for size in range(MIN_SHORT_NAME_CHARS, len(name) + 1))
    return any(is_han(name[0]) and not _is_affix(own) and romanize(own) == label for own in beginnings)


def is_publishing_house(name: str) -> bool:
    """Whether a company is a publishing house by its name: 南溟出版社, Kestrel Press."""
    return _HOUSE_RE.search(fold(name)) is not None


def _is_short_house(ours: str, theirs: str) -> bool:
    """Whether both are names of publishing houses, and equal, or one is the other with words cut to one character."""
    short, full = sorted((_house_words(ours), _house_words(theirs)), key=len)
    return len(short) >= MIN_SHORT_NAME_CHARS and (short == full or _is_cut(short, full))


def _is_cut(short: str, full: str) -> bool:
    """Whether `short` keeps of each word of `full`, in order, one character or all of them."""
    if len(full) % WORD_CHARS == 0:
        return _keeps_words(short, [full[start : start + WORD_CHARS] for start in range(0, len(full), WORD_CHARS)])
    head, tail = full[:LONG_WORD_CHARS], full[-LONG_WORD_CHARS:]
    before = [full[start : start + WORD_CHARS] for start in range(0, len(full) - LONG_WORD_CHARS, WORD_CHARS)]
    behind = [full[start : start + WORD_CHARS] for start in range(LONG_WORD_CHARS, len(full), WORD_CHARS)]
    return _keeps_words(short, [head, *behind]) or _keeps_words(short, [*before, tail])


def _keeps_words(short: str, words: list[str]) -> bool:
    if not words:
        return not short
    first, rest = words[0], words[1:]
    return (short.startswith(first) and _keeps_words(short[len(first) :], rest)) or (
        bool(short) and short[0] in first and _keeps_words(short[1:], rest)
    )


@cache
def _house_words(name: str) -> str:
    """What stands before 出版 in a house's compact name; "" if more than the words of companies and stores follow."""
    before, mark, behind = _compact_name(name).rpartition(PUBLISHING_MARK)
    return before if _is_affix(mark + behind) else ""


def _compact_name(name: str) -> str:
    """Letters only, without spaces; "and" is "&", which folding drops."""
    words = [word for word in fold(name.replace("&", " ")).split(" ") if word != "and"]
    return "".join(words)


@cache
def _without_legal_form(name: str) -> str:
    """A company's compact name without its legal form."""
    key = _compact_name(name)
    stripped = _suffix_re("legal").sub("", key)
    return stripped or key


def _is_affix(text: str) -> bool:
    """Whether a text consists of words that companies put around their names."""
    return not text or _affix_re().fullmatch(text) is not None


@cache
def _affix_re() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_load_words('legal', 'store', 'trade', 'place'))}){{1,6}}")


@cache
def _suffix_re(kind: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_load_words(kind))})$")


def _load_words(*kinds: str) -> list[str]:
    text = (resources.files("registry") / "companies.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    words = {_compact_name(row["word"]) for row in rows if row["kind"] in kinds}
    return sorted((re.escape(word) for word in words if word), key=lambda word: (-len(word), word))
