"""Names that end in an edition, a version's year or "revised", or begin with an article, without that mark.

Registered names carry such marks whole; sellers write them otherwise or not at all. So the bare names are kept in the
index beside the full ones, and `stated` tells which marks a text states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.names import LEAST_SHORTENED, Name, information, name_of
from matchers.titles.numerals import number, otherwise

BARE = "bare"  # the form of such a name

_SPELT = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
_ORDINALS = _SPELT.split("|")
_EDITION = r"(?:edition|edn|ed|e)(?![a-z])"
_ENGLISH = rf"(?P<english>\d{{1,2}})(?:st|nd|rd|th)? ?{_EDITION}|(?P<spelt>{_SPELT}) {_EDITION}"
_CHINESE = r"第 ?(?P<chinese>\d{1,2}|[一二三四五六七八九十]{1,3}) ?版"
_YEAR = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)(?:年?版)?"
_STATED = re.compile(f"{_ENGLISH}|{_CHINESE}")
_YEARS = re.compile(_YEAR)
_AT_END = re.compile(rf"(?:{_ENGLISH}|{_CHINESE}|{_YEAR})$")
_REVISED = re.compile(r"(?:修订版|增订版|最新版|新版|revised edition|new edition)$")
_ARTICLE = re.compile(r"^(?:the|an?) (?=\S)")
_LAST = frozenset("0123456789版end")  # with one of them a mark at the end ends: a quick look


@frozen(kw_only=True)
class Mark:
    """What is cut off a name. `kind` is edition, year, revised or article; `value` the number."""

    kind: str
    value: int = 0


def bare_names(position: int, work: Work) -> Iterator[Name]:
    """The bare name of a work, if its title has a mark; and the same with its numbers written otherwise."""
    found = bare(work.title)
    if found is None:
        return
    yield name_of(position, found[0], found[0], BARE)
    changed = otherwise(found[0])
    if changed:
        yield name_of(position, found[0], changed[0], BARE)


def bare(title: str) -> tuple[str, Mark] | None:
    """The folded name without its last mark and what that was; None where nothing telling would be left."""
    key = fold(title)
    ends = ((_AT_END, ""), (_REVISED, "revised")) if key[-1:] in _LAST else ()
    for pattern, kind in (*ends, (_ARTICLE, "article")):
        found = pattern.search(key)
        if found is None:
            continue
        rest = key[found.end() :] if kind == "article" else key[: found.start()].strip()
        if information(rest.replace(" ", "")) >= LEAST_SHORTENED:
            return rest, Mark(kind=kind) if kind else _mark(found)
    return None


def stated(mark: Mark, title: str) -> set[int]:
    """The numbers of editions (or years) that the title states; none for marks without a number."""
    key = fold(title)
    if mark.kind == "year":
        return {int(found["year"]) for found in _YEARS.finditer(key)}
    if mark.kind == "edition":
        return {_value(found) for found in _STATED.finditer(key)}
    return set()


def _mark(found: re.Match[str]) -> Mark:
    if found["year"]:
        return Mark(kind="year", value=int(found["year"]))
    return Mark(kind="edition", value=_value(found))


def _value(found: re.Match[str]) -> int:
    if found["spelt"]:
        return _ORDINALS.index(found["spelt"]) + 1
    return number(found["english"] or found["chinese"]) or 0
