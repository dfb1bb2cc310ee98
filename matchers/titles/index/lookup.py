"""Finds registered names in texts, also with a wrong, missing, extra or swapped character, or by their sound.

A text with a name in at most k edits contains one of the name's k + 1 pieces unchanged (pigeonhole). These seeds, short
whole names, names with their middle swapped, pinyin spellings and informative tokens are kept by their hash in tables
on numpy arrays, so all windows of many texts are looked up and compared at once. The index holds no Python objects for
names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from crawler.items import Work
from matchers.titles.analysis import HARD_BOUNDARY, AnalysedText
from matchers.titles.edits import edit_features
from matchers.titles.index.arrays import FIRST_BARE_NTH, PINYIN_TABLE, SPELLING_TABLE, TABLE_SALTS, IndexArrays
from matchers.titles.index.build import build_arrays
from matchers.titles.index.one_edit import Alignment, NeighbourCounts, SeedExtender, Seeds
from matchers.titles.index.pruning import MIN_LOG_ODDS, SPELLED_MODELS, edit_log_odds, max_edit_log_odds, upper_bounds
from matchers.titles.name_matches import LookupResult, NameHit, NameMatch
from matchers.titles.phonetics import MAX_PINYIN_UNITS, transcribe
from matchers.titles.rolling_hash import CodePoints, IntArray, code_points, prefix_hashes, window_hashes
from matchers.titles.surrounding_text import BatchSurroundings, FloatArray, Mask, touches_unknown_text
from matchers.titles.text_batch import TextBatch, batch_texts, enumerate_windows, positions_within, ranks_within_owner
from matchers.titles.title_names import INVERTED_FORM, Name, bare_names, first_name, names_of
from matchers.titles.variants import Variant

TINY_HAN_CHARS, TINY_LATIN_CHARS = 2, 3  # characters of names that need a second reason
# With this many neighbours (names that share characters with its span), a name that unknown text touches is dropped if
# nothing but the name supports the work: of 1,400 such pairs with an edit and of 1,000 others none was right.
CROWDED_EDIT_NEIGHBOURS, CROWDED_EXACT_NEIGHBOURS = 8, 64
MAX_EDITED_HITS = 8  # names with an edit in one text: among this many equally close ones, none is the one meant
_FIRST_HAN_CODE_POINT = 0x3005


class _Candidate(NamedTuple):
    """A name at start..end of a variant. `is_crowded`: it has so many neighbours that it is dropped if unknown text
    touches it. `max_log_odds`: the highest log odds it can reach, by SPELLED_MODELS[model].
    """

    name_id: int
    variant: int
    start: int
    end: int
    edits: int
    neighbour_count: int
    is_bare: bool
    is_crowded: bool
    model: int
    max_log_odds: float


class NameIndex:
    """All names of a registry, looked up in texts."""

    def __init__(self, works: Sequence[Work], arrays: IndexArrays | None = None) -> None:
        self._works = works
        self.arrays = arrays or build_arrays(works)
        self._extender = SeedExtender(self.arrays.codes, self.arrays.starts)
        has_creator_or_publisher = np.array([bool(work.creators or work.publisher) for work in works], dtype=bool)
        self.has_creator_or_publisher = has_creator_or_publisher[self.arrays.works]
        self.has_metadata = (
            self.has_creator_or_publisher
            | np.array([work.year is not None for work in works], dtype=bool)[self.arrays.works]
        )
        # Results are kept as long as their analysed text.
        self._results: WeakKeyDictionary[AnalysedText, LookupResult] = WeakKeyDictionary()
        self._cached_name = lru_cache(maxsize=4096)(self._build_name)

    def name(self, name_id: int) -> Name:
        """The name with this number."""
        return self._cached_name(name_id)

    def compact_name(self, name_id: int) -> str:
        """The folded name without spaces, at a fraction of the cost of `name`."""
        codes = self.arrays.codes[self.arrays.starts[name_id] : self.arrays.starts[name_id + 1]]
        return codes.tobytes().decode("utf-32-le", "replace")

    def work_index(self, name_id: int) -> int:
        """The position of a name's work."""
        return int(self.arrays.works[name_id])

    def han_equivalents(self, name_id: int) -> float:
        """The information of a name, in Han characters."""
        return float(self.arrays.units[name_id])

    def is_false_inversion(self, hit: NameHit, text: AnalysedText) -> bool:
        """Whether a name with its article at the end (Garden, The) matches only because the next words begin so."""
        if not self.arrays.nths[hit.name_id] or hit.end == len(text.compact) or text.noise[hit.end]:
            return False
        name = self._cached_name(hit.name_id)
        article_start = hit.end - len(name.compact) + max(name.word_breaks, default=0)
        return name.form == INVERTED_FORM and HARD_BOUNDARY not in (
            text.boundaries[hit.end],
            text.boundaries[article_start],
        )

    def name_hits(self, text: AnalysedText) -> list[NameHit]:
        """The hits of all names, except bare ones, that begin and end between words in the text."""
        return self.lookup(text).hits

    def lookup(self, text: AnalysedText) -> LookupResult:
        """The hits of full names and of bare names in the text; kept with it."""
        result = self._results.get(text)
        if result is None:
            self.prefetch([text])
            result = self._results[text]
        return result

    def name_match(self, hit: NameHit, text: AnalysedText) -> NameMatch:
        """The hit with the name itself."""
        name = self._cached_name(hit.name_id)
        similarity = 1.0
        if hit.is_homophone:
            similarity = LCSseq.similarity(name.compact, text.compact[hit.start : hit.end]) / len(name.compact)
        return NameMatch(
            name=name,
            start=hit.start,
            end=hit.end,
            edits=hit.edits,
            is_disguised=hit.is_disguised,
            is_homophone=hit.is_homophone,
            similarity=similarity,
            neighbour_count=hit.neighbour_count,
        )

    def prefetch(self, texts: Sequence[AnalysedText]) -> None:
        """Looks up many texts at once, which is cheaper than one after the other; changes no result."""
        self._results.update(zip(texts, self._lookup_batch(texts), strict=True))

    def _lookup_batch(self, analysed_texts: Sequence[AnalysedText]) -> list[LookupResult]:
        full_hits: list[dict[tuple[int, int, int], NameHit]] = [{} for _ in analysed_texts]
        bare_hits: list[list[NameHit]] = [[] for _ in analysed_texts]
        batch = batch_texts(analysed_texts)
        if not batch.variants:
            return [LookupResult([], []) for _ in analysed_texts]
        candidates, neighbours = self._align_spellings(batch)
        owners = batch.owners.tolist()
        for candidate in candidates:
            variant, owner = batch.variants[candidate.variant], owners[candidate.variant]
            hit = self._to_hit(candidate, variant, analysed_texts[owner])
            if hit and candidate.is_bare:
                bare_hits[owner].append(hit)
            elif hit:
                full_hits[owner].setdefault((hit.name_id, hit.start, hit.end), hit)
        for owner, hit in self._homophone_hits(batch, neighbours):
            full_hits[owner].setdefault((hit.name_id, hit.start, hit.end), hit)
        return [
            LookupResult(list(names.values()), owner_bare_hits)
            for names, owner_bare_hits in zip(full_hits, bare_hits, strict=True)
        ]

    def _to_hit(self, candidate: _Candidate, variant: Variant, text: AnalysedText) -> NameHit | None:
        """The candidate at its positions in the text; None if the variant spells it as the text does, if it is crowded
        and touched by unknown text, or if its edit leaves it below the threshold with nothing to support it.
        """
        first, last = candidate.start, candidate.end
        if variant.positions is not None:
            first, last = variant.positions[candidate.start], variant.positions[candidate.end - 1] + 1
            if variant.text[candidate.start : candidate.end] == text.compact[first:last]:
                return None
        if candidate.is_crowded and touches_unknown_text(text, first, last):
            return None
        max_log_odds = candidate.max_log_odds
        if candidate.edits and max_log_odds < math.inf:
            model = SPELLED_MODELS[candidate.model]
            edit_kind = edit_features(self.compact_name(candidate.name_id), first, last, text)
            max_log_odds += edit_log_odds(model, edit_kind) - max_edit_log_odds(model)
        is_below_threshold = max_log_odds < MIN_LOG_ODDS
        if is_below_threshold and candidate.edits and not self.has_metadata[candidate.name_id]:
            return None
        return NameHit(
            candidate.name_id,
            first,
            last,
            candidate.edits,
            variant.is_disguised,
            False,
            candidate.neighbour_count,
            is_below_threshold,
        )

    def _align_spellings(self, batch: TextBatch) -> tuple[Iterator[_Candidate], NeighbourCounts]:
        """Every name in the variants that begins and ends between words; and the counts of its neighbours."""
        starts, ends = enumerate_windows(batch.begins, batch.sizes, self.arrays.lengths)
        positions = batch.positions()
        hashes = window_hashes(
            prefix_hashes(batch.codes, positions), starts, ends, TABLE_SALTS[SPELLING_TABLE], positions[starts]
        )
        rows, entries = self.arrays.tables[SPELLING_TABLE].find(hashes)
        seeds = Seeds(
            name_ids=(entries >> np.uint32(2)).astype(np.int64), kinds=entries & np.uint32(3), positions=starts[rows]
        )
        alignment, neighbours = self._extender.extend(seeds, batch)
        is_bare = self.arrays.nths[alignment.name_ids] >= FIRST_BARE_NTH
        variants = np.searchsorted(batch.begins, alignment.starts, side="right") - 1
        cores = np.array([text.core_chars for text in batch.texts], dtype=np.int64)[batch.owners][variants]
        is_dropped = self._are_unsupported_tiny(alignment.name_ids, batch.codes[alignment.starts], cores) | (
            is_bare & (alignment.edits > 0)
        )
        kept_rows = np.flatnonzero(~is_dropped)
        kept_rows = kept_rows[np.lexsort((alignment.edits[kept_rows], variants[kept_rows]))]
        alignment, variants, is_bare = alignment.select(kept_rows), variants[kept_rows], is_bare[kept_rows]
        variant_begins = batch.begins[variants]
        # A name with one edit has one of its own halves as a neighbour.
        neighbour_counts = np.maximum(0, neighbours.count_overlaps(alignment.starts, alignment.ends) - alignment.edits)
        upper_limits = np.where(alignment.edits > 0, CROWDED_EDIT_NEIGHBOURS, CROWDED_EXACT_NEIGHBOURS)
        is_crowded = (neighbour_counts >= upper_limits) & ~self.has_creator_or_publisher[alignment.name_ids]
        surroundings = BatchSurroundings(batch)
        models, upper_limits = self._max_log_odds(alignment, neighbour_counts, variants, batch, surroundings)
        is_dropped = is_crowded & surroundings.touch_unknown_text(alignment.starts, alignment.ends)
        is_below_threshold = (upper_limits < MIN_LOG_ODDS) & ~self.has_metadata[alignment.name_ids]
        is_outranked = self._are_outranked(alignment, batch.owners[variants], batch, surroundings)
        is_dropped |= (alignment.edits > 0) & (is_below_threshold | is_outranked)
        rows = np.flatnonzero(~is_dropped)
        spans = (alignment.starts - variant_begins, alignment.ends - variant_begins)
        columns = (
            alignment.name_ids,
            variants,
            *spans,
            alignment.edits,
            neighbour_counts,
            is_bare,
            is_crowded,
            models,
            upper_limits,
        )
        return map(_Candidate._make, zip(*(column[rows].tolist() for column in columns), strict=True)), neighbours

    def _are_outranked(
        self, alignment: Alignment, owners: IntArray, batch: TextBatch, surroundings: BatchSurroundings
    ) -> Mask:
        """Which names rank behind MAX_EDITED_HITS others with an edit in their text: those between words come first,
        then those whose first and last characters agree, then the longest.
        """
        codes, starts = self.arrays.codes, self.arrays.starts
        first, last = starts[alignment.name_ids], starts[alignment.name_ids + 1] - 1
        differing_edges = (codes[first] != batch.codes[alignment.starts]).astype(np.int64)
        differing_edges += codes[last] != batch.codes[alignment.ends - 1]
        torn_ends = surroundings.count_torn_ends(alignment.starts, alignment.ends)
        order = np.lexsort(
            (
                alignment.starts,
                alignment.starts - alignment.ends,
                differing_edges,
                torn_ends,
                alignment.edits == 0,
                owners,
            )
        )
        is_outranked = np.zeros(len(order), dtype=bool)
        is_outranked[order] = ranks_within_owner(owners[order]) >= MAX_EDITED_HITS
        return is_outranked

    def _max_log_odds(
        self,
        alignment: Alignment,
        neighbour_counts: IntArray,
        variants: IntArray,
        batch: TextBatch,
        surroundings: BatchSurroundings,
    ) -> tuple[IntArray, FloatArray]:
        """The model (index of SPELLED_MODELS) and the highest log odds of each name; infinite for disguised ones."""
        arrays, name_ids = self.arrays, alignment.name_ids
        han_equivalents, information_bits = (
            arrays.units[name_ids].astype(np.float64),
            arrays.bits[name_ids].astype(np.float64),
        )
        name = (han_equivalents, information_bits, arrays.is_han[name_ids], arrays.is_cut[name_ids])
        spans = (alignment.starts, alignment.ends, variants)
        models, max_log_odds = upper_bounds().max_log_odds(name, alignment.edits, neighbour_counts, surroundings, spans)
        is_plain = np.array([variant.positions is None for variant in batch.variants], dtype=bool)[variants]
        return models, np.where(is_plain, max_log_odds, np.inf)

    def _homophone_hits(self, batch: TextBatch, neighbours: NeighbourCounts) -> Iterator[tuple[int, NameHit]]:
        """(index of the text, hit) of every name that a span between words sounds like."""
        for owner, name_id, first, last in self._find_homophones(batch.texts):
            word_interior = batch.word_interiors[owner]
            if word_interior[first] or word_interior[last]:
                continue
            begin = batch.begins[batch.first_variants[owner]]
            neighbour_count = int(neighbours.count_overlaps(begin + first, begin + last))
            is_crowded = neighbour_count >= CROWDED_EDIT_NEIGHBOURS and not self.has_creator_or_publisher[name_id]
            if not (is_crowded and touches_unknown_text(batch.texts[owner], first, last)):
                yield owner, NameHit(name_id, first, last, 1, False, True, neighbour_count)

    def _are_unsupported_tiny(
        self, name_ids: IntArray, firsts: CodePoints, core_chars: IntArray
    ) -> npt.NDArray[np.bool_]:
        """Which names of two Han characters or three letters can have no second reason and do not stand alone."""
        sizes = self.arrays.starts[name_ids + 1] - self.arrays.starts[name_ids]
        is_tiny = sizes <= np.where(firsts >= _FIRST_HAN_CODE_POINT, TINY_HAN_CHARS, TINY_LATIN_CHARS)
        is_unsupported: npt.NDArray[np.bool_] = (
            is_tiny & (core_chars > sizes + 1) & ~self.has_creator_or_publisher[name_ids]
        )
        return is_unsupported

    def _find_homophones(self, texts: Sequence[AnalysedText]) -> Iterator[tuple[int, int, int, int]]:
        """(index of the text, name, start, end) of every name that sounds like start..end."""
        pinyin = transcribe([text.compact for text in texts])
        if pinyin is None:
            return
        starts, ends = enumerate_windows(pinyin.begins, pinyin.sizes, tuple(range(2, MAX_PINYIN_UNITS + 1)))
        codes = code_points(pinyin.letters)
        letters = positions_within(pinyin.edges[pinyin.begins + pinyin.sizes] - pinyin.edges[pinyin.begins])
        first, last = pinyin.edges[starts], pinyin.edges[ends]
        hashes = window_hashes(prefix_hashes(codes, letters), first, last, TABLE_SALTS[PINYIN_TABLE], letters[first])
        rows, entries = self.arrays.tables[PINYIN_TABLE].find(hashes)
        first, last = starts[rows], ends[rows]
        owners = pinyin.owners[np.searchsorted(pinyin.begins, first, side="right") - 1]
        columns = (owners, entries, pinyin.positions[first], pinyin.positions[last - 1] + pinyin.widths[last - 1])
        yield from zip(*(column.tolist() for column in columns), strict=True)

    def _build_name(self, name_id: int) -> Name:
        work_index, nth = int(self.arrays.works[name_id]), int(self.arrays.nths[name_id])
        if nth == 0:
            return first_name(work_index, self._works[work_index])
        if nth >= FIRST_BARE_NTH:
            return list(bare_names(work_index, self._works[work_index]))[nth - FIRST_BARE_NTH]
        return next(
            name for name_nth, name in enumerate(names_of(work_index, self._works[work_index])) if name_nth == nth
        )
