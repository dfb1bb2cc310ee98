"""Find the signals of one text, and which of them are negated.

A signal is a word with an area, or a pair of words near each other in one clause. A negation inverts it: "不是电子版"
is not a file, "no paper book" is one, so a negated signal is kept, with `no_` in front of its area. How far a clause
can bear a signal is told by what the clause does (matchers/signals/clauses.py): 全书 in a blurb is no file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from attrs import evolve, frozen

from matchers.signals.clauses import ClauseKind, ClauseReading, Evidence, clause_model, split_clauses
from matchers.signals.negation import Clauses, TextNegations
from matchers.signals.seller_homophones import find_homophones
from matchers.signals.word_lists import signal_lexicon, signal_pairs, slot_lexicon
from matchers.titles.analysis import AnalysedText, analyse, cache_latest

NEGATED_PREFIX = "no_"
EXTRA_PREFIX = "extra_"
OFFICIAL_PREFIX = "official_"  # of what is had from its maker
# The maker's own site or shop as the source: 官网直接下载, from the official site; not 比官网便宜, nor 官网同款.
_OFFICIAL_RE = re.compile(
    r"[去到在从上自由过](?:它|他们|各自|软件|其)?的?官(?:网|方(?:网站|站点|商店|渠道|页面))(?!不)"
    r"|(?<!非)官(?:网|方(?:网站|站点|商店|渠道)?)[上里]?[就都即也]?(?:可以|可|能)?(?:免费|直接|自行|自己|自助){0,2}(?:下载|领取|获取|观看)(?!不)"
    r"|(?:from|at|on|via|through) (?:the |its |their |each )?(?:\w{1,14} )?"
    r"(?<!un)(?:official|own|(?:developer|maker|vendor|publisher)'? ?s) (?:web ?)?(?:site|page|store|shop)s?"
)
_FETCHED_AREAS = frozenset({"handover", "stream"})
_FETCH_RE = re.compile(r"下载|download")
MAX_GIFT_DISTANCE_CHARS = 8  # between "with it you get" and what you get
MIN_EVIDENCE_PROBABILITY = 0.6  # of a clause's evidence, to count; estimate
MIN_READ_CHARS = 4  # of a clause, to be evidence by itself: sizes and tags say nothing
MAX_READ_CLAUSES = 32  # of a text: what is sold stands at the beginning
_UNEVIDENT_KINDS = (ClauseKind.BLURB, ClauseKind.CONTACT, ClauseKind.TALK)  # such clauses say nothing of the copy
UNREAD_SHARE = 0.5  # share of such a signal that is lost where the model reads nothing of copies in its clause; by the
# fixtures that are only counted: 0 leaves five wrong hits of market-b by such words, .8 costs others-b .03 of recall
CLAUSES_PER_LOOKUP = 32  # clauses of a text that are classified at a time
# The kinds of clauses that cannot bear the meaning of an area. A blurb tells of the work and not of this copy of it.
COPY_AREAS = (
    "account", "bundle", "burned", "copy", "counterfeit", "course", "crack", "drive", "file", "handover", "rip",
    "server", "stream", "virtual", "wholesale", "no_original", "no_print",
)  # fmt: skip
# Areas whose words are as often said of genuine things: all DLC, no CD, spiral bound, full game.
_READ_AREAS = frozenset({"copy", "counterfeit", "crack", "server", "wholesale"})
_UNBEARABLE_KINDS = {
    **dict.fromkeys(COPY_AREAS, (ClauseKind.BLURB,)),
    **dict.fromkeys(("news", "question", "request", "warning"), (ClauseKind.BLURB, ClauseKind.TITLE)),
}
_GIFT_AREAS = frozenset({"file", "handover", "companion", "drive"})  # what may come beside a printed book


@frozen(kw_only=True)
class Signal:
    """A signal at [start:end] of a folded text; `word` is the word of the list, or both words of a pair."""

    area: str
    word: str
    probability: float
    start: int
    end: int


class TextSignals:
    """The signals of one text, in text order."""

    def __init__(self, text: str) -> None:
        self.analysis: AnalysedText = analyse(text)
        self.folded_text = self.analysis.fold_map.text
        self._clauses = Clauses(self.analysis)
        self._negations = TextNegations(self.folded_text, self._clauses)
        self._readings: dict[tuple[int, bool], list[ClauseReading]] = {}

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """All signals; negated ones and gifts have a prefix before their area."""
        plain_signals = [*self._find_words(), *self._find_homophones(), *self._find_pairs()]
        return tuple(
            sorted(
                (self._apply_negation(raw_signal) for raw_signal in plain_signals),
                key=lambda signal: (signal.start, signal.end, signal.area),
            )
        )

    def quote(self, signal: Signal) -> str:
        """The characters of a signal in the original text."""
        first, last = self.analysis.fold_map.original_span(signal.start, signal.end)
        return self.analysis.original[first:last]

    def bearing(self, signal: Signal, in_title: bool) -> float:
        """The share of a signal's probability that its clause can bear: by what the clause does, and by what the model
        reads of how the work is passed on.
        """
        kinds = _UNBEARABLE_KINDS.get(signal.area, ())
        number = self.clause_number(self.analysis.fold_map.origins[signal.start]) if kinds else -1
        if number < 0:
            return 1.0
        reading = self.clause_reading(number, in_title)
        share = 1.0 - sum(reading.kinds[kind] for kind in kinds)
        if signal.area in _READ_AREAS:
            innocent = reading.evidence[Evidence.NONE] + reading.evidence[Evidence.GENUINE]
            share *= 1.0 - UNREAD_SHARE * innocent
        return share

    def clause_number(self, place: int) -> int:
        """The number of the clause at `place` of the original text, or of the one before it; -1 without any."""
        return bisect_right(self.clause_spans, (place, len(self.analysis.original) + 1)) - 1

    def kind_probability(self, place: int, kinds: tuple[ClauseKind, ...], in_title: bool) -> float:
        """The probability that the clause at `place` of the original text is of one of these kinds; 0.0 outside any."""
        number = self.clause_number(place)
        return sum(self.clause_reading(number, in_title).kinds[kind] for kind in kinds) if number >= 0 else 0.0

    @cached_property
    def clause_spans(self) -> list[tuple[int, int]]:
        """The spans [start, end) of the clauses in the original text."""
        return list(split_clauses(self.analysis.original))

    def clause_reading(self, number: int, in_title: bool) -> ClauseReading:
        """What the clause of this number does; it is classified together with CLAUSES_PER_LOOKUP around it."""
        lookup, place = divmod(number, CLAUSES_PER_LOOKUP)
        if (lookup, in_title) not in self._readings:
            first = lookup * CLAUSES_PER_LOOKUP
            start = max(0, first - 1)  # one more on either side, as a neighbour
            spans = self.clause_spans[start : first + CLAUSES_PER_LOOKUP + 1]
            origins = self.analysis.fold_map.origins
            clauses = [
                self.folded_text[bisect_left(origins, begin) : bisect_left(origins, end)].strip()
                for begin, end in spans
            ]
            self._readings[lookup, in_title] = clause_model().read(clauses, in_title)[first - start :]
        return self._readings[lookup, in_title][place]

    def _find_words(self) -> Iterator[Signal]:
        for word, start, end in signal_lexicon().find_spans(self.folded_text):
            if self._clauses.is_one_clause(start, end) and not self._is_across_words(start, end):
                yield Signal(area=word.area, word=word.text, probability=word.probability, start=start, end=end)

    def _is_across_words(self, start: int, end: int) -> bool:
        """Whether a blank inside the span parts two written words: 如图 包邮 says nothing of 图包; 网 盘 is one."""
        original, origins = self.analysis.original, self.analysis.fold_map.origins
        for place in range(start + 1, end):
            before, behind = origins[place - 1], origins[place]
            if not any(letter.isspace() for letter in original[before + 1 : behind]) or self.folded_text[place] == " ":
                continue
            is_torn_before = place - 1 == start and start > 0 and origins[start - 1] + 1 == before
            is_torn_behind = place + 1 == end and end < len(origins) and origins[end] == behind + 1
            if is_torn_before or is_torn_behind:
                return True
        return False

    def _find_homophones(self) -> Iterator[Signal]:
        for homophone in find_homophones(self.folded_text):
            yield Signal(
                area=homophone.area,
                word=homophone.word,
                probability=homophone.probability,
                start=homophone.start,
                end=homophone.end,
            )

    def _find_pairs(self) -> Iterator[Signal]:
        """Signals made by a first word and the nearest second word of its pair."""
        slot_spans = [span for span in self._slot_spans if not self._is_across_words(*span[1:])]
        for number, (area, start, end) in enumerate(slot_spans):
            for pair in signal_pairs():
                if pair.first != area:
                    continue
                for other, first, last in slot_spans[number + 1 : number + 9]:
                    if first - end > pair.reach:
                        break
                    if other == pair.second and self._clauses.is_one_clause(start, last):
                        words = f"{self.folded_text[start:end]} + {self.folded_text[first:last]}"
                        yield Signal(area=pair.area, word=words, probability=pair.probability, start=start, end=last)
                        break

    def _apply_negation(self, signal: Signal) -> Signal:
        if self._negations.negates(signal.start, signal.end):
            return evolve(signal, area=NEGATED_PREFIX + signal.area)
        if signal.area in _GIFT_AREAS and self._is_gift(signal):
            return evolve(signal, area=EXTRA_PREFIX + signal.area)
        if (signal.area in _FETCHED_AREAS or _FETCH_RE.search(signal.word)) and self._is_official(signal):
            return evolve(signal, area=OFFICIAL_PREFIX + signal.area)
        return signal

    def _is_official(self, signal: Signal) -> bool:
        """Whether the clause of the signal names the maker's own site as the source."""
        return any(
            start < signal.end or not self._clauses.is_parted(signal.end, start)
            for start, end in self._official_spans
            if self._clauses.is_one_clause(min(start, signal.start), max(end, signal.end))
            and (end > signal.start or not self._clauses.is_parted(end, signal.start))
        )

    @cached_property
    def _official_spans(self) -> list[tuple[int, int]]:
        return [match.span() for match in _OFFICIAL_RE.finditer(self.folded_text)]

    @cached_property
    def _slot_spans(self) -> list[tuple[str, int, int]]:
        return [(word.area, start, end) for word, start, end in slot_lexicon().find_spans(self.folded_text)]

    @cached_property
    def _gifts(self) -> list[tuple[str, int, int]]:
        return [span for span in self._slot_spans if span[0] in ("gift", "extra")]

    def _is_gift(self, signal: Signal) -> bool:
        """Whether the signal is an extra to what is sold, or a companion of it: 送电子讲义, source code download."""
        before = max(0, signal.start - MAX_GIFT_DISTANCE_CHARS)
        for _, start, end in self._gifts:
            if before <= end <= signal.start and self._clauses.is_one_clause(start, signal.end):
                return True
            if signal.start <= start and end <= signal.end:
                return True
        return False


@lru_cache(maxsize=256)
def unlisted_evidence(text: str, in_title: bool) -> Mapping[str, tuple[Evidence, float]]:
    """The clauses of a text that hold no listed word but read as evidence, with the evidence and its probability.

    Only the first MAX_READ_CLAUSES are read. A clause that may be a blurb, a contact or talk counts that much less.
    """
    signals = find_text_signals(text)
    listed = [signals.analysis.fold_map.original_span(signal.start, signal.end) for signal in signals.signals]
    found: dict[str, tuple[Evidence, float]] = {}
    for number, (start, end) in enumerate(signals.clause_spans[:MAX_READ_CLAUSES]):
        if end - start < MIN_READ_CHARS or any(first < end and start < last for first, last in listed):
            continue
        reading = signals.clause_reading(number, in_title)
        evidence = max(Evidence, key=reading.evidence.__getitem__)
        probability = reading.evidence[evidence] * (1.0 - sum(reading.kinds[kind] for kind in _UNEVIDENT_KINDS))
        if evidence is not Evidence.NONE and probability >= MIN_EVIDENCE_PROBABILITY:
            found[text[start:end]] = evidence, probability
    return found


@cache_latest
def find_text_signals(text: str) -> TextSignals:
    """The signals of a text, cached because every ground asks for the same few texts."""
    return TextSignals(text)
