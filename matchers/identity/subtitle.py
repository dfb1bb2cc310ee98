"""The title names a game or a film of a series by its subtitle, with the series shortened or left out.

People write 王国余烬 or 星海王国余烬 for 星海传说：王国余烬. A subtitle alone is for a person, unless the title is of
the work's trade (Switch, 1080p); behind a part of the series' name it is the work. Subtitles of books tell what they
are about; one of common words, one that two works share or that is another work's name tells nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from crawler.items import Finding, Listing, Polarity, Work
from crawler.text import fold, is_han
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.signals.work_type import WorkType, work_type
from matchers.titles import title_matcher_for
from matchers.titles.analysis import AnalysedText, analyse
from matchers.titles.contradictions import find_contradictions
from matchers.titles.features import Corroboration
from matchers.titles.name_matches import NameMatch
from matchers.titles.title_names import BARE_FORM, build_name, han_equivalents
from matchers.titles.tokens import token_bits

SUBTITLE_SERIES = Ground("subtitle_series", Polarity.FOR, None)
SUBTITLE_ALONE = Ground("subtitle_alone", Polarity.FOR, None)
# Estimates: behind a part of the series' name, alone in a title of the work's trade, alone.
SERIES_PROBABILITY, TRADE_PROBABILITY, ALONE_PROBABILITY = 0.9, 0.7, 0.45
CERTAIN_PROBABILITY = 0.5  # of what the title engine finds by itself
MIN_SUBTITLE_HAN_EQUIVALENTS, MIN_LONE_HAN_EQUIVALENTS = 3.0, 4.0  # information of a subtitle, and of one alone
MIN_SUBTITLE_BITS = 22.0  # of the words of a Latin subtitle: "Limited Edition" has fewer
MIN_SERIES_CHARS = 2  # of the series' name before a subtitle
_SEPARATOR_RE = re.compile(r"\s?[:：]\s?|\s[-–—]\s|——")
_TRADE_RES = {
    WorkType.PROGRAM: re.compile(
        r"switch|(?<![a-z])(?:ns|ps[2345]|psv|xbox|steam|pc|3ds|wii|epic|gog|dlc|rom|xci|nsp)(?![a-z])|单机|主机|手柄|本体|数字版|卡带|存档",
        re.IGNORECASE,
    ),
    WorkType.SHOW: re.compile(
        r"\d{3,4}p|(?<![a-z\d])[48]k(?![a-z])|blu-?ray|web-?dl|全集|电影|剧场版|电视剧|国语|字幕|\.(?:mkv|mp4)",
        re.IGNORECASE,
    ),
}


class Matcher(IdentityMatcher):
    """The subtitles of games, films and series, each of which one work has."""

    name = "subtitle"
    grounds = (SUBTITLE_SERIES, SUBTITLE_ALONE)

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._engine = title_matcher_for(works)
        owners: dict[str, set[int]] = {}
        for index, work in enumerate(works):
            if work.retired_at is None and work_type(work) in _TRADE_RES:
                for _, subtitle in _split_names(work):
                    owners.setdefault(subtitle, set()).add(index)
        candidates = {subtitle: next(iter(found)) for subtitle, found in owners.items() if len(found) == 1}
        whole_names = (
            {_compact(name) for work in works for name in (work.title, *work.aliases)} if candidates else set()
        )
        self._subtitles = [subtitle for subtitle in candidates if subtitle not in whole_names]
        self._owners = [candidates[subtitle] for subtitle in self._subtitles]
        self._automaton = AhoCorasick(self._subtitles)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """At most one finding for a work."""
        text = analyse(listing.title)
        matches = self._automaton.find_matches_as_indexes(text.compact)
        found = {}
        for number, start, end in matches:
            work = self._works[self._owners[number]]
            finding = self._finding(work, start, end, text, listing)
            if finding:
                found[work.id] = finding
        yield from found.values()

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """Its subtitles."""
        return [subtitle for _, subtitle in _split_names(work)] if work_type(work) in _TRADE_RES else ()

    def _finding(self, work: Work, start: int, end: int, text: AnalysedText, listing: Listing) -> Finding | None:
        series_start = _series_start(work, start, text)
        if not _is_free(end, text) or not (series_start < start or _is_free(start, text)):
            return None
        is_series = series_start < start
        if not is_series and han_equivalents(text.compact[start:end]) < MIN_LONE_HAN_EQUIVALENTS:
            return None
        if self._is_found(work, text, listing) or _is_contradicted(work, series_start, end, text):
            return None
        probability = ALONE_PROBABILITY
        if _TRADE_RES[work_type(work)].search(listing.title):
            probability = TRADE_PROBABILITY
        return make_finding(
            self.name,
            work,
            SUBTITLE_SERIES if is_series else SUBTITLE_ALONE,
            SERIES_PROBABILITY if is_series else probability,
            ours=work.title,
            theirs=text.quote(series_start, end),
        )

    def _is_found(self, work: Work, text: AnalysedText, listing: Listing) -> bool:
        return any(
            candidate.probability >= CERTAIN_PROBABILITY and self._works[candidate.work_index].id == work.id
            for candidate in self._engine.find((text.original,), listing)
        )


def _compact(name: str) -> str:
    return fold(name).replace(" ", "")


def _split_names(work: Work) -> Iterator[tuple[str, str]]:
    """The series and the subtitle of each name that has both, compact."""
    for name in (work.title, *work.aliases):
        parts = _SEPARATOR_RE.split(name, maxsplit=1)
        if len(parts) == 2:
            series, subtitle = map(_compact, parts)
            if (
                series
                and subtitle
                and _is_telling(parts[1])
                and han_equivalents(subtitle) >= MIN_SUBTITLE_HAN_EQUIVALENTS
            ):
                yield series, subtitle


def _is_telling(subtitle: str) -> bool:
    """Whether a subtitle is more than sellers' words, and in Latin letters at least two words that are not common."""
    text = analyse(subtitle)
    if 0 not in text.noise:
        return False
    words = text.folded.split()
    return is_han(text.compact[0]) or (len(words) > 1 and sum(map(token_bits, words)) >= MIN_SUBTITLE_BITS)


def _series_start(work: Work, start: int, text: AnalysedText) -> int:
    """Where the beginning of the series' name starts that stands directly before `start`; `start` without one."""
    for series, _ in _split_names(work):
        for length in range(min(len(series), start), MIN_SERIES_CHARS - 1, -1):
            if text.compact[start - length : start] == series[:length] and _is_free(start - length, text):
                return start - length
    return start


def _is_free(position: int, text: AnalysedText) -> bool:
    """Whether a name may begin or end at a position: a boundary, sellers' words, or a change of script."""
    if position in (0, len(text.compact)) or text.boundaries[position]:
        return True
    if text.noise[position - 1] or text.noise[position]:
        return True
    return is_han(text.compact[position]) != is_han(text.compact[position - 1])


def _is_contradicted(work: Work, start: int, end: int, text: AnalysedText) -> bool:
    """Whether anything beside the name makes it another work."""
    quote = text.quote(start, end)
    name_match = NameMatch(name=build_name(0, quote, fold(quote), BARE_FORM), start=start, end=end)
    return any(True for _ in find_contradictions(name_match, text, work, Corroboration()))
