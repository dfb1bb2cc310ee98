"""Find the signals of one text, and which of them are negated.

A signal is a word with an area, or a pair of words near each other in one clause. A negation inverts it: "不是电子版"
is not a file, "no paper book" is one, so a negated signal is kept, with `no_` in front of its area.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from attrs import evolve, frozen

from matchers.signals.negation import Clauses, TextNegations
from matchers.signals.seller_homophones import find_homophones
from matchers.signals.word_lists import signal_lexicon, signal_pairs, slot_lexicon
from matchers.titles.analysis import AnalysedText, analyse, cache_latest

NEGATED_PREFIX = "no_"
EXTRA_PREFIX = "extra_"
MAX_GIFT_DISTANCE_CHARS = 8  # between "with it you get" and what you get
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

    def _find_words(self) -> Iterator[Signal]:
        for word, start, end in signal_lexicon().find_spans(self.folded_text):
            if self._clauses.is_one_clause(start, end):
                yield Signal(area=word.area, word=word.text, probability=word.probability, start=start, end=end)

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
        slot_spans = [(word.area, start, end) for word, start, end in slot_lexicon().find_spans(self.folded_text)]
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
        return signal

    @cached_property
    def _gifts(self) -> list[tuple[str, int, int]]:
        return [
            (word.area, start, end)
            for word, start, end in slot_lexicon().find_spans(self.folded_text)
            if word.area in ("gift", "extra")
        ]

    def _is_gift(self, signal: Signal) -> bool:
        """Whether the signal is an extra to what is sold, or a companion of it: 送电子讲义, source code download."""
        before = max(0, signal.start - MAX_GIFT_DISTANCE_CHARS)
        for _, start, end in self._gifts:
            if before <= end <= signal.start and self._clauses.is_one_clause(start, signal.end):
                return True
            if signal.start <= start and end <= signal.end:
                return True
        return False


@cache_latest
def find_text_signals(text: str) -> TextSignals:
    """The signals of a text, cached because every ground asks for the same few texts."""
    return TextSignals(text)
