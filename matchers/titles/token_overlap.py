"""Names that share informative tokens with a text, in any order: candidates for a comparison token by token.

They are looked up for many texts at once; the few most similar ones are compared (token_similarity.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from matchers.titles.analysis import AnalysedText
from matchers.titles.index.arrays import TABLE_SALTS, TOKEN_TABLE
from matchers.titles.index.lookup import NameIndex
from matchers.titles.index.pruning import GLUED_SHARE, SPACES_SHARE, BoolColumn, FeatureColumn, max_overlap_log_odds
from matchers.titles.rolling_hash import IntArray, code_points, prefix_hashes, window_hashes
from matchers.titles.scoring import MIN_BARE_PROBABILITY, MIN_PROBABILITY, NEIGHBOUR_LOG_SCALE
from matchers.titles.text_batch import ranks_within_owner
from matchers.titles.token_similarity import (
    MAX_SHARED_BITS,
    MAX_SHARED_WORDS,
    MIN_BARE_COVERAGE_SUM,
    MIN_COVERAGE_SUM,
    MODEL_NUMBER_CHARS,
    Similarity,
    TextTokens,
    add_margins,
    compare_tokens,
)
from matchers.titles.tokens import letter_run_pattern

MAX_NAMES_PER_WORD = 400  # names with one word: a commoner word finds nothing that the rarer ones of a text do not
MAX_NAMES_PER_TEXT = 350  # names with any of a text's words that are considered, those with its rarest words first
MAX_COMPARISONS = 2  # names for one text: the most similar, and the one that it must be ahead of
MAX_TITLE_CHARS = 240  # longer texts are no titles
MIN_SHARED_WEIGHT_SHARE = 0.34  # of the weight of a name that its informative words must bring
MIN_BARE_SHARED_WEIGHT_SHARE = 0.15  # the same if the text is nothing but a short title
LOOKUP_CACHE_SIZE = 4_096  # texts whose lookups are kept
_ROW_BITS, _NAME_BITS = 22, 27  # of a number that holds a text, a name and a row: 134 million names, four million rows


_LONG_WORD_RE = letter_run_pattern(MODEL_NUMBER_CHARS + 1)  # one that may be glued to others
_ARTICLE_RE = re.compile("a|the")


class LikelyNames(NamedTuple):
    """The names most similar to a text, and how many share something informative with it."""

    name_ids: list[int]
    neighbour_count: int


class TokenOverlapIndex:
    """Lookup of names by their informative words."""

    def __init__(self, index: NameIndex, is_product: npt.NDArray[np.bool_]) -> None:
        self._index = index
        self._is_product = is_product
        self._table = index.arrays.tables[TOKEN_TABLE]
        self._lookups: dict[tuple[str, bool], tuple[TextTokens, LikelyNames]] = {}

    def find(self, text: AnalysedText, may_corroborate: bool) -> list[Similarity]:
        """The names most similar to the text, best first. `may_corroborate`: a creator, a publisher or a year may
        support one, too.
        """
        if not text.compact or len(text.compact) > MAX_TITLE_CHARS:
            return []
        previous = self._lookups.get((text.folded, may_corroborate))
        text_tokens = previous[0] if previous else TextTokens(text)
        likely_names = previous[1] if previous else self._lookup_batch([text_tokens], [may_corroborate])[0]
        similarities = (
            compare_tokens(self._index.name(name_id), text_tokens, likely_names.neighbour_count)
            for name_id in likely_names.name_ids
        )
        ranked = sorted(
            (similarity for similarity in similarities if similarity),
            key=lambda similarity: (-similarity.strength, similarity.name.work_index),
        )
        return list(add_margins(ranked))

    def prefetch(self, queries: Sequence[tuple[AnalysedText, bool]]) -> None:
        """Looks up the words of many texts at once, each with the arguments of its `find`; changes no result."""
        queries = [
            (text, may_corroborate) for text, may_corroborate in queries if 0 < len(text.compact) <= MAX_TITLE_CHARS
        ]
        token_lists, may_corroborate = (
            [TextTokens(text) for text, _ in queries],
            [may_corroborate for _, may_corroborate in queries],
        )
        for text_tokens, is_corroborable, likely in zip(
            token_lists, may_corroborate, self._lookup_batch(token_lists, may_corroborate), strict=True
        ):
            self._lookups[text_tokens.folded, is_corroborable] = (text_tokens, likely)
        while len(self._lookups) > LOOKUP_CACHE_SIZE:
            self._lookups.pop(next(iter(self._lookups)))

    def _lookup_batch(self, texts: Sequence[TextTokens], may_corroborate: Sequence[bool]) -> list[LikelyNames]:
        """For each text the names that share the most of its informative words."""
        words = [word for text_tokens in texts for word in text_tokens.weights]
        if not words:
            return [LikelyNames([], 0) for _ in texts]
        sizes = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        positions = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(begins, sizes)
        starts = np.zeros(len(words), dtype=np.int64)
        hashes = window_hashes(
            prefix_hashes(code_points("".join(words)), positions),
            begins,
            begins + sizes,
            TABLE_SALTS[TOKEN_TABLE],
            starts,
        )
        counts = self._table.count_entries(hashes)
        owners = np.repeat(np.arange(len(texts)), [len(text_tokens.weights) for text_tokens in texts])
        rare_rows = _rarest_word_rows(owners, counts)
        rows, name_ids = self._table.find(hashes[rare_rows])
        owners = owners[rare_rows][rows]
        weights = np.array([word_bits for text_tokens in texts for word_bits in text_tokens.weights.values()])[
            rare_rows
        ][rows]
        owners, names, shared_weights = _sum_pair_weights(owners, name_ids.astype(np.int64), weights)
        shared_weights /= np.maximum(self._index.arrays.information[names], 1.0)
        is_bare = np.array([text_tokens.is_bare_title for text_tokens in texts], dtype=bool)
        kept_rows = np.flatnonzero(
            shared_weights >= np.where(is_bare[owners], MIN_BARE_SHARED_WEIGHT_SHARE, MIN_SHARED_WEIGHT_SHARE)
        )
        owners, names = owners[kept_rows], names[kept_rows]
        neighbour_counts = np.bincount(owners, minlength=len(texts))
        name_coverage, text_coverage = self._coverages(texts, owners, names)
        coverage_sums = name_coverage + text_coverage
        order = np.lexsort((-coverage_sums, owners))
        order = order[
            coverage_sums[order]
            >= np.where(is_bare[owners[order]], MIN_BARE_COVERAGE_SUM, MIN_COVERAGE_SUM) - GLUED_SHARE
        ]
        order = order[ranks_within_owner(owners[order]) < MAX_COMPARISONS]
        owners, names = owners[order], names[order]
        is_supported = self._index.has_metadata[names] & np.array(may_corroborate, dtype=bool)[owners]
        is_reachable = self._may_reach_threshold(
            texts, owners, names, (name_coverage[order], text_coverage[order]), neighbour_counts, is_supported
        )
        likely_names: list[list[int]] = [[] for _ in texts]
        for owner, name_id in zip(owners[is_reachable].tolist(), names[is_reachable].tolist(), strict=True):
            likely_names[owner].append(name_id)
        return [
            LikelyNames(name_ids, neighbour_count)
            for name_ids, neighbour_count in zip(likely_names, neighbour_counts.tolist(), strict=True)
        ]

    def _may_reach_threshold(
        self,
        texts: Sequence[TextTokens],
        owners: IntArray,
        names: IntArray,
        shares: tuple[FeatureColumn, FeatureColumn],
        neighbour_counts: IntArray,
        is_supported: BoolColumn,
    ) -> BoolColumn:
        """Which of these names belong to texts where at least one name can reach the reporting threshold."""
        arrays = self._index.arrays
        works = arrays.works[names]
        sizes = (arrays.starts[names + 1] - arrays.starts[names]).astype(np.float64)
        compact_names = [self._index.compact_name(name_id) for name_id in names.tolist()]
        compact_texts = [texts[owner].compact_core for owner in owners.tolist()]
        lengths = np.array([max(1, len(text)) for text in compact_texts], dtype=np.float64)
        ratio = np.array(
            [fuzz.ratio(name, text) / 100 for name, text in zip(compact_names, compact_texts, strict=True)]
        )
        name_coverage, text_coverage = shares
        glued_share = GLUED_SHARE * _can_be_glued(compact_names, compact_texts)
        first, last = _edges_agree(compact_names, compact_texts)
        strength = name_coverage + text_coverage + ratio
        rival_strength = np.zeros(len(names))
        pair_rows = np.flatnonzero((owners[1:] == owners[:-1]) & (works[1:] != works[:-1]))
        min_coverage_sums = np.array(
            [MIN_BARE_COVERAGE_SUM if text_tokens.is_bare_title else MIN_COVERAGE_SUM for text_tokens in texts]
        )[owners]
        # At or below the minimum a name may not be compared at all.
        comparable_strength = np.where(name_coverage + text_coverage > min_coverage_sums, strength, 0.0)
        rival_strength[pair_rows], rival_strength[pair_rows + 1] = (
            comparable_strength[pair_rows + 1],
            comparable_strength[pair_rows],
        )
        features = {
            "said": name_coverage,
            "covers": text_coverage,
            "ratio": ratio,
            "sorted": 2.0 * np.minimum(sizes, lengths) / (sizes + lengths),
            "glued": glued_share,
            "ahead": np.clip(strength + 2 * glued_share + 2 * SPACES_SHARE - rival_strength, 0.0, 1.0),
            "crowd": np.log1p(neighbour_counts[owners]) / NEIGHBOUR_LOG_SCALE,
            "information": np.minimum(1.0, (name_coverage + glued_share) * arrays.information[names] / MAX_SHARED_BITS),
            "shared": np.minimum(1.0, (arrays.word_starts[names + 1] - arrays.word_starts[names]) / MAX_SHARED_WORDS),
            "masked": np.array([bool(texts[owner].masked_counts) for owner in owners.tolist()], dtype=np.float64),
            "same_first": first,
            "same_last": last,
        }
        is_latin = np.array([name.isascii() for name in compact_names], dtype=bool)
        min_probabilities = np.array(
            [MIN_BARE_PROBABILITY if text_tokens.is_bare_title else MIN_PROBABILITY for text_tokens in texts]
        )
        max_log_odds = max_overlap_log_odds(features, is_supported, is_latin, self._is_product[works])
        is_reachable = max_log_odds >= np.log(min_probabilities / (1.0 - min_probabilities))[owners]
        return np.isin(owners, owners[is_reachable])

    def _coverages(
        self, texts: Sequence[TextTokens], owners: IntArray, names: IntArray
    ) -> tuple[FeatureColumn, FeatureColumn]:
        """How much of each name its text covers, and how much of the text the name covers, computed at once."""
        arrays = self._index.arrays
        begins, ends = arrays.word_starts[names], arrays.word_starts[names + 1]
        counts = ends - begins
        rows = np.repeat(np.arange(len(names)), counts)
        word_rows = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begins, counts)
        keys = owners[rows] << 32 | arrays.words[word_rows].astype(np.int64)
        if not len(names):
            return np.zeros(0), np.zeros(0)
        distinct_owners = np.unique(owners).tolist()
        text_keys = np.array(
            [owner << 32 | token_id for owner in distinct_owners for token_id in texts[owner].token_ids]
        )
        word_bits = np.array([word_bits for owner in distinct_owners for word_bits in texts[owner].core_weights])
        order = np.argsort(text_keys, kind="stable")
        text_keys, word_bits = text_keys[order], word_bits[order]
        slots = np.minimum(np.searchsorted(text_keys, keys), len(text_keys) - 1)
        is_shared = text_keys[slots] == keys
        name_bits = np.bincount(rows[is_shared], weights=arrays.weights[word_rows[is_shared]], minlength=len(names))
        text_bits = np.bincount(rows[is_shared], weights=word_bits[slots[is_shared]], minlength=len(names))
        totals = np.zeros(len(texts))
        totals[distinct_owners] = [texts[owner].core_tokens.total_weight for owner in distinct_owners]
        totals = totals[owners]
        return name_bits / np.maximum(arrays.information[names], 1.0), text_bits / np.maximum(totals, 1.0)


def _can_be_glued(names: Sequence[str], texts: Sequence[str]) -> BoolColumn:
    """Which pairs may hold words that are split or glued to others: in name or text there is a long one."""
    pairs = zip(names, texts, strict=True)
    return np.array(
        [bool(_LONG_WORD_RE.search(name) or _LONG_WORD_RE.search(text)) for name, text in pairs], dtype=bool
    )


def _edges_agree(names: Sequence[str], texts: Sequence[str]) -> tuple[FeatureColumn, FeatureColumn]:
    """Where the first and the last word of name and text may agree, articles apart: their outer letters do."""
    pairs = list(zip(names, texts, strict=True))
    first = [name[:1] == text[:1] or bool(_ARTICLE_RE.match(name) or _ARTICLE_RE.match(text)) for name, text in pairs]
    return np.array(first, dtype=np.float64), np.array(
        [name[-1:] == text[-1:] for name, text in pairs], dtype=np.float64
    )


def _rarest_word_rows(owners: IntArray, counts: IntArray) -> IntArray:
    """Rows of each text's words that are worth looking up: the rarest, up to MAX_NAMES_PER_TEXT names with them."""
    rows = np.flatnonzero((counts > 0) & (counts <= MAX_NAMES_PER_WORD))
    rows = rows[np.lexsort((counts[rows], owners[rows]))]
    sums = np.cumsum(counts[rows])
    firsts = np.flatnonzero(np.diff(owners[rows], prepend=-1))
    preceding_sums = np.repeat(sums[firsts] - counts[rows][firsts], np.diff(np.append(firsts, len(rows))))
    rarest: IntArray = rows[(sums - preceding_sums <= MAX_NAMES_PER_TEXT) | (sums - preceding_sums == counts[rows])]
    return rarest


def _sum_pair_weights(
    owners: IntArray, names: IntArray, weights: npt.NDArray[np.float64]
) -> tuple[IntArray, IntArray, npt.NDArray[np.float64]]:
    """Each pair of owner and name once, with the sum of its weights.

    Owner, name and row are sorted as one number, which takes a fifth of the time of sorting by keys.
    """
    if not len(names):
        return owners, names, weights
    packed = owners << (_ROW_BITS + _NAME_BITS) | names << _ROW_BITS | np.arange(len(names), dtype=np.int64)
    packed.sort()
    rows, pairs = packed & ((1 << _ROW_BITS) - 1), packed >> _ROW_BITS
    firsts = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]]))
    pairs = pairs[firsts]
    return pairs >> _NAME_BITS, pairs & ((1 << _NAME_BITS) - 1), np.add.reduceat(weights[rows], firsts)
