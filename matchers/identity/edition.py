"""The title names the work without its edition, version, year or article: "Organic Chemistry 3e", CadForge for
CadForge Pro 2026.

Names that end in such a mark are registered whole, sellers write the mark otherwise or not at all. So the bare name is
sought, and the marks are compared: the same one, none, or another one, which speaks against the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold
from matchers import Context
from matchers.reasons import identified
from matchers.titles import Candidate, TitleEngine
from matchers.titles.names import LEAST_SHORTENED, information
from matchers.titles.numerals import number

NAME = "edition"
# What is left of the engine's chance for the bare name. Estimates; over all title sets 1,323 pairs with such a finding
# were stated .98 on average and .97 were right.
SAME, UNSTATED, ARTICLE = 0.97, 0.85, 0.97
OTHER = 0.93  # another edition is another book to whoever registered this one
COUNTED = frozenset({"other_number", "sequel", "volume"})  # vetoes that only read the number of the same edition
LEAST = 0.5  # chance of the bare name; below it the title says something else

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


@frozen(kw_only=True)
class Mark:
    """What is cut off a name. `kind` is edition, year, revised or article; `value` the number."""

    kind: str
    value: int = 0


class Matcher:
    """The bare names of the works that have one."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works: list[Work] = []
        self._marks: list[Mark] = []
        bare_works: list[Work] = []
        for work in works:
            found = None if work.retired_at else bare(work.title)
            if found:
                self._works.append(work)
                self._marks.append(found[1])
                bare_works.append(evolve(work, title=found[0], aliases=(), images=(), identifiers={}))
        self._engine = TitleEngine(bare_works) if bare_works else None

    def warm(self, listings: Sequence[Listing]) -> None:
        """Looks up all titles at once."""
        if self._engine is not None:
            self._engine.warm(listing.title for listing in listings)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """At most one finding a work."""
        if self._engine is None:
            return
        for candidate in self._engine.find((listing.title,), listing):
            mark = self._marks[candidate.work]
            if candidate.channel == "spelled" and not candidate.errors and candidate.probability >= LEAST:
                yield from _findings(candidate, self._works[candidate.work], mark, listing.title, context)


def bare(title: str) -> tuple[str, Mark] | None:
    """The folded name without its last mark and what that was; None where nothing telling would be left."""
    key = fold(title)
    for pattern, kind in ((_AT_END, ""), (_REVISED, "revised"), (_ARTICLE, "article")):
        found = pattern.search(key)
        if found is None:
            continue
        rest = key[found.end() :] if kind == "article" else key[: found.start()].strip()
        if information(rest.replace(" ", "")) >= LEAST_SHORTENED:
            return rest, Mark(kind=kind) if kind else _mark(found)
    return None


def _mark(found: re.Match[str]) -> Mark:
    if found["year"]:
        return Mark(kind="year", value=int(found["year"]))
    return Mark(kind="edition", value=_value(found))


def _value(found: re.Match[str]) -> int:
    if found["spelt"]:
        return _ORDINALS.index(found["spelt"]) + 1
    return number(found["english"] or found["chinese"]) or 0


def _findings(candidate: Candidate, work: Work, mark: Mark, title: str, context: Context) -> Iterator[Finding]:
    stated = _stated(mark, title)
    if stated and mark.value not in stated:
        yield identified(
            NAME,
            context,
            work,
            "edition_other",
            OTHER,
            polarity=Polarity.AGAINST,
            ours=work.title,
            theirs=title,
        )
        return
    if any(veto.kind not in COUNTED or not stated for veto in candidate.vetoes):
        return
    left = ARTICLE if mark.kind == "article" else SAME if stated else UNSTATED
    key = "edition_article" if mark.kind == "article" else "edition_same" if stated else "edition_unstated"
    yield identified(NAME, context, work, key, candidate.probability * left, ours=work.title, theirs=candidate.quote)


def _stated(mark: Mark, title: str) -> set[int]:
    """The numbers of editions (or years) that the title states; none for marks without a number."""
    key = fold(title)
    if mark.kind == "year":
        return {int(found["year"]) for found in _YEARS.finditer(key)}
    if mark.kind == "edition":
        return {_value(found) for found in _STATED.finditer(key)}
    return set()
