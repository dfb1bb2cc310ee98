"""Seed and extend: finds which seeds belong to a name that is in the text whole or with one edit, all at once.

An edit is a character replaced, missing or inserted, or two neighbours swapped. Beside a found half there must be the
other half with at most one edit: how far both agree from the near end and from the far end decides it, so nothing is
compared twice and no edit distance is computed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.rolling_hash import CodePoints, IntArray
from matchers.titles.text_batch import TextBatch

FIRST_HALF, SECOND_HALF, WHOLE_NAME, SWAPPED_MIDDLE = range(4)  # kinds of seeds in the entries of SPELLING_TABLE
SWAP_CONTEXT_CHARS = 5  # characters on either side of a swapped middle
TWO_CHAR_CHECK_MIN_CHARS = 5  # characters of a half of which one edit leaves two intact at an end
MAX_SEED_CHARS = 12  # more characters of a half need not be looked up for it to be rare


@frozen(kw_only=True, eq=False)
class Seeds:
    """Pieces of names found in texts: number of the name, kind of piece, its position in the joined texts."""

    name_ids: IntArray
    kinds: npt.NDArray[np.uint32]
    positions: IntArray

    def select(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Seeds:
        """The seeds of these rows."""
        rows = _as_row_numbers(rows)
        return Seeds(
            name_ids=self.name_ids.take(rows), kinds=self.kinds.take(rows), positions=self.positions.take(rows)
        )


@frozen(kw_only=True, eq=False)
class NeighbourCounts:
    """Halves of names that are in the joined texts without the rest of their name: for each position, how many begin
    before it, and how many end at or before it.

    Among many names that share something with a span of text, one may resemble it by chance.
    """

    starts_before: IntArray
    ends_up_to: IntArray

    @classmethod
    def from_spans(cls, starts: IntArray, ends: IntArray, size: int) -> NeighbourCounts:
        """The counts of halves at starts..ends, in joined texts of `size` characters."""
        starts_before = np.zeros(size + 2, dtype=np.int64)
        np.cumsum(np.bincount(starts, minlength=size + 1), out=starts_before[1:])
        return cls(starts_before=starts_before, ends_up_to=np.cumsum(np.bincount(ends, minlength=size + 1)))

    def count_overlaps(self, starts: IntArray, ends: IntArray) -> IntArray:
        """How many of the halves share characters with each of the spans starts..ends."""
        return self.starts_before[ends] - self.ends_up_to[starts]


@frozen(kw_only=True, eq=False)
class Alignment:
    """Names in the joined texts at starts..ends, with 0 or 1 edits."""

    name_ids: IntArray
    starts: IntArray
    ends: IntArray
    edits: IntArray

    def select(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Alignment:
        """The names of these rows."""
        rows = _as_row_numbers(rows)
        return Alignment(
            name_ids=self.name_ids.take(rows),
            starts=self.starts.take(rows),
            ends=self.ends.take(rows),
            edits=self.edits.take(rows),
        )


class SeedExtender:
    """Extends seeds to names: holds the characters of all names, and where each name starts in them."""

    def __init__(self, codes: CodePoints, starts: IntArray) -> None:
        self._codes = codes
        self._starts = starts

    def extend(self, seeds: Seeds, batch: TextBatch) -> tuple[Alignment, NeighbourCounts]:
        """The names of these seeds that begin and end between words; and the counts of halves without their name."""
        is_whole, is_swapped = seeds.kinds == WHOLE_NAME, seeds.kinds == SWAPPED_MIDDLE
        text_codes = batch.codes
        halves, neighbours = self._align_halves(
            self._select_unbroken(seeds.select(~(is_whole | is_swapped)), batch), text_codes
        )
        parts = [
            self._align_whole_names(seeds.select(is_whole)),
            self._align_swapped_names(seeds.select(is_swapped), text_codes),
            *halves,
        ]
        alignment = Alignment(
            name_ids=np.concatenate([part.name_ids for part in parts]),
            starts=np.concatenate([part.starts for part in parts]),
            ends=np.concatenate([part.ends for part in parts]),
            edits=np.concatenate([part.edits for part in parts]),
        )
        return alignment.select(~(batch.no_start[alignment.starts] | batch.no_end[alignment.ends])), neighbours

    def _select_unbroken(self, seeds: Seeds, batch: TextBatch) -> Seeds:
        """The halves at whose outer end a name may begin or end: an edit in the other half does not move that end."""
        begin, end = self._starts.take(seeds.name_ids), self._starts.take(seeds.name_ids + 1)
        last = np.minimum(seeds.positions + (end - begin) - (end - begin) // 2, len(batch.no_end) - 1)
        is_torn = np.where(seeds.kinds == SECOND_HALF, batch.no_end.take(last), batch.no_start.take(seeds.positions))
        return seeds.select(~is_torn)

    def _align_whole_names(self, seeds: Seeds) -> Alignment:
        sizes = self._starts.take(seeds.name_ids + 1) - self._starts.take(seeds.name_ids)
        return _alignment_of(seeds.name_ids, seeds.positions, seeds.positions + sizes, 0)

    def _align_swapped_names(self, seeds: Seeds, text_codes: CodePoints) -> Alignment:
        begin, end = self._starts.take(seeds.name_ids), self._starts.take(seeds.name_ids + 1)
        middle = (end - begin) // 2
        first = seeds.positions - np.maximum(0, middle - SWAP_CONTEXT_CHARS)
        last = first + (end - begin)
        inside = np.flatnonzero((first > 0) & (last < len(text_codes)))
        seeds, begin, end, middle, first, last = (
            seeds.select(inside),
            *(column[inside] for column in (begin, end, middle, first, last)),
        )
        fits = self._codes.take(begin + middle) == text_codes[first + middle - 1]
        fits &= self._codes.take(begin + middle - 1) == text_codes[first + middle]
        fits &= self._common_run_lengths(text_codes, begin, first, 1, middle - 1) == middle - 1
        fits &= (
            self._common_run_lengths(text_codes, end - 1, last - 1, -1, end - begin - middle - 1)
            == end - begin - middle - 1
        )
        return _alignment_of(seeds.name_ids[fits], first[fits], last[fits], 1)

    def _align_halves(self, seeds: Seeds, text_codes: CodePoints) -> tuple[list[Alignment], NeighbourCounts]:
        begin, end = self._starts.take(seeds.name_ids), self._starts.take(seeds.name_ids + 1)
        middle = (end - begin) // 2
        is_second = seeds.kinds == SECOND_HALF
        half = _HalfSeeds(
            seeds=seeds,
            step=np.where(is_second, -1, 1),
            name_positions=np.where(is_second, begin + middle - 1, begin + middle),
            text_positions=np.where(is_second, seeds.positions - 1, seeds.positions + middle),
            other_lengths=np.where(is_second, middle, end - begin - middle),
            seed_lengths=np.where(is_second, end - begin - middle, middle),
        )
        rows = np.flatnonzero(self._may_align(half, text_codes))
        rows = rows[self._is_half_complete(half.select(rows), text_codes)]
        likely = half.select(rows)
        head = self._common_run_lengths(
            text_codes, likely.name_positions, likely.text_positions, likely.step, likely.other_lengths
        )
        is_exact = (head == likely.other_lengths) & (likely.step > 0)
        has_edit = head < likely.other_lengths
        is_alone = np.ones(len(half.other_lengths), dtype=bool)
        is_alone[rows] = has_edit
        alone_starts = seeds.positions[is_alone]
        neighbours = NeighbourCounts.from_spans(
            alone_starts, alone_starts + np.minimum(half.seed_lengths[is_alone], MAX_SEED_CHARS), len(text_codes)
        )
        alignments = [likely.align(is_exact, 0, 0)]
        return [*alignments, *self._align_with_edit(likely.select(has_edit), head[has_edit], text_codes)], neighbours

    def _may_align(self, half: _HalfSeeds, text_codes: CodePoints) -> npt.NDArray[np.bool_]:
        """A quick check: one edit leaves the nearest or the farthest of two or more characters in place, and of five or
        more the two nearest or the two farthest.
        """
        is_short = half.other_lengths < TWO_CHAR_CHECK_MIN_CHARS
        inner_step = np.where(is_short, 0, half.step)
        likely: npt.NDArray[np.bool_] = half.other_lengths < 2
        is_near_equal = self._codes.take(half.name_positions) == _codes_at(text_codes, half.text_positions)
        likely |= is_near_equal & (
            is_short
            | (
                self._codes.take(half.name_positions + inner_step)
                == _codes_at(text_codes, half.text_positions + inner_step)
            )
        )
        far_in_name, far_in_text = (
            half.name_positions + half.step * (half.other_lengths - 1),
            half.text_positions + half.step * (half.other_lengths - 1),
        )
        last, last_but_one = self._codes.take(far_in_name), self._codes.take(far_in_name - inner_step)
        for shift in (0, -1, 1):
            position = far_in_text + half.step * shift
            likely |= (last == _codes_at(text_codes, position)) & (
                is_short | (last_but_one == _codes_at(text_codes, position - inner_step))
            )
        return likely

    def _is_half_complete(self, half: _HalfSeeds, text_codes: CodePoints) -> npt.NDArray[np.bool_]:
        """Whether the rest of a half longer than MAX_SEED_CHARS, of which only a piece was looked up, is there too."""
        is_complete = np.ones(len(half.other_lengths), dtype=bool)
        rows = np.flatnonzero(half.seed_lengths > MAX_SEED_CHARS)
        part = half.select(rows)
        name_positions = np.where(part.step > 0, part.name_positions - 1, part.name_positions + part.seed_lengths)
        text_positions = np.where(part.step > 0, part.text_positions - 1, part.text_positions + part.seed_lengths)
        is_complete[rows] = (
            self._common_run_lengths(text_codes, name_positions, text_positions, -1, part.seed_lengths)
            == part.seed_lengths
        )
        return is_complete

    def _align_with_edit(self, half: _HalfSeeds, head: IntArray, text_codes: CodePoints) -> list[Alignment]:
        """Names with a replaced character or swapped pair, a missing one, an extra one; at an edge several may fit."""
        last_in_name, last_in_text = (
            half.name_positions + half.step * (half.other_lengths - 1),
            half.text_positions + half.step * (half.other_lengths - 1),
        )
        tail = self._common_run_lengths(text_codes, last_in_name, last_in_text, -half.step, half.other_lengths)
        turn = half.step * head
        is_inside = _codes_at(text_codes, half.text_positions + turn) != 0
        is_replaced = (head + tail >= half.other_lengths - 1) & is_inside
        could_swap = head + tail == half.other_lengths - 2
        is_crossed = self._codes.take(np.where(could_swap, half.name_positions + turn + half.step, 0)) == _codes_at(
            text_codes, half.text_positions + turn
        )
        is_crossed &= self._codes.take(half.name_positions + turn) == _codes_at(
            text_codes, half.text_positions + turn + half.step
        )
        shorter = self._common_run_lengths(
            text_codes, last_in_name, last_in_text - half.step, -half.step, half.other_lengths - 1
        )
        is_missing = (np.minimum(head, half.other_lengths - 1) + shorter >= half.other_lengths - 1) & (
            half.other_lengths > 1
        )
        longer = self._common_run_lengths(
            text_codes, last_in_name, last_in_text + half.step, -half.step, half.other_lengths
        )
        is_extra = head + longer >= half.other_lengths
        return [
            half.align(is_replaced | (could_swap & is_crossed), 0, 1),
            half.align(is_missing, -1, 1),
            half.align(is_extra, 1, 1),
        ]

    def _common_run_lengths(
        self,
        text_codes: CodePoints,
        name_positions: IntArray,
        text_positions: IntArray,
        step: IntArray | int,
        max_lengths: IntArray,
    ) -> IntArray:
        """How many characters agree from these positions, going by `step`, up to `max_lengths`."""
        run_lengths = np.maximum(max_lengths, 0)
        starts_equal = self._codes.take(np.where(run_lengths > 0, name_positions, 0)) == _codes_at(
            text_codes, text_positions
        )
        run_lengths = np.where(starts_equal, run_lengths, 0)  # for most this ends the comparison
        rows = np.flatnonzero(run_lengths > 1)
        counts = run_lengths[rows]
        if not len(rows):
            return run_lengths
        begins = np.cumsum(counts) - counts
        positions = np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(begins, counts)
        steps = np.repeat(np.broadcast_to(np.asarray(step), max_lengths.shape)[rows], counts) * positions
        is_equal = self._codes.take(np.repeat(name_positions[rows], counts) + steps) == _codes_at(
            text_codes, np.repeat(text_positions[rows], counts) + steps
        )
        run_lengths[rows] = np.minimum.reduceat(np.where(is_equal, np.repeat(counts, counts), positions), begins)
        return run_lengths


@frozen(kw_only=True, eq=False)
class _HalfSeeds:
    """Halves that were found, and where the other half of each name would be, going by `step` from its near end."""

    seeds: Seeds
    step: IntArray
    name_positions: IntArray
    text_positions: IntArray
    other_lengths: IntArray
    seed_lengths: IntArray

    def select(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> _HalfSeeds:
        """The halves of these rows."""
        rows = _as_row_numbers(rows)
        return _HalfSeeds(
            seeds=self.seeds.select(rows),
            step=self.step.take(rows),
            name_positions=self.name_positions.take(rows),
            text_positions=self.text_positions.take(rows),
            other_lengths=self.other_lengths.take(rows),
            seed_lengths=self.seed_lengths.take(rows),
        )

    def align(self, rows: npt.NDArray[np.bool_], extra_chars: int, edits: int) -> Alignment:
        """The whole names, if the other half is longer by `extra_chars` than in the name."""
        part = self.select(rows)
        ends = part.text_positions + part.step * (part.other_lengths + extra_chars)
        begins = part.text_positions - part.step * part.seed_lengths
        starts = np.where(part.step > 0, begins, ends + 1)
        return _alignment_of(part.seeds.name_ids, starts, np.where(part.step > 0, ends, begins + 1), edits)


def _alignment_of(name_ids: IntArray, starts: IntArray, ends: IntArray, edits: int) -> Alignment:
    return Alignment(name_ids=name_ids, starts=starts, ends=ends, edits=np.full(len(name_ids), edits, dtype=np.int64))


def _as_row_numbers(rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> IntArray:
    """Rows by their numbers, which is faster than a mask for taking them from several arrays."""
    return np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64, copy=False)


def _codes_at(text_codes: CodePoints, positions: IntArray) -> CodePoints:
    """The characters at `positions`; for positions outside, the zeros at the ends."""
    return text_codes.take(positions, mode="clip")
