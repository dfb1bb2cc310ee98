"""Names that end in an edition, a version's year or "revised", or begin with an article, without that mark.

Registered names carry such marks whole; sellers write them otherwise or not at all. So the bare names are kept in the
index beside the full ones, and `stated_numbers` tells which marks a text states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.names import MIN_SHORTENED_INFORMATION, Name, build_name, han_equivalents
from matchers.titles.numerals import numeral_value, rewrite_numerals

BARE_FORM = "bare"  # the form of such a name

_ORDINAL_WORDS_PATTERN = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
_ORDINAL_WORDS = _ORDINAL_WORDS_PATTERN.split("|")
_EDITION_WORD_PATTERN = r"(?:edition|edn|ed|e)(?![a-z])"
_ENGLISH_EDITION_PATTERN = rf"(?P<english>\d{{1,2}})(?:st|nd|rd|th)? ?{_EDITION_WORD_PATTERN}|(?P<spelt>{_ORDINAL_WORDS_PATTERN}) {_EDITION_WORD_PATTERN}"
_CHINESE_EDITION_PATTERN = r"第 ?(?P<chinese>\d{1,2}|[一二三四五六七八九十]{1,3}) ?版"
_YEAR_PATTERN = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)(?:年?版)?"
_EDITION_RE = re.compile(f"{_ENGLISH_EDITION_PATTERN}|{_CHINESE_EDITION_PATTERN}")
_YEAR_RE = re.compile(_YEAR_PATTERN)
_MARK_AT_END_RE = re.compile(rf"(?:{_ENGLISH_EDITION_PATTERN}|{_CHINESE_EDITION_PATTERN}|{_YEAR_PATTERN})$")
_REVISED_AT_END_RE = re.compile(r"(?:修订版|增订版|最新版|新版|revised edition|new edition)$")
_FOLDED_ARTICLE_RE = re.compile(r"^(?:the|an?) (?=\S)")
_MARK_LAST_CHARS = frozenset("0123456789版end")  # with one of them a mark at the end ends: a quick look


@frozen(kw_only=True)
class EditionMark:
    """What is cut off a name. `kind` is edition, year, revised or article; `value` the number."""

    kind: str
    value: int = 0


def bare_names(work_index: int, work: Work) -> Iterator[Name]:
    """The bare name of a work, if its title has a mark; and the same with its numbers written otherwise."""
    stripped = strip_mark(work.title)
    if stripped is None:
        return
    yield build_name(work_index, stripped[0], stripped[0], BARE_FORM)
    rewritten = rewrite_numerals(stripped[0])
    if rewritten:
        yield build_name(work_index, stripped[0], rewritten[0], BARE_FORM)


def strip_mark(title: str) -> tuple[str, EditionMark] | None:
    """The folded name without its last mark and what that was; None where nothing telling would be left."""
    folded = fold(title)
    ends = ((_MARK_AT_END_RE, ""), (_REVISED_AT_END_RE, "revised")) if folded[-1:] in _MARK_LAST_CHARS else ()
    for pattern, kind in (*ends, (_FOLDED_ARTICLE_RE, "article")):
        match = pattern.search(folded)
        if match is None:
            continue
        bare_name = folded[match.end() :] if kind == "article" else folded[: match.start()].strip()
        if han_equivalents(bare_name.replace(" ", "")) >= MIN_SHORTENED_INFORMATION:
            return bare_name, EditionMark(kind=kind) if kind else _edition_mark(match)
    return None


def stated_numbers(mark: EditionMark, title: str) -> set[int]:
    """The numbers of editions (or years) that the title states; none for marks without a number."""
    folded = fold(title)
    if mark.kind == "year":
        return {int(match["year"]) for match in _YEAR_RE.finditer(folded)}
    if mark.kind == "edition":
        return {_edition_number(match) for match in _EDITION_RE.finditer(folded)}
    return set()


def _edition_mark(match: re.Match[str]) -> EditionMark:
    if match["year"]:
        return EditionMark(kind="year", value=int(match["year"]))
    return EditionMark(kind="edition", value=_edition_number(match))


def _edition_number(match: re.Match[str]) -> int:
    if match["spelt"]:
        return _ORDINAL_WORDS.index(match["spelt"]) + 1
    return numeral_value(match["english"] or match["chinese"]) or 0
