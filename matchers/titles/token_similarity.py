"""How similar a text and a name are, token by token: how much of each the other covers, weighted in bits.

Model numbers and other numbers count separately.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from attrs import evolve, frozen
from rapidfuzz import fuzz

from crawler.text import is_han
from matchers.titles.analysis import AnalysedText, cached_attribute
from matchers.titles.scoring import neighbour_feature
from matchers.titles.title_names import Name
from matchers.titles.tokens import token_id, token_weight, tokenize

# Of `said` and `covers` together. On the benchmark 13 of some 3,000 right pairs at .18 and more lie below it.
MIN_COVERAGE_SUM = 0.9
# A text that is nothing but a short Han title may be the name in another translation: there the most similar name is
# considered, however unsure (regional film titles, F1 .57 to .59). Characters; a sum as above.
MAX_BARE_TITLE_CHARS, MIN_BARE_COVERAGE_SUM = 16, 0.5
MODEL_NUMBER_CHARS = 3  # a word with letters and digits that has more characters is taken for a model number
MAX_SHARED_WORDS, MAX_NEW_BITS = 6, 60.0  # words in common, and bits of a text that a name lacks: more adds nothing
MAX_SHARED_BITS = 80.0  # the same for bits of a name that the text contains
MASK = "\x00"  # stands for a character that a mark replaces
_ARTICLE_WORDS = frozenset({"the", "a", "an"})
_DIGIT_RE = re.compile(r"\d")
_CLEAN_RUN_RE = re.compile(b"\x00+")


@frozen(kw_only=True)
class Similarity:
    """A name that a text as a whole resembles, with features between 0 and 1 and the model that judges them.

    `is_bare`: the text is nothing but a short Han title, or has marks in place of characters.
    """

    name: Name
    model: str
    is_bare: bool
    features: dict[str, float]

    @property
    def strength(self) -> float:
        """The sum by which the similar names of one text are ranked."""
        return self.features["said"] + self.features["covers"] + self.features["ratio"]


class Tokens:
    """The tokens of a name or text and their weights; model numbers and other numbers among them."""

    def __init__(self, folded: str) -> None:
        words = tokenize(folded)
        self.weights = {word: token_weight(word) for word in words}
        self.first_word = next((word for word in words if word not in _ARTICLE_WORDS), "")
        self.last_word = words[-1] if words else ""
        self.total_weight = sum(self.weights.values())

    @cached_attribute
    def model_numbers(self) -> list[str]:
        """The tokens that are model numbers."""
        return [word for word in self._words_with_digits if is_model(word)]

    @cached_attribute
    def plain_numbers(self) -> list[str]:
        """The tokens of digits only."""
        return [word for word in self._words_with_digits if word.isdigit()]

    @cached_attribute
    def _words_with_digits(self) -> list[str]:
        return [word for word in self.weights if _DIGIT_RE.search(word)]


class TextTokens:
    """The tokens of a text: all of them, and those that are not noise."""

    def __init__(self, text: AnalysedText) -> None:
        self.folded = text.folded
        self.compact = text.compact
        is_short_title = not text.has_noise and len(self.compact) <= MAX_BARE_TITLE_CHARS
        self.is_bare_title = bool(text.masked_counts) or (is_short_title and any(map(is_han, self.compact)))
        self.masked_counts = text.masked_counts
        tokenized = _cut_at_masks(text, 0, len(text.compact)) if self.masked_counts else self.folded
        self.weights = {word: token_weight(word) for word in tokenize(tokenized)}
        self._text = text

    @cached_attribute
    def core(self) -> str:
        """The folded text without noise, or all of it if there is nothing else."""
        return _strip_noise(self._text) or self.folded

    def spells_masked(self, compact_name: str) -> bool:
        """Whether the text spells a name with marks in place of some of its characters, at most half of them."""
        spelled: list[str] = []
        for position, character in enumerate(self.compact):
            spelled += [MASK] * self.masked_counts.get(position, 0) + [character]
        length = len(compact_name)
        for start in range(len(spelled) - length + 1):
            window = spelled[start : start + length]
            if all(theirs in (ours, MASK) for ours, theirs in zip(compact_name, window, strict=True)):
                return 0 < window.count(MASK) <= length // 2
        return False

    @cached_attribute
    def compact_core(self) -> str:
        """`core` without spaces."""
        return self.core.replace(" ", "")

    @cached_attribute
    def core_tokens(self) -> Tokens:
        """The tokens of `core`."""
        tokens = Tokens(self.core)
        return tokens if tokens.total_weight else Tokens(self.folded)

    @cached_attribute
    def token_ids(self) -> list[int]:
        """The `token_id` of each token."""
        return [token_id(word) for word in self.weights]

    @cached_attribute
    def core_weights(self) -> list[float]:
        """The weight of each token; 0 for noise."""
        return [self.core_tokens.weights.get(word, 0.0) for word in self.weights]


_cached_tokens = lru_cache(maxsize=8_192)(Tokens)


def compare_tokens(name: Name, text_tokens: TextTokens, neighbour_count: int) -> Similarity | None:
    """The similarity of name and text; None if there is too little. `neighbour_count`: names that share something with
    the text.
    """
    name_tokens = _cached_tokens(name.folded)
    in_text = {
        word: word_bits
        for word, word_bits in name_tokens.weights.items()
        if word in text_tokens.weights or _is_embedded(word, text_tokens.compact)
    }
    in_name = {
        word: word_bits
        for word, word_bits in text_tokens.core_tokens.weights.items()
        if word in name_tokens.weights or _is_embedded(word, name.compact)
    }
    shared_bits = sum(in_text.values())
    name_coverage, text_coverage = (
        shared_bits / max(name_tokens.total_weight, 1.0),
        sum(in_name.values()) / max(text_tokens.core_tokens.total_weight, 1.0),
    )
    if name_coverage + text_coverage < (MIN_BARE_COVERAGE_SUM if text_tokens.is_bare_title else MIN_COVERAGE_SUM):
        return None
    model_agrees = any(word in in_text for word in name_tokens.model_numbers)
    has_han_chars = is_han(name.compact[0]) or any(map(is_han, name.compact))
    return Similarity(
        name=name,
        model="loose_han" if has_han_chars else "loose_latin",
        is_bare=text_tokens.is_bare_title,
        features={
            "said": name_coverage,
            "covers": text_coverage,
            "both": name_coverage * text_coverage,
            "ratio": fuzz.ratio(name.folded, text_tokens.core) / 100,
            "sorted": fuzz.token_sort_ratio(name.folded, text_tokens.core) / 100,
            "information": min(1.0, shared_bits / MAX_SHARED_BITS),
            "model_agrees": float(model_agrees),
            "model_differs": float(
                bool(name_tokens.model_numbers and text_tokens.core_tokens.model_numbers) and not model_agrees
            ),
            "number_lost": float(any(word not in in_text for word in name_tokens.plain_numbers)),
            "number_new": float(any(word not in in_name for word in text_tokens.core_tokens.plain_numbers)),
            "all_words": float(name_coverage > 0.995),
            "all_text": float(text_coverage > 0.995),
            "same_first": float(name_tokens.first_word == text_tokens.core_tokens.first_word),
            "same_last": float(name_tokens.last_word == text_tokens.core_tokens.last_word),
            "crowd": neighbour_feature(neighbour_count),
            "masked": float(bool(text_tokens.masked_counts) and text_tokens.spells_masked(name.compact)),
            "shared": min(len(in_text), MAX_SHARED_WORDS) / MAX_SHARED_WORDS,
            "new": min(1.0, (text_tokens.core_tokens.total_weight - sum(in_name.values())) / MAX_NEW_BITS),
            "han_ratio": fuzz.ratio(name.compact, text_tokens.compact_core) / 100 if has_han_chars else 0.0,
        },
    )


def is_model(word: str) -> bool:
    """Whether a word is a model number: letters and digits, or at least five digits."""
    if word.isdigit():
        return len(word) > 4
    return len(word) > MODEL_NUMBER_CHARS and any(map(str.isdigit, word)) and not is_han(word[0])


def _is_embedded(word: str, compact: str) -> bool:
    """Whether a longer word occurs in a compact text, split or glued to others (cdp ce375, cdpce375)."""
    return len(word) > MODEL_NUMBER_CHARS and word in compact


def _cut_at_masks(text: AnalysedText, start: int, end: int) -> str:
    """The folded text at start..end, with a space where a mark stands for a character so that no token spans it."""
    folded, positions = text.folded, text.positions
    cuts = [start, *sorted(position for position in text.masked_counts if start < position < end), end]
    return " ".join(folded[positions[first] : positions[last - 1] + 1] for first, last in pairwise(cuts))


def _strip_noise(text: AnalysedText) -> str:
    """The folded text without noise."""
    if not text.has_noise and not text.masked_counts:
        return text.folded
    runs = (match.span() for match in _CLEAN_RUN_RE.finditer(text.noise))
    return " ".join([_cut_at_masks(text, first, last) for first, last in runs])


def add_margins(ranked: list[Similarity]) -> Iterator[Similarity]:
    """Each similarity with how far it is ahead of (or behind) the best one of another work."""
    for similarity in ranked:
        rival_strengths = [other.strength for other in ranked if other.name.work_index != similarity.name.work_index]
        ahead = similarity.strength - max(rival_strengths, default=0.0)
        features = similarity.features | {"ahead": max(0.0, min(1.0, ahead)), "behind": max(0.0, min(1.0, -ahead))}
        yield evolve(similarity, features=features)
