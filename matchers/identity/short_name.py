"""The title names a work as people call it: by the beginnings of its words (ped pharm 4th), without its small words, or
by its creator and the beginning of its name (程某某 有机合成).

Both are shorter than what is registered, so both need more than the letters: abbreviations must be rarer than the words
they stand for, or an edition or creator must agree; behind a creator's name the beginning of a name must fit one work
of that creator only. Works that the title engine finds by themselves are left to it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick
from attrs import frozen

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold, is_han
from matchers.findings import make_finding, make_phrase
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.signals.work_type import WorkType, work_type
from matchers.stated_creators import Agreement, compare_creators, stated_creators, with_stated_creators
from matchers.title_doubts import find_doubts
from matchers.titles import Candidate, Contradiction, title_matcher_for
from matchers.titles.analysis import HARD_BOUNDARY, AnalysedText, analyse
from matchers.titles.contradictions import find_contradictions
from matchers.titles.features import Corroboration, match_features, model_of
from matchers.titles.name_matches import NameMatch
from matchers.titles.short_forms import (
    abbreviable_words,
    content_spans,
    content_words,
    creator_keys,
    head_ends,
    is_abbreviation,
    is_rare_abbreviation,
    main_names,
    own_names,
    whole_names,
    word_key,
)
from matchers.titles.title_names import BARE_FORM, EditionMark, build_name, han_equivalents, stated_numbers, strip_mark

# Estimates; docs/matchers-titles.md tells on what they were checked. What nothing confirms is for a person.
CONFIRMED_PROBABILITY = 0.88  # of an abbreviated name with the work's edition or creator
ABBREVIATED_PROBABILITY = 0.5  # of one that nothing confirms
HEAD_PROBABILITY, SAME_EDITION_HEAD_PROBABILITY = 0.8, 0.9
MIN_HEAD_HAN_EQUIVALENTS = 3.0  # information of the beginning of a name where no edition, year or publisher agrees
CERTAIN_PROBABILITY = 0.5  # of what the title engine finds by itself
SHORT_ABBREVIATED = Ground("short_abbreviated", Polarity.FOR, None)
SHORT_HEAD = Ground("short_head", Polarity.FOR, None)
_NUMBER_BEHIND_RE = re.compile(r"\d{1,2}(?!\d)")
# Whose names people shorten, and whose creators are those that a listing names: of films and games the first is rare
# (Robin Crusoe is not Robinson Crusoe), the second is not so.
_AUTHORED_TYPES = frozenset({WorkType.PRINT, WorkType.COURSE})
# Contradictions and doubts that only read the number behind the name, or begin with it.
_NUMBER_KINDS = frozenset({"other_number", "sequel", "volume", "season", "other_subtitle"})


@frozen(kw_only=True)
class _ShortMatch:
    """A short form of works[work_index] at positions start..end of a title; `creator` as the listing names it."""

    work_index: int
    folded: str
    start: int
    end: int
    creator: str = ""


class Matcher(IdentityMatcher):
    """The first words of all Latin names of books and courses, and the works of their creators."""

    name = "short_name"
    grounds = (SHORT_ABBREVIATED, SHORT_HEAD)

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._engine = title_matcher_for(works)
        self._by_words: dict[str, tuple[int, ...]] = {}
        by_creator: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        for index, work in enumerate(works):
            if work.retired_at is not None or work_type(work) not in _AUTHORED_TYPES:
                continue
            names = main_names(work)
            for key in dict.fromkeys(
                word_key(words[0], words[1])
                for name in (*names, *whole_names(work))
                if (words := abbreviable_words(name))
            ):
                self._by_words[key] = (*self._by_words.get(key, ()), index)
            creators = list(dict.fromkeys(key for creator in work.creators for key in creator_keys(creator)))
            heads = tuple(own_names(names, creators)) if creators else ()
            for key in creators:
                by_creator[key].append((index, heads))
        self._by_creator = dict(by_creator)
        self._han_creators = [key for key in self._by_creator if is_han(key[0])]
        self._automaton = AhoCorasick(self._han_creators)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """At most one finding for a work."""
        text = analyse(listing.title)
        words = content_words(text.folded)
        heads = _longest_heads(self._find_heads(listing, text, words))
        abbreviations = list(self._find_abbreviations(text, words))
        if not heads and not abbreviations:
            return
        engine_candidates = self._engine.find((listing.title,), with_stated_creators(listing))
        abbreviations = [match for match in abbreviations if not _is_found(match, text, engine_candidates)]
        heads = [match for match in heads if not _is_found(match, text, engine_candidates)]
        findings: dict[str, Finding] = {}
        for match in abbreviations:
            finding = self._abbreviation_finding(match, abbreviations, listing, text)
            if finding:
                findings[finding.work_id] = finding
        for match in heads:
            finding = self._head_finding(match, heads, listing, text)
            if finding:
                findings.setdefault(finding.work_id, finding)
        yield from findings.values()

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """The shortest beginnings of its names that a creator's name makes enough; abbreviations are found by a full
        rematch only: what all of them have in common is three letters.
        """
        if not work.creators or work_type(work) not in _AUTHORED_TYPES:
            return ()
        keys = [key for creator in work.creators for key in creator_keys(creator)]
        return [
            key
            for name in own_names(main_names(work), keys)
            if (key := next((name.replace(" ", "")[:end] for end in head_ends(name)), ""))
        ]

    def _find_abbreviations(self, text: AnalysedText, words: Sequence[str]) -> Iterator[_ShortMatch]:
        for first in range(len(words) - 1):
            for index in self._by_words.get(word_key(words[first], words[first + 1]), ()):
                work = self._works[index]
                names = (name for name in (*whole_names(work), *main_names(work)) if not _holds(text, name))
                for name in names:
                    last = first + len(abbreviable_words(name)) - 1
                    if is_abbreviation(words[first : last + 1], abbreviable_words(name)):
                        spans = content_spans(text.folded)
                        start, end = text.position_of(spans[first][0]), text.position_of(spans[last][1] - 1) + 1
                        yield _ShortMatch(work_index=index, folded=name, start=start, end=end)
                        break

    def _find_heads(self, listing: Listing, text: AnalysedText, words: Sequence[str]) -> Iterator[_ShortMatch]:
        for key, (start, end) in self._named_creators(listing, text, words).items():
            rest = text.compact[:start] + "\n" * (end - start) + text.compact[end:]
            for index, name in ((index, name) for index, names in self._by_creator[key] for name in names):
                first, last = _find_head(name, rest)
                if last and not _is_named(self._works[index], text) and _is_apart(first, last, rest, text):
                    yield _ShortMatch(work_index=index, folded=name, start=first, end=last, creator=key)

    def _named_creators(self, listing: Listing, text: AnalysedText, words: Sequence[str]) -> dict[str, tuple[int, int]]:
        """The registered creators that the listing names, with their positions in the title; (0, 0) if elsewhere."""
        named = {key: (0, 0) for name in stated_creators(listing) for key in creator_keys(name)}
        if any(word in self._by_creator for word in words):
            for first, last in content_spans(text.folded):
                start = text.position_of(first)
                named[text.folded[first:last]] = (start, start + last - first)
        for number, start, end in self._automaton.find_matches_as_indexes(text.compact, overlapping=True):
            named[self._han_creators[number]] = (start, end)
        return {key: span for key, span in named.items() if key in self._by_creator}

    def _abbreviation_finding(
        self,
        match: _ShortMatch,
        matches: Sequence[_ShortMatch],
        listing: Listing,
        text: AnalysedText,
    ) -> Finding | None:
        work = self._works[match.work_index]
        numbers = _editions(work, match, text)[1]
        creator = _named_creator(work, listing, text)
        if self._is_other_edition(match, text) or _is_contradicted(match, work, listing, text, creator, bool(numbers)):
            return None
        is_confirmed = bool(creator or numbers)
        theirs = text.quote(match.start, match.end)
        if not is_confirmed and not is_rare_abbreviation(content_words(fold(theirs)), abbreviable_words(match.folded)):
            return None
        rivals = {
            other.work_index
            for other in matches
            if (other.start, other.end) == (match.start, match.end) and not self._is_other_edition(other, text)
        }
        reasons = [creator] if creator else sorted(numbers)
        return make_finding(
            self.name,
            work,
            SHORT_ABBREVIATED,
            (CONFIRMED_PROBABILITY if is_confirmed else ABBREVIATED_PROBABILITY) / (1 if creator else len(rivals)),
            ours=work.title,
            theirs=theirs,
            confirmed=make_phrase("short_confirmed", reasons=reasons) if reasons else "",
        )

    def _is_other_edition(self, match: _ShortMatch, text: AnalysedText) -> bool:
        mark, numbers = _editions(self._works[match.work_index], match, text)
        return bool(mark and numbers and mark.value not in numbers)

    def _head_finding(
        self, match: _ShortMatch, matches: Sequence[_ShortMatch], listing: Listing, text: AnalysedText
    ) -> Finding | None:
        work = self._works[match.work_index]
        mark, numbers = _editions(work, match, text)
        is_same = bool(mark and mark.value in numbers)
        head = text.compact[match.start : match.end]
        is_short = han_equivalents(head) < MIN_HEAD_HAN_EQUIVALENTS
        is_confirmed = is_same or bool(work.publisher and text.find_mention([work.publisher]))
        if (numbers and not is_same) or (is_short and not is_confirmed):
            return None
        if self._is_shared(match, head, is_same, text) or _is_contradicted(
            match, work, listing, text, match.creator, is_same
        ):
            return None
        return make_finding(
            self.name,
            work,
            SHORT_HEAD,
            SAME_EDITION_HEAD_PROBABILITY if is_same else HEAD_PROBABILITY,
            ours=work.title,
            theirs=text.quote(match.start, match.end),
            creator=list(work.creators),
        )

    def _is_shared(self, match: _ShortMatch, head: str, is_same_edition: bool, text: AnalysedText) -> bool:
        """Whether another work of the creator begins so too; one of another edition counts only if none is stated."""
        for index, names in self._by_creator[match.creator]:
            if index == match.work_index or not any(name.replace(" ", "").startswith(head) for name in names):
                continue
            other = self._works[index]
            mark, numbers = _editions(other, match, text)
            if not (is_same_edition and mark and mark.value not in numbers):
                return True
        return False


def _find_head(name: str, rest: str) -> tuple[int, int]:
    """Where the longest beginning of a name stands in `rest`; (0, 0) if it has none."""
    compact = name.replace(" ", "")
    ends = head_ends(name) if compact[:2] in rest else ()
    for end in reversed(ends if ends and compact[: ends[0]] in rest else ()):
        start = rest.find(compact[:end])
        if start >= 0:
            return start, start + end
    return 0, 0


def _is_apart(start: int, end: int, rest: str, text: AnalysedText) -> bool:
    """Whether nothing unknown touches start..end: the creator, sellers' words, a number behind it, or a boundary."""
    return _is_free(start, start - 1, start, rest, text) and _is_free(end, end, end - 1, rest, text)


def _is_free(position: int, outside: int, inside: int, rest: str, text: AnalysedText) -> bool:
    """Whether the name may begin or end at `position`, between the positions `outside` and `inside` of `rest`."""
    if not 0 <= outside < len(rest) or text.boundaries[position] == HARD_BOUNDARY:
        return True
    if text.splits_word(position):
        return False
    if rest[outside] == "\n" or text.noise[outside] or (outside > inside and rest[outside].isdigit()):
        return True
    return bool(text.boundaries[position]) and (is_han(rest[outside]) or is_han(rest[inside]))


def _is_named(work: Work, text: AnalysedText) -> bool:
    """Whether the title holds a registered name as it is, which is for the title engine to find."""
    return any(_holds(text, fold(name)) for name in (work.title, *work.aliases))


def _holds(text: AnalysedText, folded_name: str) -> bool:
    return folded_name.replace(" ", "") in text.compact


def _longest_heads(matches: Iterable[_ShortMatch]) -> list[_ShortMatch]:
    """The matches that are no part of a longer one, each work once."""
    ordered = sorted(matches, key=lambda match: (match.start - match.end, match.work_index))
    kept: dict[int, _ShortMatch] = {}
    for match in ordered:
        is_part = any(
            other.start <= match.start and match.end <= other.end and other.end - other.start > match.end - match.start
            for other in kept.values()
        )
        if not is_part:
            kept.setdefault(match.work_index, match)
    return list(kept.values())


def _is_found(match: _ShortMatch, text: AnalysedText, candidates: Iterable[Candidate]) -> bool:
    """Whether the title engine finds the work itself, or another one that is spelled at the same place."""
    first, last = text.span(match.start, match.end)
    return any(
        candidate.probability >= CERTAIN_PROBABILITY
        and (candidate.work_index == match.work_index or (candidate.channel == "spelled" and not candidate.edits))
        and candidate.span[0] < last
        and first < candidate.span[1]
        for candidate in candidates
    )


def _editions(work: Work, match: _ShortMatch, text: AnalysedText) -> tuple[EditionMark | None, set[int]]:
    """The mark of the work's name, and the editions or years that the title states, or the number behind the name."""
    stripped = strip_mark(work.title)
    mark = stripped[1] if stripped and stripped[1].kind in ("edition", "year") else None
    if mark is None:
        return None, set()
    numbers = stated_numbers(mark, text.original)
    behind = _NUMBER_BEHIND_RE.match(text.compact, match.end)
    if mark.kind == "edition" and behind and not numbers:
        numbers = {int(behind.group())}
    return mark, numbers


def _named_creator(work: Work, listing: Listing, text: AnalysedText) -> str:
    """The work's creator whom title or fields name; "" if they name none."""
    words = content_words(text.folded)
    for creator in work.creators:
        if any(key in words or (is_han(key[0]) and key in text.compact) for key in creator_keys(creator)):
            return creator
    stated = stated_creators(listing)
    return stated[0] if compare_creators(stated, work.creators) is Agreement.SAME else ""


def _is_contradicted(
    match: _ShortMatch, work: Work, listing: Listing, text: AnalysedText, creator: str, has_same_number: bool
) -> bool:
    """Whether anything beside the short form makes it another work, by what the title matcher takes for such."""
    stating = with_stated_creators(listing)
    if stating.creators and compare_creators(stating.creators, work.creators) is Agreement.OTHER:
        return True
    head = text.quote(match.start, match.end)
    ignored = _NUMBER_KINDS if has_same_number else frozenset()  # the number beside the name is its edition
    name_match = NameMatch(
        name=build_name(match.work_index, head, fold(head), BARE_FORM), start=match.start, end=match.end
    )
    corroboration = Corroboration(creator=creator or None)
    contradictions: list[Contradiction] = [
        found for found in find_contradictions(name_match, text, work, corroboration) if found.kind not in ignored
    ]
    features = match_features(name_match, text, corroboration)
    candidate = Candidate(
        work_index=match.work_index,
        name=name_match.name,
        channel="spelled",
        model=model_of(name_match, features),
        text_index=0,
        span=text.span(match.start, match.end),
        quote=head,
        edits=0,
        is_homophone=False,
        probability=HEAD_PROBABILITY,
        corroboration=corroboration,
        rival_count=0,
        contradictions=(),
        features=features,
    )
    return bool(contradictions) or any(doubt.kind not in ignored for doubt in find_doubts(candidate, work, stating))
