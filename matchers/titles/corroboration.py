"""What a listing says about a work besides its title: creator, publisher, year, or another creator."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from ahocorasick_rs import AhoCorasick
from rapidfuzz import fuzz

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold, is_han
from matchers.titles.analysis import AnalysedText
from matchers.titles.features import NO_CORROBORATION, Corroboration
from matchers.titles.name_matches import NameMatch

_YEAR_RE = re.compile(r"(?<!\d)(?:19|20)\d\d(?![\dpk])")
_FOREIGN_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3}")
_NAME_PART_RE = re.compile(r"[^\s·・.,，、/&;；|]{1,40}")
_CREATOR_CLAIM_RE = re.compile(
    r"(?:作者|著者|导演|原作|主讲)\s{0,2}[:：]\s{0,2}(?P<behind>[^\s:：,，、。()（）【】《》]{2,16})"
    r"|(?<![《「『“])(?P<foreign>[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3})(?!\s{0,2}译)"
    r"|(?P<before>[^\s:：,，、。()（）【】《》]{2,16})\s{0,2}(?:著|执导)(?![名作])"
)
# A name right before a title in quotation marks: 某某的《X》, and 某某《X》 if it begins as names do.
_CREATOR_OF_RE = re.compile(
    r"(?:^|[\s:：,，、。|/()（）【】])(?P<name>[\u4e00-\u9fff]{2,4}?|[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3})"
    r"\s?(?P<of>的|所?著的?|写的)?\s?[《「『]$"
)
_CREATOR_BEHIND_RE = re.compile(
    r"[》」』\"”]?[,，]?\s{1,2}by\s(?P<name>[A-Z][\w.'’-]{0,20}(?:\s[A-Z][\w.'’-]{0,20}){1,3})"
)
_MIDDLE_DOTS = "·・•"
PERSON_SIMILARITY_THRESHOLD = 75.0  # token_set_ratio of two spellings of a person's name
MIN_NAME_SHARE = 0.6  # of a run that is part of a title or name (run_kinds.py)
MIN_NAME_PART_CHARS = 2  # letters of a part of a name worth comparing


class CreatorIndex:
    """All creators and publishers of the registry, to notice that a listing names one of them, or another work's."""

    def __init__(self, works: Sequence[Work]) -> None:
        creators: set[str] = set()
        spellings: set[str] = set()
        for work in works:
            if work.retired_at is None and (work.creators or work.publisher):
                creators.update(map(_fold_compact, work.creators))
                spellings.update(map(_fold_compact, _person_spellings(work.creators)))
                spellings.add(_fold_compact(work.publisher or ""))
        self._names = sorted(folded for folded in creators | spellings if len(folded) > 1)
        self._is_distinctive = [
            folded in creators and len(folded) >= MIN_NAME_PART_CHARS + (0 if is_han(folded[0]) else 3)
            for folded in self._names
        ]
        self._automaton = AhoCorasick(self._names)
        self._latest_query: tuple[AnalysedText | None, bool] = (None, False)

    def may_corroborate(self, text: AnalysedText, listing: Listing | None) -> bool:
        """Whether anything besides a name may support a work: the listing or the text states a creator, publisher or
        year, even if another work's.
        """
        if listing is not None and (listing.creators or listing.publisher or listing.year):
            return True
        latest, is_corroborable = self._latest_query
        if latest is not text:
            is_corroborable = bool(
                _YEAR_RE.search(text.original) or self._automaton.find_matches_as_indexes(text.compact)
            )
            self._latest_query = text, is_corroborable
        return is_corroborable

    def other_creators(self, text: AnalysedText, name_match: NameMatch) -> Iterator[str]:
        """Folded names of registered creators in the text, outside the match and between word boundaries."""
        for creator_index, start, end in self._automaton.find_matches_as_indexes(text.compact, overlapping=True):
            if not self._is_distinctive[creator_index] or (start < name_match.end and end > name_match.start):
                continue
            if _has_word_boundary(text, start) and _has_word_boundary(text, end):
                yield self._names[creator_index]


def find_corroboration(
    work: Work,
    text: AnalysedText,
    name_match: NameMatch,
    listing: Listing | None,
    creator_index: CreatorIndex,
    is_only_name: bool,
) -> Corroboration:
    """Second reasons for (and one against) a work, from the text around the match and from the listing's fields.

    If several works are named (not `is_only_name`), another creator in the text is no reason against one of them.
    """
    creator = (
        (text.find_mention(_person_spellings(work.creators)) or _agreeing_creator(work, listing))
        if work.creators
        else None
    )
    other_creators = None
    if work.creators and not creator:
        other_creators = _listed_other_creators(listing) or (
            _claimed_other_creator(work, text, name_match, creator_index) if is_only_name else None
        )
    publisher = work.publisher and (text.find_mention([work.publisher]) or _same_publisher(work, listing))
    year = work.year if work.year and _states_year(work.year, text, name_match, listing) else None
    if not (creator or publisher or year or other_creators):
        return NO_CORROBORATION
    return Corroboration(creator=creator, publisher=publisher or None, year=year, other_creators=other_creators)


def is_same_person(name: str, other_name: str) -> bool:
    """Whether two spellings may name one person: they share a part, or are very similar."""
    ours, theirs = _name_parts(name), _name_parts(other_name)
    if (
        ours & theirs
        or _fold_compact(name) in _fold_compact(other_name)
        or _fold_compact(other_name) in _fold_compact(name)
    ):
        return True
    return fuzz.token_set_ratio(" ".join(sorted(ours)), " ".join(sorted(theirs))) >= PERSON_SIMILARITY_THRESHOLD


def is_part_of_person(text: AnalysedText, start: int, end: int) -> bool:
    """Whether start..end is only a part of a foreign name written with a middle dot (凯特 in 凯特·米德尔顿)."""
    if not any(dot in text.original for dot in _MIDDLE_DOTS):
        return False
    start, end = text.span(start, end)
    neighbours = (text.original[start - 1 : start] if start else "", text.original[end : end + 1])
    return any(
        match.start() <= start and end <= match.end() and any(dot and dot in _MIDDLE_DOTS for dot in neighbours)
        for match in _FOREIGN_NAME_RE.finditer(text.original)
    )


def _person_spellings(creators: Sequence[str]) -> list[str]:
    """Full names, then the last part of each foreign one (with · or Latin) if it is distinctive on its own."""
    parts = [name_parts[-1] for name in creators if len(name_parts := _NAME_PART_RE.findall(name)) > 1]
    return [*creators, *(part for part in parts if len(fold(part)) > MIN_NAME_PART_CHARS)]


def _agreeing_creator(work: Work, listing: Listing | None) -> str | None:
    if listing is None:
        return None
    return next(
        (theirs for theirs in listing.creators for ours in work.creators if theirs and is_same_person(ours, theirs)),
        None,
    )


def _same_publisher(work: Work, listing: Listing | None) -> str | None:
    listed_publisher = listing.publisher if listing else None
    if not listed_publisher or not work.publisher:
        return None
    ours, theirs = _fold_compact(work.publisher), _fold_compact(listed_publisher)
    return listed_publisher if ours and theirs and (ours in theirs or theirs in ours) else None


def _states_year(year: int, analysed: AnalysedText, name_match: NameMatch, listing: Listing | None) -> bool:
    if listing is not None and listing.year == year:
        return True
    start, end = analysed.span(name_match.start, name_match.end)
    surroundings = (analysed.original[:start], analysed.original[end:])
    return any(int(match) == year for text in surroundings for match in _YEAR_RE.findall(text))


def _listed_other_creators(listing: Listing | None) -> str | None:
    """The creators in the listing's own field. None for apps: another developer is an offence, not another work."""
    if listing is None or listing.kind is ListingKind.APP or not any(listing.creators):
        return None
    return "、".join(listing.creators)


def _claimed_other_creator(
    work: Work, text: AnalysedText, name_match: NameMatch, creator_index: CreatorIndex
) -> str | None:
    """Another creator than the work's: one claimed in the text, or one known from other works."""
    start, end = text.span(name_match.start, name_match.end)
    for match in _CREATOR_CLAIM_RE.finditer(text.original):
        claimed_creator = match["behind"] or match["foreign"] or match["before"]
        is_inside = match.start() < end and match.end() > start
        if not is_inside and not any(is_same_person(claimed_creator, ours) for ours in work.creators):
            return claimed_creator
    return _stated_creator(work, text, start, end) or next(creator_index.other_creators(text, name_match), None)


def _stated_creator(work: Work, text: AnalysedText, start: int, end: int) -> str | None:
    """The person whom the words around the title at the offsets start..end make its creator, if it is another one."""
    behind = _CREATOR_BEHIND_RE.match(text.original, end)
    before = _CREATOR_OF_RE.search(text.original[max(0, start - 24) : start])
    if before and not behind:
        first, _last = text.positions_between(start - len(before.group()) + before.group().index(before["name"]), start)
        name = before["name"]
        is_named = before["of"] or "·" in name or begins_with_surname(name)
        is_noise = (
            1 in text.noise[first : first + len(name)] or text.run_kind(first, first + len(name)).title < MIN_NAME_SHARE
        )
        before = before if is_named and not is_noise else None
    match = behind or before
    if match is None or any(is_same_person(match["name"], ours) for ours in work.creators):
        return None
    return match["name"]


def begins_with_surname(compact: str) -> bool:
    """Whether a run of Han characters begins with a surname of surnames.csv, as a person's name does."""
    return (len(compact) <= 3 and compact[0] in _surnames()) or compact[:2] in _surnames()


@cache
def _surnames() -> frozenset[str]:
    text = (resources.files("matchers.titles") / "surnames.csv").read_text(encoding="utf-8")
    return frozenset(name for row in csv.DictReader(text.splitlines()) for name in row["surnames"].split())


def _has_word_boundary(text: AnalysedText, position: int) -> bool:
    if text.boundaries[position]:
        return True
    return bool(text.noise[position - 1]) or bool(text.noise[position])


def _name_parts(name: str) -> frozenset[str]:
    return frozenset(part for part in map(fold, _NAME_PART_RE.findall(name)) if len(part) >= MIN_NAME_PART_CHARS)


def _fold_compact(text: str) -> str:
    return fold(text).replace(" ", "")
